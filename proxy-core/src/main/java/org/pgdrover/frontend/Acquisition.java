package org.pgdrover.frontend;

import io.netty.channel.EventLoop;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.pool.Acquirer;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;

/** One request of a relay for a server connection; an answer that the relay no longer waits for finds its way back by itself. */
final class Acquisition implements Acquirer {
    private final RelayPhase relay;
    private final boolean standby;

    Acquisition(RelayPhase relay, boolean standby) {
        this.relay = relay;
        this.standby = standby;
    }

    /** Whether a standby was asked for. */
    boolean standby() {
        return standby;
    }

    @Override
    public EventLoop eventLoop() {
        return relay.eventLoop();
    }

    @Override
    public void onServer(ServerPool pool, ServerConnection server) {
        relay.onServer(this, pool, server);
    }

    @Override
    public void onRefused(ServerPool pool, Refusal refusal) {
        relay.onRefused(this, pool, refusal);
    }
}
