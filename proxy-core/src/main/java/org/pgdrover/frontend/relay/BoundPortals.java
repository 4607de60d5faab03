package org.pgdrover.frontend.relay;

import java.util.Objects;

/// Runs the portals that a client has bound in an open batch before the proxy sends anything there.
///
/// A transaction that begins with one of them is to begin as PostgreSQL begins it.
final class BoundPortals {
    private BoundPortals() {}

    /// Sends the Executes with which the present part of a delivery begins, if something else may have
    /// to go before its rest; what is left is the present part then.
    static void sendFirst(Relay relay, Working working, Delivery delivery) {
        var whole = Objects.requireNonNull(delivery.part);
        int executes = whole.beginningExecutes();
        if (executes == 0 || executes == whole.messages() || relay.deliveries().open() != delivery) return;
        if (relay.session().statements().size() == 0) return;
        var beginning = relay.reader().beginning(whole, executes);
        delivery.cut(beginning);
        if (isReady(relay, working.lease(), delivery)) {
            relay.deliveries().nextWaiting();
            working.send(delivery);
            delivery.next(relay.reader().rest(whole, executes), false);
            relay.reader().recycle(whole);
            relay.deliveries().awaitFirst(delivery);
        } else {
            delivery.cut(whole);
        }
        relay.reader().recycle(beginning);
    }

    private static boolean isReady(Relay relay, ServerLease lease, Delivery delivery) {
        return relay.judge().judge(delivery)
                && relay.listening().mayFollow(delivery)
                && relay.listening().prepare(delivery, lease)
                && ServerNeeds.of(relay, lease, delivery, false) == null;
    }
}
