package org.pgdrover.frontend;

import io.netty.channel.EventLoop;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.pool.Acquirer;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;

/** A batch waits for a pool to lend it a server connection; one that comes when nobody waits any more goes straight back. */
final class Awaiting implements RelayState.Waiting, Acquirer {
    private final RelayPhase relay;
    private final Batch batch;
    private final ServerPool pool;
    private final boolean standby;

    /** @param standby whether the pool is a standby's, so that the primary can take its place */
    Awaiting(RelayPhase relay, Batch batch, ServerPool pool, boolean standby) {
        this.relay = relay;
        this.batch = batch;
        this.pool = pool;
        this.standby = standby;
    }

    void begin() {
        relay.become(this);
        pool.acquire(this, relay.session().settings());
    }

    @Override
    public EventLoop eventLoop() {
        return relay.client().eventLoop();
    }

    @Override
    public void onServer(ServerPool from, ServerConnection server) {
        if (relay.state() == this) new ServerLease(relay, from, server, standby).begin(batch);
        else from.release(server);
    }

    @Override
    public void onRefused(ServerPool from, Refusal refusal) {
        if (relay.state() != this) return;
        switch (refusal.kind()) {
            case TIMEOUT -> relay.fail(batch, refusal.error().asError());
            case LOGIN_FAILED -> {
                if (standby) askPrimary();
                else relay.fail(batch, refusal.error().asError());
            }
            case UNREACHABLE, CLOSED -> {
                relay.dispatcher().suspect(from.target().node(), "could not be reached");
                if (standby) askPrimary();
                else Holding.tryLater(relay, batch, refusal.error());
            }
        }
    }

    /** A standby may lag behind in who may log in, and to which databases: what it says is not the last word. */
    private void askPrimary() {
        batch.avoidStandby = true;
        relay.resume(batch);
    }

    @Override
    public void onCancel(Runnable done) {
        pool.cancel(this);
        done.run();
        relay.failCanceled(batch);
    }

    @Override
    public void onClosed() {
        pool.cancel(this);
        relay.journal().recycle(batch);
    }
}
