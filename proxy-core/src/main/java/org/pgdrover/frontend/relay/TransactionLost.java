package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// A transaction was lost with its server. Whatever comes is answered in that server's place until the
/// client has ended the transaction.
record TransactionLost(Relay relay, LostTransaction transaction) implements RelayState {
    @Override
    public RelayState proceed() {
        while (!transaction.isOver()) {
            var delivery = relay.deliveries().nextWaiting();
            if (delivery == null && relay.isTerminating()) return this;
            if (delivery == null) {
                var event = relay.input().next();
                if (event == MessageDecoder.Event.NEED_MORE) return this;
                delivery = event == MessageDecoder.Event.RUN ? null : read(event == MessageDecoder.Event.LARGE_FRAME);
            }
            if (delivery != null && answer(delivery) instanceof RelayState next) return next;
        }
        return transaction.isDiscarding() ? new Discarding(relay) : new Idle(relay);
    }

    private @Nullable Delivery read(boolean large) {
        var message = relay.input().message();
        if (message.type() == MessageType.TERMINATE) {
            relay.terminate();
            return null;
        }
        if (BatchReader.isCopyEnd(message.type())) return null;
        return relay.reader().add(message, large) instanceof Batch batch ? relay.begin(batch) : null;
    }

    /// Answers a delivery; gives the state that follows if a server has to.
    private @Nullable RelayState answer(Delivery delivery) {
        relay.judge().judge(delivery);
        var batch = Objects.requireNonNull(delivery.part);
        if (transaction.endsAndGoesOn(batch, delivery.plan(0))) {
            delivery.endsLost = true;
            relay.judge().judge(delivery);
            if (delivery.plan(0).insertions != null) return new Dispatch(relay).dispatch(delivery);
        }
        for (int i = 0; i < batch.messages(); i++) {
            if (isForServer(batch.message(i).type))
                return goOn(delivery, relay.reader().rest(batch, i));
            transaction.answer(batch, i, delivery.plan(i));
        }
        relay.drop(delivery);
        return null;
    }

    /// Whether a message stands behind the end of the transaction.
    private boolean isForServer(byte type) {
        boolean over = transaction.isOver() && !transaction.isDiscarding();
        return over && type != MessageType.SYNC && type != MessageType.FLUSH;
    }

    private RelayState goOn(Delivery answered, Batch rest) {
        relay.drop(answered);
        return new Dispatch(relay).dispatch(relay.begin(rest));
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
