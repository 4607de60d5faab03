package org.pgdrover.frontend.relay;

import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/// A batch was lost of which every message so far had been answered. The client's next message fails,
/// for the end of the batch has not come.
record LostBetweenAnswers(Relay relay, ErrorFields error) implements RelayState {
    @Override
    public RelayState proceed() {
        if (relay.reader().take() instanceof Batch begun) {
            relay.reader().recycle(begun);
            return fail(false);
        }
        while (!relay.isTerminating()) {
            var event = relay.input().next();
            if (event == MessageDecoder.Event.NEED_MORE) return this;
            if (event == MessageDecoder.Event.RUN) continue;
            byte type = relay.input().message().type();
            if (type == MessageType.TERMINATE) relay.terminate();
            else if (Batch.endsBatch(type)) return fail(true);
            else if (type != MessageType.FLUSH && !BatchReader.isCopyEnd(type)) return fail(false);
        }
        return this;
    }

    private RelayState fail(boolean ends) {
        var out = relay.client().newBuffer(256);
        BackendMessages.error(out, error);
        if (ends) BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        relay.write(out);
        return ends ? new Idle(relay) : new Discarding(relay);
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
