package org.pgdrover.frontend.relay;

import java.time.Duration;
import org.jspecify.annotations.Nullable;

/// A delivery with LISTEN waits until the database's listener listens on the channel, so that nothing is
/// missed.
///
/// If that takes too long the client's own server does it.
final class WaitingForListener implements RelayState {
    private static final Duration MOST = Duration.ofSeconds(5);

    private final Relay relay;
    private final Delivery delivery;
    private final @Nullable ServerLease lease;
    private boolean asked;
    private boolean tooLong;
    private boolean canceled;
    private boolean over;

    /// @param lease of the server that works for the client, and behind whose answers the delivery waits; null if none
    ///     does
    WaitingForListener(Relay relay, Delivery delivery, @Nullable ServerLease lease) {
        this.relay = relay;
        this.delivery = delivery;
        this.lease = lease;
    }

    @Override
    public RelayState proceed() {
        if (!asked) {
            asked = true;
            var _ = relay.client().schedule(this::tooLong, MOST);
        }
        if (lease != null && lease.isLost()) return end(new Working(relay, lease));
        if (canceled && lease == null) return end(relay.failCanceled(delivery));
        if (!tooLong && !relay.listening().isReady()) return this;
        delivery.listensItself |= tooLong;
        return end(lease == null ? new Dispatch(relay).dispatch(delivery) : new Working(relay, lease));
    }

    private RelayState end(RelayState next) {
        over = true;
        return next;
    }

    private void tooLong() {
        if (over) return;
        tooLong = true;
        relay.wake();
    }

    @Override
    public @Nullable ServerLease lease() {
        return lease;
    }

    @Override
    public void onCancel(Runnable done) {
        canceled = true;
        done.run();
    }

    @Override
    public void onClosed() {
        over = true;
        if (lease != null) new Working(relay, lease).onClosed();
    }
}
