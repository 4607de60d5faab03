package org.pgdrover.frontend;

import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.protocol.codec.MessageType;

/** A batch has failed before it had come whole: the rest of it, up to Sync, is discarded (PostgreSQL manual, section 54.2.3). */
record Discarding(RelayPhase relay) implements RelayState.Listening {
    @Override
    public void onMessage(MessageDecoder message, boolean large) {
        if (message.type() != MessageType.SYNC) return;
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, TransactionStatus.IDLE);
        relay.client().write(out);
        relay.becomeIdle();
    }

    @Override
    public void onReadComplete() {
        relay.client().flush();
    }
}
