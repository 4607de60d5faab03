package org.pgdrover.frontend;

import org.pgdrover.protocol.codec.MessageDecoder;

/** Nothing is under way: the client's next batch is read whole before it is decided where it goes. */
record Idle(RelayPhase relay) implements RelayState.Listening {
    @Override
    public void onMessage(MessageDecoder message, boolean large) {
        var batch = relay.reader().add(message, large);
        if (batch != null) relay.dispatcher().dispatch(batch);
    }

    @Override
    public void onReadComplete() {
        relay.client().flush();
    }
}
