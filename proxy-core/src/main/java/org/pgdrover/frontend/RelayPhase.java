package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/**
 * Relays a logged-in client's batches to servers and their answers back; holds the parts of the relay together, and the state that it is in.
 *
 * <p>Outside a transaction a batch is read whole before it is sent, so that it is judged by all that it runs; in a transaction, and behind
 * other work on the primary, its messages pass as they come. What happens next is said by the states: see {@link RelayState}. Confined to the
 * client's event loop, all its parts too.
 */
final class RelayPhase implements Phase {
    private final ClientConnection client;
    private final FrontendServices services;
    private final ClientSession session;
    private final CancelKey key;

    private final ClientInput input;
    private final BatchReader reader;
    private final OutstandingBatches batches = new OutstandingBatches();
    private final Dispatcher dispatcher;
    private final BatchSender sender;
    private final AnswerEffects effects;
    private final OwnAnswers own;
    private final BatchJournal journal;
    private final Home home;

    private final Idle idle = new Idle(this);
    private RelayState state = idle;
    private boolean terminating;

    /** @param homePool where the connection comes from that the client keeps for its whole session; both null if there is none */
    RelayPhase(
            ClientConnection client,
            FrontendServices services,
            ClientSession session,
            CancelKey key,
            boolean sessionMode,
            @Nullable ServerPool homePool,
            @Nullable ServerConnection home) {
        this.client = client;
        this.services = services;
        this.session = session;
        this.key = key;
        this.home = new Home(session, sessionMode);
        this.own = new OwnAnswers(client, session, sessionMode);
        this.journal = new BatchJournal(session, services);
        this.input = new ClientInput(client, this);
        this.reader = new BatchReader(journal, inspector(session, services));
        this.sender = new BatchSender(batches, reader, journal, own, this.home);
        this.effects = new AnswerEffects(client, session.statements(), batches, journal);
        this.dispatcher = new Dispatcher(this, services.backends(), session, journal, own);
        if (home != null && homePool != null) this.home.enter(new ServerLease(this, homePool, home, false));
    }

    private static MessageInspector inspector(ClientSession session, FrontendServices services) {
        return new MessageInspector(
                session,
                services.classification(),
                services.config().routing().primaryPatterns(),
                services.observer() != null);
    }

    // Its parts

    ClientConnection client() {
        return client;
    }

    FrontendServices services() {
        return services;
    }

    ClientSession session() {
        return session;
    }

    ClientInput input() {
        return input;
    }

    BatchReader reader() {
        return reader;
    }

    OutstandingBatches batches() {
        return batches;
    }

    Dispatcher dispatcher() {
        return dispatcher;
    }

    BatchSender sender() {
        return sender;
    }

    AnswerEffects effects() {
        return effects;
    }

    BatchJournal journal() {
        return journal;
    }

    Home home() {
        return home;
    }

    // Its state

    RelayState state() {
        return state;
    }

    void become(RelayState next) {
        state = next;
    }

    void becomeIdle() {
        state = idle;
    }

    /** The rest of a batch that has failed is of no use. */
    void discard() {
        state = new Discarding(this);
    }

    boolean isClosed() {
        return state == RelayState.CLOSED;
    }

    /** The state if it can deal with the client's next message now; null if that has to wait. */
    RelayState.@Nullable Listening listening() {
        return batches.isNoneWaiting() && state instanceof RelayState.Listening listening ? listening : null;
    }

    /** Goes on with what waits for its turn, and then with what the client has sent since. */
    void goOn() {
        while (state == idle && batches.nextWaiting() instanceof Batch batch) dispatcher.dispatch(batch);
        if (state instanceof ServerLease lease) lease.sendWaiting();
        input.goOn();
    }

    /** What a batch waited for may be there now. */
    void resume(Batch batch) {
        becomeIdle();
        dispatcher.dispatch(batch);
        if (state == idle) goOn();
    }

    /** A batch has been answered by a server. */
    void onBatchEnded() {
        if (terminating && batches.isNoneSent()) client.close(DisconnectReason.TERMINATED);
        else if (input.isKeptBack() || !batches.isNoneWaiting()) goOn();
    }

    /** A batch has failed without a server. */
    void fail(Batch batch, ErrorFields error) {
        own.error(batch, error);
        if (batch.isComplete()) becomeIdle();
        else discard();
        effects.notCarriedOut(batch, error);
        goOn();
    }

    void failCanceled(Batch batch) {
        fail(batch, ErrorFields.error(SqlState.QUERY_CANCELED, "canceling statement due to user request"));
    }

    /** What only a lost connection had cannot be had again: the session ends, as it would have without a proxy. */
    void loseSession(@Nullable ErrorFields lastWords) {
        var lost = ErrorFields.fatal(
                        SqlState.ADMIN_SHUTDOWN,
                        "terminating connection: its server was lost, and state of the session with it")
                .withDetail("The session held: " + session.pinned() + ".");
        leave();
        client.closeWith(lastWords != null ? lastWords : lost, DisconnectReason.SESSION_LOST);
    }

    // From the client

    @Override
    public void onEnter() {
        if (home.lease() instanceof ServerLease lease) lease.server().lease(lease);
    }

    @Override
    public void onRead(ByteBuf in) {
        input.onRead(in);
    }

    @Override
    public void onReadComplete() {
        if (state instanceof RelayState.Listening listening) listening.onReadComplete();
    }

    /** Bytes of the client that have been handed over are given up. */
    void finishSending() {
        if (state instanceof ServerLease lease) sender.finish(lease.server());
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (!writable) return;
        var lease = state instanceof ServerLease working ? working : home.lease();
        if (lease != null) lease.resume();
    }

    /** The client says goodbye: what it has sent before is still answered. */
    void onTerminate() {
        terminating = true;
        if (batches.isNoneSent()) client.close(DisconnectReason.TERMINATED);
    }

    boolean isTerminating() {
        return terminating;
    }

    @Override
    public void onCancel(Runnable done) {
        state.onCancel(done);
    }

    @Override
    public void onClosed() {
        services.cancelKeys().unregister(key);
        leave();
        if (home.lease() instanceof ServerLease kept && home.forget(kept)) kept.reset(true, true);
        reader.close();
        batches.close();
        input.close();
    }

    private void leave() {
        var last = state;
        state = RelayState.CLOSED;
        last.onClosed();
    }
}
