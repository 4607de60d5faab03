package org.pgdrover.frontend.relay;

import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// A batch has failed before it had come whole. The rest of it, up to Sync, is discarded (PostgreSQL
/// manual, section 54.2.3).
record Discarding(Relay relay) implements RelayState {
    @Override
    public RelayState proceed() {
        if (relay.reader().take() instanceof Batch begun) relay.reader().recycle(begun);
        while (relay.deliveries().nextWaiting() instanceof Delivery delivery) {
            boolean synced = delivery.part != null && delivery.part.ends(MessageType.SYNC);
            relay.drop(delivery);
            if (synced) return ready();
        }
        for (var event = relay.input().next();
                event != MessageDecoder.Event.NEED_MORE;
                event = relay.input().next()) {
            if (event == MessageDecoder.Event.RUN) continue;
            byte type = relay.input().message().type();
            if (type == MessageType.TERMINATE) {
                relay.terminate();
                return new Idle(relay);
            }
            if (type == MessageType.SYNC) return ready();
        }
        return this;
    }

    private RelayState ready() {
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        relay.write(out);
        return new Idle(relay);
    }

    @Override
    public boolean wantsInput() {
        return true;
    }
}
