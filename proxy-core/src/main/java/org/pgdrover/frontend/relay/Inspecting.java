package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// A transaction is over, and its server is asked what it has left there. The answer comes before the
/// server is given away or kept.
final class Inspecting implements RelayState {
    private final Relay relay;
    private final ServerLease lease;
    private @Nullable SessionInspection inspection;
    private @Nullable Exchange answered;

    Inspecting(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.lease = lease;
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return ServerLoss.of(relay, lease).settleInDoubt();
        if (inspection == null) {
            relay.client().flush();
            inspection = new SessionInspection(relay, lease);
            new Exchange(lease.server(), this::answered)
                    .query(inspection.query())
                    .send();
        }
        return answered == null ? this : inspected(inspection, answered);
    }

    private void answered(Exchange exchange) {
        answered = exchange;
        relay.wake();
    }

    private RelayState inspected(SessionInspection asked, Exchange exchange) {
        if (exchange.error() == null && asked.learn(relay, exchange.rows())) {
            lease.doubts().proved();
        } else {
            // What could not be found out is taken for present.
            lease.doubts().untold();
            var parameters = lease.doubts().settings().isEmpty() ? Residues.NONE : Residues.of(Residue.SETTINGS);
            relay.session()
                    .holds(lease.doubts()
                            .may()
                            .and(parameters)
                            .and(relay.session().held()));
            lease.server().session().notClean("what a client has left could not be found out");
        }
        return Working.leave(relay, lease);
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    @Override
    public void onClosed() {
        relay.kept().forget(lease);
        lease.server().session().notClean("a client left before its session was known");
        lease.abandon(false);
    }
}
