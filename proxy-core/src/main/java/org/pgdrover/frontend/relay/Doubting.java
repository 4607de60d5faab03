package org.pgdrover.frontend.relay;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnection;

/// A server connection was lost, and it is found out whether its node is lost too. Only then is anything
/// run a second time.
///
/// A statement that kills its backend must not be tried on one node after the other.
final class Doubting implements RelayState {
    private static final int LOOK_MILLIS = 20;

    private final Relay relay;
    private final ServerLease lease;
    private boolean asked;
    private boolean over;
    private @Nullable Boolean nodeLost;

    Doubting(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.lease = lease;
    }

    @Override
    public RelayState proceed() {
        if (!asked) {
            asked = true;
            var loop = relay.client().eventLoop();
            relay.services()
                    .connector()
                    .connect(lease.server().target(), loop, this::reached, (_, _) -> decide(true), _ -> {});
            look();
        }
        if (nodeLost == null) return this;
        over = true;
        return ServerLoss.of(relay, lease).settle(nodeLost);
    }

    /// The node takes connections: only the one that was lost is lost.
    private void reached(ServerConnection server) {
        server.close(CloseReason.PROBE_FAILED);
        decide(false);
    }

    /// A silent node is given up when the cluster's monitor gives it up.
    private void look() {
        if (over || nodeLost != null) return;
        if (!isUp()) {
            decide(true);
            return;
        }
        var _ = relay.client().eventLoop().schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    private boolean isUp() {
        for (var state : relay.services().topology().nodes())
            if (state.node().name().equals(lease.server().target().node())) return state.up();
        return false;
    }

    private void decide(boolean lost) {
        if (over || nodeLost != null) return;
        nodeLost = lost;
        relay.wake();
    }

    @Override
    public void onClosed() {
        over = true;
    }
}
