package org.pgdrover.frontend.relay;

import io.netty.channel.EventLoop;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.pool.Acquirer;
import org.pgdrover.pool.Refusal;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/// A delivery waits for a pool to lend it a server connection. One that comes when nobody waits any more
/// goes straight back.
final class WaitingForServer implements RelayState, Acquirer {
    private final Relay relay;
    private final Delivery delivery;
    private final ServerPool pool;
    private final boolean standby;
    private boolean asked;
    private boolean canceled;
    private boolean over;
    private @Nullable ServerConnection lent;
    private @Nullable Refusal refusal;

    /// @param standby whether the pool is a standby's, so that the primary can take its place
    WaitingForServer(Relay relay, Delivery delivery, ServerPool pool, boolean standby) {
        this.relay = relay;
        this.delivery = delivery;
        this.pool = pool;
        this.standby = standby;
    }

    @Override
    public RelayState proceed() {
        if (!asked) {
            asked = true;
            var favourite = delivery.statements.asksSequences()
                    ? relay.session().numbers().sequencesAt()
                    : null;
            lent = pool.acquire(this, relay.session().settings().committed(), favourite);
        }
        if (lent != null) return begin(lent);
        if (canceled) return cancel();
        return refusal == null ? this : refused(refusal);
    }

    private RelayState begin(ServerConnection server) {
        if (OthersTraces.wouldBeSeen(relay, server, delivery)) {
            // PostgreSQL forgets a custom parameter's name, and the schema of temporary objects, only with the session.
            server.close(CloseReason.SESSION_NOT_CLEAN);
            lent = null;
            asked = false;
            relay.wake();
            return this;
        }
        over = true;
        var lease = new ServerLease(relay, pool, server, standby, false);
        lease.begin();
        return new Preparing(relay, lease, delivery);
    }

    private RelayState cancel() {
        over = true;
        pool.cancel(this);
        return relay.failCanceled(delivery);
    }

    private RelayState refused(Refusal why) {
        over = true;
        return switch (why.kind()) {
            case TIMEOUT -> relay.fail(delivery, why.error().asError());
            case LOGIN_FAILED -> standby ? askPrimary() : loginFailed(why.error());
            case UNREACHABLE, CLOSED -> {
                relay.suspect(pool.target().node(), "could not be reached");
                yield standby ? askPrimary() : WaitingForPrimary.tryLater(relay, delivery, why.error());
            }
        };
    }

    /// Where there is no such database any more, PostgreSQL has ended the sessions there.
    private RelayState loginFailed(ErrorFields error) {
        if (!error.sqlState().equals(SqlState.INVALID_CATALOG_NAME)) return relay.fail(delivery, error.asError());
        var ended = ErrorFields.fatal(SqlState.ADMIN_SHUTDOWN, "terminating connection due to administrator command")
                .withDetail("The server says: " + error.message() + ".");
        return ServerLoss.endSession(relay, ended, DisconnectReason.SESSION_LOST);
    }

    /// A standby may lag behind in who may log in, and to which databases: what it says is not the last
    /// word.
    private RelayState askPrimary() {
        delivery.avoidStandby = true;
        return new Dispatch(relay).dispatch(delivery);
    }

    @Override
    public EventLoop eventLoop() {
        return relay.client().eventLoop();
    }

    @Override
    public void onServer(ServerPool from, ServerConnection server) {
        if (over) {
            from.release(server);
            return;
        }
        lent = server;
        relay.wake();
    }

    @Override
    public void onRefused(ServerPool from, Refusal why) {
        if (over) return;
        refusal = why;
        relay.wake();
    }

    @Override
    public void onCancel(Runnable done) {
        canceled = true;
        done.run();
    }

    @Override
    public void onClosed() {
        over = true;
        pool.cancel(this);
        if (lent != null) pool.release(lent);
    }
}
