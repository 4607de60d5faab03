package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// A batch was lost of which every message so far had been answered. The client's next message fails,
/// for the end of the batch has not come.
///
/// The next message may wait already for what the server could not do at once.
record LostBetweenAnswers(Relay relay, ErrorFields error) implements RelayState {
    @Override
    public RelayState proceed() {
        if (relay.deliveries().nextWaiting() instanceof Delivery delivery) return fail(delivery);
        if (relay.reader().take() instanceof Batch begun) return fail(relay.begin(begun));
        while (!relay.isTerminating()) {
            var event = relay.input().next();
            if (event == MessageDecoder.Event.NEED_MORE) return this;
            if (event != MessageDecoder.Event.RUN
                    && read(event == MessageDecoder.Event.LARGE_FRAME) instanceof Batch batch)
                return fail(relay.begin(batch));
        }
        return this;
    }

    /// The beginning of a batch, as far as it takes to fail; null if the message means nothing here.
    private @Nullable Batch read(boolean large) {
        var message = relay.input().message();
        byte type = message.type();
        if (type == MessageType.TERMINATE) {
            relay.terminate();
            return null;
        }
        if (BatchReader.isCopyEnd(type) || relay.reader().isFlushAlone(type)) return null;
        return relay.reader().add(message, large) instanceof Batch whole
                ? whole
                : relay.reader().take();
    }

    private RelayState fail(Delivery delivery) {
        relay.judge().judge(delivery);
        return relay.fail(delivery, error);
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
