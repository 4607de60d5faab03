package org.pgdrover.frontend.relay;

import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.routing.RoutingDecision;
import org.pgdrover.routing.RoutingReason;

/// Finds the way of a delivery while no server works for the client. The way is an answer of the proxy's
/// own, or a server of the node that the router names.
record Dispatch(Relay relay) {
    RelayState dispatch(Delivery delivery) {
        if (delivery.refusal != null) return relay.fail(delivery, delivery.refusal);
        if (!relay.judge().judge(delivery)) throw new IllegalStateException("something is under way while idle");
        if (answerBeginOrEnd(delivery) || OwnAnswers.tryAnswer(relay, delivery)) return new Idle(relay);
        if (staysOnPrimary(delivery))
            return toPrimary(
                    delivery,
                    relay.journal().reasonToStay(delivery, relay.kept().isPinned()));
        var decision = route(relay, delivery);
        return startToWait(decision) ? new WaitingForStandby(relay, delivery) : go(delivery, decision);
    }

    /// Answers a BEGIN, of which a server hears with the first statement, and the end of a transaction
    /// without statements; false if the delivery is neither.
    private boolean answerBeginOrEnd(Delivery delivery) {
        if (relay.deferred() == null) {
            if (relay.kept().isPinned() || delivery.avoidStandby) return false;
            var begin = DeferredBegin.of(delivery, relay.lastDeferred());
            if (begin == null) return false;
            relay.defer(begin);
            OwnAnswers.begin(relay, delivery);
            return true;
        }
        if (!DeferredBegin.isEnd(delivery)) return false;
        relay.defer(null);
        OwnAnswers.end(relay, delivery);
        return true;
    }

    private boolean startToWait(RoutingDecision decision) {
        return decision.reason() == RoutingReason.READ_YOUR_WRITES
                && relay.session()
                        .routing()
                        .startToWait(relay.services().clock().getAsLong());
    }

    private boolean staysOnPrimary(Delivery delivery) {
        return !delivery.isComplete()
                || delivery.avoidStandby
                || relay.kept().isPinned()
                || !delivery.isServerNeeded()
                || delivery.statements.seesStatements()
                || closesOnKept(relay, delivery);
    }

    /// Whether it closes a statement that the server which the client keeps knows under the client's own
    /// name: there the name must come free.
    static boolean closesOnKept(Relay relay, Delivery delivery) {
        var kept = relay.kept().lease();
        return kept != null && kept.hasOwnNames() && delivery.closesNamed();
    }

    /// Sends a delivery where the router has decided.
    RelayState go(Delivery delivery, RoutingDecision decision) {
        return switch (decision) {
            case RoutingDecision.ToStandby(var node, var reason) -> {
                relay.journal().goes(delivery, node.name(), reason);
                yield wait(delivery, node, true);
            }
            case RoutingDecision.ToPrimary(var reason) -> toPrimary(delivery, reason);
        };
    }

    /// Where a delivery should go as far as its statements tell.
    static RoutingDecision route(Relay relay, Delivery delivery) {
        var router = relay.services().router();
        var session = relay.session().routing();
        var begin = relay.deferred();
        if (begin != null) return router.routeTransaction(begin.readOnly(), delivery.statements.classes(), session);
        return router.route(delivery.statements.classes(), session);
    }

    private RelayState toPrimary(Delivery delivery, RoutingReason reason) {
        var primary = relay.services().topology().primary();
        relay.journal().goes(delivery, primary == null ? "-" : primary.name(), reason);
        if (!relay.services().gate().isOpen()) return WaitingForPrimary.atGate(relay, delivery);
        if (primary != null) return toPrimary(delivery, primary);
        var none = ErrorFields.error(SqlState.CANNOT_CONNECT_NOW, "there is no primary");
        return WaitingForPrimary.tryLater(relay, delivery, none);
    }

    private RelayState toPrimary(Delivery delivery, Node primary) {
        var kept = relay.kept().lease();
        if (!relay.listening().prepare(delivery, kept)) return new WaitingForListener(relay, delivery, null);
        if (kept == null) return wait(delivery, primary, false);
        if (kept.isLost()) return ServerLoss.of(relay, kept).settleKept(delivery);
        if (kept.isOn(primary) || relay.kept().isPinned() && kept.isStandby())
            return new Preparing(relay, kept, delivery);
        return leave(delivery, kept, primary);
    }

    /// The kept connection leads to a node that is not the primary any more.
    private RelayState leave(Delivery delivery, ServerLease kept, Node primary) {
        boolean pinned = relay.kept().isPinned();
        relay.kept().forget(kept);
        kept.drop(CloseReason.NODE_LOST);
        if (!pinned) return wait(delivery, primary, false);
        relay.drop(delivery);
        return ServerLoss.endSession(relay, null, DisconnectReason.SESSION_LOST);
    }

    private RelayState wait(Delivery delivery, Node node, boolean standby) {
        var session = relay.session();
        var target = new ServerTarget(node.name(), node.endpoint(), session.database(), session.user());
        return new WaitingForServer(relay, delivery, relay.services().pools().pool(target), standby);
    }
}
