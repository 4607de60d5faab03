package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageType;

/// Nothing is under way: the client's next batch is read whole before it is decided where it goes.
record Idle(Relay relay) implements RelayState {
    @Override
    public RelayState proceed() {
        if (relay.kept().lease() instanceof ServerLease kept && kept.isLost())
            return ServerLoss.of(relay, kept).settleKept(null);
        if (relay.deliveries().nextWaiting() instanceof Delivery delivery)
            return new Dispatch(relay).dispatch(delivery);
        // As PostgreSQL, which says nothing of notifications before it has answered what was sent.
        relay.listening().deliver();
        while (!relay.isTerminating()) {
            switch (relay.input().next()) {
                case NEED_MORE -> {
                    return this;
                }
                case RUN -> {
                    if (relay.reader().take() instanceof Batch begun) return copy(begun);
                    // Otherwise it belongs to something that has failed.
                }
                case FRAME -> {
                    if (BatchReader.isCopyEnd(relay.input().message().type())
                            && relay.reader().take() instanceof Batch begun) return copy(begun);
                    if (read(false) instanceof Batch batch) return new Dispatch(relay).dispatch(relay.begin(batch));
                }
                case LARGE_FRAME -> {
                    if (read(true) instanceof Batch batch) return new Dispatch(relay).dispatch(relay.begin(batch));
                }
            }
        }
        return this;
    }

    /// Copied data stands behind a batch that has begun: the batch goes first.
    private RelayState copy(Batch begun) {
        relay.input().again();
        return new Dispatch(relay).dispatch(relay.begin(begun));
    }

    private @Nullable Batch read(boolean large) {
        var message = relay.input().message();
        if (message.type() == MessageType.TERMINATE) {
            relay.terminate();
            return null;
        }
        boolean means =
                !BatchReader.isCopyEnd(message.type()) && !relay.reader().isFlushAlone(message.type());
        return means ? relay.reader().add(message, large) : null;
    }

    @Override
    public boolean wantsInput() {
        return true;
    }

    @Override
    public boolean owesNothing() {
        return true;
    }
}
