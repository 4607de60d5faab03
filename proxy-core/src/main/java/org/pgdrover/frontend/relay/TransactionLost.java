package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// The client's transaction was lost with its server: what comes is answered in that server's place until the client
/// has ended the transaction.
record TransactionLost(Relay relay, LostTransaction transaction) implements RelayState {
    @Override
    public RelayState proceed() {
        while (!transaction.isOver()) {
            if (relay.deliveries().nextWaiting() instanceof Delivery delivery) answer(delivery);
            else if (!takeMessage()) return this;
        }
        return transaction.isDiscarding() ? new Discarding(relay) : new Idle(relay);
    }

    private boolean takeMessage() {
        if (relay.isTerminating()) return false;
        var event = relay.input().next();
        if (event == MessageDecoder.Event.NEED_MORE) return false;
        if (event == MessageDecoder.Event.RUN) return true;
        var message = relay.input().message();
        if (message.type() == MessageType.TERMINATE) {
            relay.terminate();
        } else if (!BatchReader.isCopyEnd(message.type())
                && relay.reader().add(message, event == MessageDecoder.Event.LARGE_FRAME) instanceof Batch batch) {
            answer(relay.begin(batch));
        }
        return true;
    }

    private void answer(Delivery delivery) {
        relay.judge().judge(delivery);
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) transaction.answer(batch.message(i).type, delivery.plan(i).runs);
        relay.drop(delivery);
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
