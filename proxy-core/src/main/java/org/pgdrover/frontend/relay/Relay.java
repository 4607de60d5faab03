package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.Residue;

/// The parts of one client's relay that its states work with; confined to the client's event loop.
final class Relay {
    private final ClientConnection client;
    private final RelayServices services;
    private final ClientSession session;
    private final ClientInput input;
    private final BatchReader reader = new BatchReader();
    private final Deliveries deliveries = new Deliveries();
    private final BatchJudge judge;
    private final ServerWriter writer;
    private final DeliveryJournal journal;
    private final KeptServer kept;
    private final ClientListening listening;
    private final AnsweredNames answeredNames;
    private final HeldBack heldBack;
    private final int processId;
    private final Runnable wake;
    private boolean terminating;
    private @Nullable DeferredBegin deferred;
    private @Nullable DeferredBegin lastDeferred;

    /// @param processId that the client was told
    /// @param wake lets the relay go on with what it waits for, at once or when the present turn is over
    Relay(
            ClientConnection client,
            RelayServices services,
            ClientSession session,
            boolean sessionMode,
            int processId,
            Runnable wake) {
        this.client = client;
        this.services = services;
        this.session = session;
        this.processId = processId;
        this.wake = wake;
        this.input = new ClientInput(client);
        this.heldBack = new HeldBack(client);
        this.answeredNames = new AnsweredNames(session);
        this.kept = new KeptServer(session, sessionMode);
        this.listening = new ClientListening(this, sessionMode);
        this.journal = new DeliveryJournal(session, services);
        this.writer = new ServerWriter(session.statements(), session.settings());
        this.judge = new BatchJudge(
                session,
                deliveries,
                services.classification(),
                services.routing().primaryPatterns(),
                services.observer() != null,
                ran -> {
                    var may = services.router().withLocals(ran, session.routing());
                    return may.has(Residue.SETTINGS) || may.has(Residue.LOCAL_SETTINGS);
                });
    }

    ClientConnection client() {
        return client;
    }

    RelayServices services() {
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

    Deliveries deliveries() {
        return deliveries;
    }

    BatchJudge judge() {
        return judge;
    }

    ServerWriter writer() {
        return writer;
    }

    DeliveryJournal journal() {
        return journal;
    }

    KeptServer kept() {
        return kept;
    }

    ClientListening listening() {
        return listening;
    }

    AnsweredNames answeredNames() {
        return answeredNames;
    }

    HeldBack heldBack() {
        return heldBack;
    }

    /// The process id that the client was told as its own.
    int processId() {
        return processId;
    }

    void wake() {
        wake.run();
    }

    /// The client has said goodbye: what it has sent before is still answered.
    void terminate() {
        terminating = true;
    }

    boolean isTerminating() {
        return terminating;
    }

    // A transaction that no server knows of so far

    /// The transaction that the client has begun and that begins with its first statement; null if there
    /// is none.
    @Nullable
    DeferredBegin deferred() {
        return deferred;
    }

    void defer(@Nullable DeferredBegin begin) {
        deferred = begin;
        if (begin != null) lastDeferred = begin;
    }

    /// The BEGIN that was deferred last, whatever has become of it; null if none was.
    @Nullable
    DeferredBegin lastDeferred() {
        return lastDeferred;
    }

    /// The client's transaction status while no server works for the client.
    TransactionStatus statusWithoutServer() {
        return deferred == null ? TransactionStatus.IDLE : TransactionStatus.IN_TRANSACTION;
    }

    /// A batch, or its first part, has come from the client.
    Delivery begin(Batch batch) {
        return journal.begin(batch);
    }

    /// A delivery is over: counted, logged, and not used any more.
    void end(Delivery delivery) {
        if (delivery.part != null) reader.recycle(delivery.part);
        delivery.part = null;
        journal.ended(delivery);
    }

    /// A delivery is over that nobody hears of any more.
    void drop(Delivery delivery) {
        if (delivery.part != null) reader.recycle(delivery.part);
        delivery.part = null;
        journal.recycle(delivery);
    }

    /// The server has ignored the end of a delivery.
    void goesOn(Delivery delivery) {
        if (deliveries.goesOn(delivery) instanceof Delivery next) drop(next);
    }

    /// The delivery that is over with the one whose end the server has answered: the same as a rule.
    Delivery endedWith(Delivery answered) {
        var first = deliveries.takeUnended(answered);
        if (first == null) return answered;
        deliveries.end(answered);
        drop(answered);
        return first;
    }

    // Answers without a server

    /// Tells the client that a delivery failed without a server, and gives the state that follows.
    RelayState fail(Delivery delivery, ErrorFields error) {
        boolean inTransaction = deferred != null;
        deferred = null;
        var out = client.newBuffer(256);
        BackendMessages.error(out, error);
        boolean complete = delivery.isComplete()
                && (delivery.begun || delivery.part == null || delivery.part.isReadyBehindError());
        if (complete)
            BackendMessages.readyForQuery(out, inTransaction ? TransactionStatus.FAILED : TransactionStatus.IDLE);
        client.write(out);
        // A Query ends the unnamed statement whatever comes of it.
        if (delivery.part != null && delivery.part.ends(MessageType.QUERY))
            session.statements().unnamed(null);
        delivery.failedWith(error);
        deliveries.endIfOpen(delivery);
        end(delivery);
        if (inTransaction) return failedTransaction(error, complete);
        return complete ? new Idle(this) : new Discarding(this);
    }

    /// The transaction's first statement has failed before any server knew of the transaction.
    private RelayState failedTransaction(ErrorFields error, boolean complete) {
        var transaction = new LostTransaction(this, error, true);
        if (!complete) transaction.discardUntilSync();
        return new TransactionLost(this, transaction);
    }

    RelayState failCanceled(Delivery delivery) {
        return fail(delivery, ErrorFields.error(SqlState.QUERY_CANCELED, "canceling statement due to user request"));
    }

    void write(ByteBuf bytes) {
        client.write(bytes);
    }

    /// Cancels what a server is at for the client, if it is at something.
    ///
    /// @param done run once, when the request has reached the server, or is of no use
    void cancelAt(ServerLease lease, Runnable done) {
        if (lease.server().ledger().isAtRest()) done.run();
        else services.cancels().cancel(lease.server(), done);
    }

    /// Asks the monitor to look at a node.
    void suspect(@Nullable String node, String why) {
        services.suspect(node, why);
    }
}
