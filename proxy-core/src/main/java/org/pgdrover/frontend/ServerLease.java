package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Action;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Expected;
import org.pgdrover.backend.ResponseListener;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.cluster.Node;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.pool.ServerReset;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.MessageDecoder;
import org.pgdrover.routing.RoutingDecision;

/**
 * A server connection that works for one client: gets its batches, and hands its answers to it.
 *
 * <p>A primary takes the client's messages as they come, and so does a server with the client's transaction open. Behind reads that are under
 * way on a standby another proved read may follow at once; anything else is read whole and waits until they are answered. The lease ends with
 * the transaction, unless the client keeps the connection ({@link Home}); then it outlives the state and begins again with the next batch.
 */
final class ServerLease implements RelayState.Listening, ResponseListener {
    /** Answers that a client may have outstanding before it is not read any more. */
    private static final int OUTSTANDING_LIMIT = 65_536;

    private final RelayPhase relay;
    private final ServerPool pool;
    private final ServerConnection server;
    private final boolean standby;
    private boolean wrote;

    ServerLease(RelayPhase relay, ServerPool pool, ServerConnection server, boolean standby) {
        this.relay = relay;
        this.pool = pool;
        this.server = server;
        this.standby = standby;
    }

    ServerConnection server() {
        return server;
    }

    boolean isStandby() {
        return standby;
    }

    boolean isOn(Node node) {
        return server.target().node().equals(node.name());
    }

    /** Whether its transaction may have written. */
    boolean hasWritten() {
        return wrote;
    }

    // Beginning

    void begin(Batch batch) {
        server.lease(this);
        if (server.settings().equals(relay.session().settings())) start(batch);
        else new Preparing(relay, this, batch).begin();
    }

    void start(Batch batch) {
        relay.become(this);
        send(batch);
        relay.goOn();
    }

    // From the client

    @Override
    public void onMessage(MessageDecoder message, boolean large) {
        if (passesThrough()) {
            relay.sender().pass(message, large, this);
            if (server.ledger().isFakeNext()) sendFakes();
            throttle();
            return;
        }
        var batch = relay.reader().add(message, large);
        if (batch != null && !follow(batch)) relay.batches().await(batch);
    }

    /** Whether messages may go to the server without knowing what follows. */
    private boolean passesThrough() {
        if (relay.reader().isReading()) return false;
        return !standby || relay.batches().passing() != null || hasTransactionToItself();
    }

    /** Whether a transaction is open and the server has answered everything, so that it stays open until something new ends it. */
    private boolean hasTransactionToItself() {
        return server.status() != TransactionStatus.IDLE && relay.batches().isNoneSent();
    }

    /** Sends a batch behind what the server is doing, if it may go there. */
    private boolean follow(Batch batch) {
        if (!standby || hasTransactionToItself()) {
            relay.journal().follows(batch, server);
        } else if (batch.isWholeRead()
                && !batch.avoidStandby
                && relay.dispatcher().route(batch) instanceof RoutingDecision.ToStandby(var _, var reason)) {
            relay.journal().goes(batch, server.target().node(), reason);
        } else {
            return false;
        }
        send(batch);
        return true;
    }

    /** Sends what waits, as far as it may go here. */
    void sendWaiting() {
        var batches = relay.batches();
        while (relay.state() == this && batches.peekWaiting() instanceof Batch batch && follow(batch))
            batches.nextWaiting();
    }

    private void send(Batch batch) {
        relay.sender().send(batch, this);
        server.flush();
        if (server.ledger().isFakeNext()) sendFakes();
    }

    private void sendFakes() {
        relay.sender().finish(server);
        server.sendFakes();
        relay.client().flush();
    }

    @Override
    public void onRun(MessageDecoder run) {
        relay.sender().run(run, server);
        throttle();
    }

    private void throttle() {
        if (!server.isWritable() || server.ledger().size() > OUTSTANDING_LIMIT)
            relay.input().pause();
    }

    /** What the client sent may have been the rest of what its server did not want to have whole: then nothing is left to do here. */
    @Override
    public void onReadComplete() {
        server.flush();
        if (server.status() == TransactionStatus.IDLE && isOver()) {
            end();
            relay.goOn();
        }
    }

