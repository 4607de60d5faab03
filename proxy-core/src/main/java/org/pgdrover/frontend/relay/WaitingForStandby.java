package org.pgdrover.frontend.relay;

import java.time.Duration;
import org.pgdrover.routing.RoutingDecision;

/// A read waits until a standby shows what the session has seen. After 20 ms the primary answers it.
final class WaitingForStandby implements RelayState {
    private static final Duration LOOK = Duration.ofMillis(2);
    private static final int MOST_LOOKS = 10;

    private final Relay relay;
    private final Delivery delivery;
    private int looks;
    private boolean scheduled;
    private boolean canceled;
    private boolean over;

    WaitingForStandby(Relay relay, Delivery delivery) {
        this.relay = relay;
        this.delivery = delivery;
    }

    @Override
    public RelayState proceed() {
        if (canceled) return end(relay.failCanceled(delivery));
        if (scheduled) return this;
        if (looks > 0) {
            var decision = Dispatch.route(relay, delivery);
            if (looks >= MOST_LOOKS || decision instanceof RoutingDecision.ToStandby)
                return end(new Dispatch(relay).go(delivery, decision));
        }
        looks++;
        scheduled = true;
        relay.services().router().look();
        var _ = relay.client().schedule(this::look, LOOK);
        return this;
    }

    private RelayState end(RelayState next) {
        over = true;
        return next;
    }

    private void look() {
        scheduled = false;
        if (!over) relay.wake();
    }

    @Override
    public void onCancel(Runnable done) {
        canceled = true;
        done.run();
    }

    @Override
    public void onClosed() {
        over = true;
    }
}
