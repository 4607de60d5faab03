package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.protocol.ErrorFields;

/// A batch that has not come whole has failed before it was sent: the server is to discard its rest.
///
/// A question for the settings is asked within the batch. Its error there makes the server discard what comes
/// up to Sync.
final class Refusing implements RelayState {
    private final Relay relay;
    private final ServerLease lease;
    private final Delivery delivery;
    private final ErrorFields error;
    private @Nullable Exchange answered;
    private boolean asked;

    /// @param error what the client gets for the batch
    Refusing(Relay relay, ServerLease lease, Delivery delivery, ErrorFields error) {
        this.relay = relay;
        this.lease = lease;
        this.delivery = delivery;
        this.error = error;
    }

    @Override
    public RelayState proceed() {
        if (lease.isLost()) return lost();
        if (!asked) {
            asked = true;
            PresentSettings.ask(true, new Exchange(lease.server(), this::answered));
        }
        if (answered == null) return this;
        return answered.error() == null ? prepare() : PresentSettings.fail(relay, lease, delivery, error);
    }

    private void answered(Exchange exchange) {
        answered = exchange;
        relay.wake();
    }

    /// Nothing is wrong with the question any more.
    private RelayState prepare() {
        return Preparing.further(relay, lease, delivery, ServerNeeds.of(relay, lease, delivery, false));
    }

    private RelayState lost() {
        var loss = ServerLoss.of(relay, lease);
        if (relay.deliveries().open() != delivery) relay.deliveries().awaitFirst(delivery);
        return loss.settle();
    }

    @Override
    public ServerLease lease() {
        return lease;
    }

    @Override
    public void onCancel(Runnable done) {
        relay.cancelAt(lease, done);
    }

    @Override
    public void onClosed() {
        relay.kept().forget(lease);
        lease.abandon(!relay.isTerminating());
    }
}
