package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.routing.RoutingDecision;
import org.pgdrover.routing.RoutingReason;

/** Sends each batch on its way: to be answered by the proxy itself, or to a server of the node that the router names. */
final class Dispatcher {
    private final RelayPhase relay;
    private final FrontendServices.Backends backends;
    private final ClientSession session;
    private final BatchJournal journal;
    private final OwnAnswers own;

    Dispatcher(
            RelayPhase relay,
            FrontendServices.Backends backends,
            ClientSession session,
            BatchJournal journal,
            OwnAnswers own) {
        this.relay = relay;
        this.backends = backends;
        this.session = session;
        this.journal = journal;
        this.own = own;
    }

    /** Called while the relay is idle. */
    void dispatch(Batch batch) {
        if (batch.refusal != null) relay.fail(batch, batch.refusal);
        else if (own.answers(batch, relay.home().lease() != null)) journal.recycle(batch);
        else if (staysOnPrimary(batch))
            toPrimary(batch, journal.reasonToStay(batch, relay.home().isPinned()));
        else byRouter(batch);
    }

    private boolean staysOnPrimary(Batch batch) {
        return !batch.isComplete() || batch.avoidStandby || relay.home().isPinned() || !batch.isServerNeeded();
    }

    private void byRouter(Batch batch) {
        switch (route(batch)) {
            case RoutingDecision.ToStandby(var node, var reason) -> {
                journal.goes(batch, node.name(), reason);
                await(batch, node, true);
            }
            case RoutingDecision.ToPrimary(var reason) -> toPrimary(batch, reason);
        }
    }

    /** Where a batch should go as far as its statements tell. */
    RoutingDecision route(Batch batch) {
        return backends.router().route(batch.classes(), session.routing());
    }

    private void toPrimary(Batch batch, RoutingReason reason) {
        var primary = backends.topology().topology().primary();
        journal.goes(batch, primary == null ? "-" : primary.name(), reason);
        if (!backends.gate().isOpen()) Holding.atGate(relay, batch);
        else if (primary != null) toPrimary(batch, primary);
        else Holding.tryLater(relay, batch, ErrorFields.error(SqlState.CANNOT_CONNECT_NOW, "there is no primary"));
    }

    private void toPrimary(Batch batch, Node primary) {
        var kept = relay.home().lease();
        if (kept == null) {
            await(batch, primary, false);
        } else if (kept.isOn(primary)) {
            kept.begin(batch);
        } else if (leavesSession(kept)) {
            journal.recycle(batch);
            relay.loseSession(null);
        } else {
            await(batch, primary, false);
        }
    }

    /** The kept connection leads to a node that is not the primary any more: whether it held what the session cannot do without. */
    private boolean leavesSession(ServerLease kept) {
        boolean pinned = relay.home().isPinned();
        relay.home().forget(kept);
        kept.drop(CloseReason.NODE_LOST);
        return pinned;
    }

    private void await(Batch batch, Node node, boolean standby) {
        var target = new ServerTarget(node.name(), node.endpoint(), session.database(), session.user());
        new Awaiting(relay, batch, backends.pools().pool(target), standby).begin();
    }

    /** The node that a server connection leads to. */
    Node node(ServerConnection server) {
        var node = find(server.target().node());
        if (node == null)
            throw new IllegalStateException("node: " + server.target().node() + " (expected: one of the topology)");
        return node;
    }

    /** A node does not behave: it is to be looked at. */
    void suspect(String name, String why) {
        var node = find(name);
        if (node != null) backends.topology().suspect(node, why);
    }

    private @Nullable Node find(String name) {
        for (var each : backends.topology().topology().nodes())
            if (each.node().name().equals(name)) return each.node();
        return null;
    }
}
