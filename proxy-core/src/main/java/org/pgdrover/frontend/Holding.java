package org.pgdrover.frontend;

import java.util.concurrent.TimeUnit;
import org.pgdrover.failover.HeldClient;
import org.pgdrover.protocol.ErrorFields;

/** A batch waits for a primary: at the gate, or, while nobody has noticed that the primary is not there, for the next try. */
final class Holding implements RelayState.Waiting, HeldClient {
    private static final int RETRY_MILLIS = 25;

    private final RelayPhase relay;
    private final Batch batch;

    private Holding(RelayPhase relay, Batch batch) {
        this.relay = relay;
        this.batch = batch;
    }

    static void atGate(RelayPhase relay, Batch batch) {
        var holding = new Holding(relay, batch);
        relay.become(holding);
        relay.services().backends().gate().hold(relay.client().eventLoop(), holding);
    }

    /** Tries a batch again shortly, for as long as work may be held; then it fails for this reason. */
    static void tryLater(RelayPhase relay, Batch batch, ErrorFields why) {
        long most = relay.services().config().failover().holdTimeout().toMillis() / RETRY_MILLIS;
        if (batch.attempts++ >= most) {
            relay.fail(batch, why.asError());
            return;
        }
        var holding = new Holding(relay, batch);
        relay.become(holding);
        var _ = relay.client().eventLoop().schedule(holding::released, RETRY_MILLIS, TimeUnit.MILLISECONDS);
    }

    @Override
    public void released() {
        if (relay.state() == this) relay.resume(batch);
    }

    @Override
    public void refused(String sqlState, String message) {
        if (relay.state() == this) relay.fail(batch, ErrorFields.error(sqlState, message));
    }

    @Override
    public void onCancel(Runnable done) {
        leaveGate();
        done.run();
        relay.failCanceled(batch);
    }

    @Override
    public void onClosed() {
        leaveGate();
        relay.journal().recycle(batch);
    }

    private void leaveGate() {
        relay.services().backends().gate().cancel(this);
    }
}
