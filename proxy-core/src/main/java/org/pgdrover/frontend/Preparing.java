package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.protocol.ErrorFields;

/** A batch waits for its server connection to get the settings of the client's session. */
final class Preparing implements RelayState.Waiting {
    private final RelayPhase relay;
    private final ServerLease lease;
    private final Batch batch;
    private final SessionSettings wanted;
    private boolean canceled;
    private boolean wasHome;

    Preparing(RelayPhase relay, ServerLease lease, Batch batch) {
        this.relay = relay;
        this.lease = lease;
        this.batch = batch;
        this.wanted = relay.session().settings();
    }

    void begin() {
        relay.become(this);
        var server = lease.server();
        server.exchange(server.settings().difference(wanted), this::prepared);
    }

    private void prepared(@Nullable ErrorFields error) {
        if (error == null) lease.server().settings(wanted);
        if (relay.state() != this) {
            lease.reset(wasHome, false);
        } else if (canceled) {
            lease.giveBack();
            relay.failCanceled(batch);
        } else if (error != null) {
            lease.giveBack();
            relay.fail(batch, error);
        } else {
            lease.start(batch);
        }
    }

    boolean isOn(ServerLease other) {
        return lease == other;
    }

    /** The server was lost, and nothing of the batch had been sent to it. */
    void onLost(ErrorFields why) {
        if (canceled) relay.failCanceled(batch);
        else Holding.tryLater(relay, batch, why);
    }

    /** Takes effect when the server is ready again, for nobody may have it before. */
    @Override
    public void onCancel(Runnable done) {
        canceled = true;
        done.run();
    }

    /** The server is left when it is ready again. */
    @Override
    public void onClosed() {
        wasHome = relay.home().forget(lease);
        relay.journal().recycle(batch);
    }
}
