package org.pgdrover.frontend.relay;

import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.failover.HeldClient;
import org.pgdrover.protocol.ErrorFields;

/// A delivery waits for a primary. It waits at the gate, or, while nobody has noticed that the primary
/// is not there, for the next try.
final class WaitingForPrimary implements RelayState, HeldClient {
    private static final int RETRY_MILLIS = 25;

    private final Relay relay;
    private final Delivery delivery;
    private final boolean atGate;
    private boolean asked;
    private boolean released;
    private boolean canceled;
    private boolean over;
    private @Nullable ErrorFields refusal;

    private WaitingForPrimary(Relay relay, Delivery delivery, boolean atGate) {
        this.relay = relay;
        this.delivery = delivery;
        this.atGate = atGate;
    }

    static RelayState atGate(Relay relay, Delivery delivery) {
        return new WaitingForPrimary(relay, delivery, true);
    }

    /// Tries a delivery again shortly, for as long as work may be held; then it fails for this reason.
    static RelayState tryLater(Relay relay, Delivery delivery, ErrorFields why) {
        long now = relay.services().clock().getAsLong();
        if (!delivery.attempted) delivery.attemptedSinceNanos = now;
        delivery.attempted = true;
        boolean tooLong = now - delivery.attemptedSinceNanos
                >= relay.services().holdTimeout().toNanos();
        if (tooLong) return relay.fail(delivery, why.asError());
        return new WaitingForPrimary(relay, delivery, false);
    }

    @Override
    public RelayState proceed() {
        if (!asked) ask();
        if (canceled) return end(relay.failCanceled(delivery));
        if (refusal != null) return end(relay.fail(delivery, refusal));
        if (released) return end(new Dispatch(relay).dispatch(delivery));
        return this;
    }

    private void ask() {
        asked = true;
        if (atGate) {
            relay.services().gate().hold(relay.client().eventLoop(), this);
            return;
        }
        var _ = relay.client().eventLoop().schedule(this::released, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    private RelayState end(RelayState next) {
        over = true;
        if (atGate) relay.services().gate().cancel(this);
        return next;
    }

    @Override
    public void released() {
        if (over) return;
        released = true;
        relay.wake();
    }

    @Override
    public void refused(String sqlState, String message) {
        if (over) return;
        refusal = ErrorFields.error(sqlState, message);
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
        if (atGate) relay.services().gate().cancel(this);
    }
}
