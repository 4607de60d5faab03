package org.pgdrover.frontend;

import org.pgdrover.protocol.codec.MessageDecoder;

/** The client's transaction was lost with its server: what comes is answered in that server's place until the client has ended the transaction. */
record Lost(RelayPhase relay, LostTransaction transaction) implements RelayState.Listening {
    /** Answers what the client has sent of the transaction and no server has got. */
    void begin() {
        relay.become(this);
        while (isGoingOn() && relay.batches().nextWaiting() instanceof Batch batch) answer(batch);
        if (isGoingOn() && relay.reader().take() instanceof Batch batch) answer(batch);
        relay.goOn();
        relay.onReadComplete();
    }

    private boolean isGoingOn() {
        return relay.state() == this;
    }

    private void answer(Batch batch) {
        for (int i = 0; i < batch.messages(); i++) transaction.answer(batch.message(i));
        relay.journal().recycle(batch);
        endIfOver();
    }

    @Override
    public void onMessage(MessageDecoder message, boolean large) {
        var batch = relay.journal().newBatch();
        transaction.answer(relay.reader().pass(batch, message, large));
        relay.journal().recycle(batch);
        endIfOver();
    }

    private void endIfOver() {
        if (!transaction.isOver()) return;
        if (transaction.isDiscarding()) relay.discard();
        else relay.becomeIdle();
    }

    @Override
    public void onReadComplete() {
        relay.client().flush();
    }
}