    // From the server

    @Override
    public void onBytes(ServerConnection from, ByteBuf bytes) {
        relay.client().write(bytes);
        if (!relay.client().isWritable()) server.read(false);
    }

    @Override
    public void onReadComplete(ServerConnection from) {
        relay.client().flush();
        if (server.isWritable() && server.ledger().size() <= OUTSTANDING_LIMIT)
            relay.input().resume();
    }

    @Override
    public void onWritabilityChanged(ServerConnection from, boolean writable) {
        if (writable) relay.input().resume();
    }

    @Override
    public void onParameterStatus(ServerConnection from, String name, String value) {
        relay.session().parameterChanged(name, value);
    }

    @Override
    public void onAnswered(ServerConnection from, Expected expected, byte type, @Nullable Object note) {
        relay.effects().answered(expected, note);
    }

    @Override
    public void onDiscarded(ServerConnection from, Expected expected, Action action, @Nullable Object note) {
        relay.effects().discarded(server, expected, action, note);
    }

    @Override
    public boolean onError(ServerConnection from, ErrorFields error) {
        if (StandbyRefusal.is(error, this, relay.batches().answering())) {
            StandbyRefusal.runOnPrimary(relay, this, error);
            return false;
        }
        return relay.effects().failed(server, error);
    }

    @Override
    public void onReady(ServerConnection from, TransactionStatus status, @Nullable Object note) {
        if (note instanceof Batch batch) batchEnded(batch, status);
        if (status == TransactionStatus.IDLE) transactionEnded();
        relay.client().flush();
        relay.onBatchEnded();
    }

    private void batchEnded(Batch batch, TransactionStatus status) {
        relay.batches().end(batch);
        if (batch.sqlState.isEmpty()) relay.journal().applyEffects(batch, server, status);
        wrote |= !standby && batch.mayWrite();
        long now = relay.journal().ended(batch);
        if (standby) relay.session().routing().read(relay.dispatcher().node(server), now);
        else if (wrote && status == TransactionStatus.IDLE)
            relay.session().routing().wrote(now);
    }

    private void transactionEnded() {
        wrote = false;
        relay.session().transactionEnded();
        if (isOver()) end();
    }

    private boolean isOver() {
        return server.ledger().isAtRest()
                && relay.batches().passing() == null
                && !relay.input().insideMessage();
    }

    private void end() {
        relay.becomeIdle();
        if (relay.home().keeps(this)) return;
        server.unlease();
        server.afterCancels(() -> pool.release(server));
    }

    /** The client takes more bytes again. */
    void resume() {
        server.read(true);
    }

    // Ending

    @Override
    public void onLost(ServerConnection from, CloseReason reason, @Nullable ErrorFields error) {
        relay.dispatcher().suspect(server.target().node(), "a connection was lost");
        new ServerLoss(relay, this, error).settle();
    }

    @Override
    public void onCancel(Runnable done) {
        if (server.ledger().isAtRest()) done.run();
        else relay.services().backends().cancels().cancel(server, done);
    }

    /** Half a message cannot be taken back: such a connection is of no use to anybody else. */
    @Override
    public void onClosed() {
        boolean changed = relay.home().forget(this) || relay.session().pinned() != null;
        if (relay.input().insideMessage()) drop(CloseReason.CLIENT_LEFT);
        else reset(changed, !relay.isTerminating());
    }

    /**
     * Leaves the server to be brought to rest.
     *
     * @param discardAll whether its session holds state that the next client must not see
     * @param cancelRunning whether what still runs is of no use to anybody
     */
    void reset(boolean discardAll, boolean cancelRunning) {
        ServerReset.begin(pool, relay.services().backends().cancels(), server, discardAll, cancelRunning);
    }

    /** The client has no use for the server, which is at rest, unless it keeps it. */
    void giveBack() {
        if (relay.home().lease() != this) pool.release(server);
    }

    /** Nobody may use the connection any more. */
    void drop(CloseReason reason) {
        server.unlease();
        server.close(reason);
    }
}
