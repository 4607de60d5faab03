package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.cluster.Node;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.pool.ServerReset;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.sql.Residue;

/// A server connection that works for one client: passes its answers on, and notes what they tell.
///
/// It decides nothing: what follows from an answer is said by the relay's state, which is woken. The
/// lease ends with the transaction, unless the client keeps the connection ([KeptServer]); then it
/// outlives the state and goes on with the next batch.
final class ServerLease implements AnswerOwner {
    private final Relay relay;
    private final ServerPool pool;
    private final ServerConnection server;
    private final boolean standby;
    private final boolean othersTraces;
    private boolean ownNames;

    private final Doubts doubts;
    private boolean wrote;

    private @Nullable Delivery beingSent;
    private @Nullable Beginning beginning;
    private boolean vanished;
    /// Whether a delivery has failed that a Query has ended, while its batch goes on to the next Sync.
    boolean batchFailed;

    // What the state has to deal with
    private @Nullable ErrorFields refusal;
    private boolean refused;
    private @Nullable Delivery toRestore;
    private @Nullable CloseReason lost;
    private @Nullable ErrorFields lastWords;

    ServerLease(Relay relay, ServerPool pool, ServerConnection server, boolean standby, boolean ownNames) {
        this.relay = relay;
        this.pool = pool;
        this.server = server;
        this.standby = standby;
        this.ownNames = ownNames;
        this.othersTraces = server.session().hasTraces();
        this.doubts = new Doubts(relay, server);
    }

    /// Whether others had left something there that DISCARD ALL does not take away.
    boolean hasOthersTraces() {
        return othersTraces;
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

    /// Whether only this client's statements are on the server, under the client's own names.
    boolean hasOwnNames() {
        return ownNames;
    }

    /// From now on only this client's statements are there.
    void takeOwnNames() {
        ownNames = true;
        server.session().notClean("statements under a client's own names");
    }

    /// Shared statements are still there, for the server has discarded what was to close them.
    void leaveOwnNames() {
        ownNames = false;
    }

    /// Whether its transaction may have written.
    boolean hasWritten() {
        return wrote;
    }

    /// What its statements may have left on the server.
    Doubts doubts() {
        return doubts;
    }

    /// The answers to this client go here from now on.
    void begin() {
        server.lease(this);
        relay.session().settings().entered(server.session().settings());
    }

    // What is sent

    /// The present part of a delivery is about to be sent: what the statements may leave behind is not
    /// known to be absent any more.
    void sending(Delivery delivery) {
        beingSent = delivery;
        relay.journal().sending(delivery);
        boolean read = delivery.reason.isProvedRead() && delivery.isWholeRead();
        if (!read && !standby) SequenceUse.sending(relay, server, delivery);
        doubts.sending(delivery, !read);
    }

    /// The client's transaction begins together with the delivery that is sent next.
    void begins(Beginning with) {
        beginning = with;
        with.write(this);
    }

    // What the state asks

    /// The BEGIN that is under way together with a statement; null if none is.
    @Nullable
    Beginning beginning() {
        return beginning;
    }

    /// Whether that BEGIN was refused, so that nothing of the statement behind it runs.
    private boolean isNotBegun() {
        return beginning != null && beginning.error() != null;
    }

    /// The error with which a standby refuses what the primary would do; null if none did.
    @Nullable
    ErrorFields refusal() {
        return refusal;
    }

    /// Whether the standby has refused and is ready for something else.
    boolean isRefused() {
        return refused;
    }

    /// A delivery that is over but for the client's own defaults or notifications; null if there is
    /// none.
    @Nullable
    Delivery toRestore() {
        return toRestore;
    }

    void restored() {
        toRestore = null;
    }

    boolean isLost() {
        return lost != null;
    }

    CloseReason lossReason() {
        return lost == null ? CloseReason.SERVER_CLOSED : lost;
    }

    @Nullable
    ErrorFields lastWords() {
        return lastWords;
    }

    /// Whether a transaction is open and the server has answered everything, so that it stays open until
    /// something new ends it.
    boolean hasTransactionToItself() {
        return server.status() != TransactionStatus.IDLE && relay.deliveries().isNoneSent();
    }

    /// Whether the server has nothing left to do for the client.
    boolean isOver() {
        return hasNothingToDo() && toRestore == null && !isInsideMessage();
    }

    /// Whether all that was sent has been answered, and no transaction is open.
    boolean hasNothingToDo() {
        return server.status() == TransactionStatus.IDLE
                && server.ledger().isAtRest()
                && relay.deliveries().isNoneUnderWay();
    }

    /// Whether a message has come in part that belongs here; one whose beginning waits may go elsewhere.
    private boolean isInsideMessage() {
        return relay.input().insideMessage() && relay.deliveries().isNoneWaiting();
    }

    // What the server says

    @Override
    public void onBytes(ByteBuf bytes, boolean begun) {
        var delivery = relay.deliveries().answering();
        if (delivery != null) {
            if (!begun && delivery.mayRunAgain() && relay.heldBack().keep(bytes, this)) return;
            delivery.begun = true;
        }
        relay.heldBack().passOn();
        relay.write(bytes);
        if (!relay.client().isWritable()) server.read(false);
    }

    @Override
    public boolean onCompleted(Note note, CommandTag tag) {
        if (note instanceof RelayNote.Restores(var lasting)) {
            relay.session().restored(server, lasting);
            if (lasting) server.blockEnded();
        }
        if (!(note instanceof MessagePlan plan)) return true;
        return CompletedCommands.completed(relay, this, plan, tag);
    }

    @Override
    public void onDescribed(Note note, byte type, ByteBuf frame, int start, int end) {
        if (!(note instanceof MessagePlan plan) || plan.statement == null) return;
        relay.answeredNames().described(plan.statement, type, frame, start, end);
    }

    @Override
    public void onAnswered(RequestKind kind, byte type, Note note) {
        if (note instanceof Beginning begin) {
            // BEGIN's own Parse has taken the place of whatever was unnamed there.
            server.session().unnamedAnswered(null);
            if (begin.answered(kind)) server.transactionBegun();
        }
        if (note instanceof RelayNote.MakesRoom room)
            server.session().statements().closed(room.closed());
        if (!(note instanceof MessagePlan plan)) return;
        if (kind == RequestKind.PARSE) relay.answeredNames().parsed(plan, this);
        else if (kind == RequestKind.CLOSE) relay.answeredNames().closed(plan, server);
    }

    @Override
    public void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {
        // The delivery is taken back.
        if (isNotBegun()) return;
        switch (note) {
            case RelayNote.MakesRoom(var old) -> server.session().statements().closeDiscarded(old);
            case MessagePlan plan -> discarded(kind, fate, plan);
            case Delivery delivery -> {
                var goesOn = kind == RequestKind.SYNC ? relay.deliveries().withoutEnd(delivery) : null;
                if (goesOn != delivery) vanish(delivery);
                if (goesOn != null) relay.goesOn(goesOn);
            }
            default -> {}
        }
    }

    private void discarded(RequestKind kind, AnswerFate fate, MessagePlan plan) {
        switch (kind) {
            case PARSE -> relay.answeredNames().parseDiscarded(plan, server);
            case CLOSE -> relay.answeredNames().closeDiscarded(plan, fate, server);
            case BIND -> relay.session().transactionEnded();
            case QUERY -> {
                relay.answeredNames().queryDiscarded(plan, server);
                vanish(plan.delivery());
            }
            case DESCRIBE, EXECUTE, FUNCTION_CALL, SYNC, COPY_END -> {}
        }
    }

    /// The server discarded the whole of it behind an error: nobody is told more than that error.
    private void vanish(Delivery delivery) {
        if (!relay.deliveries().end(delivery)) return;
        batchFailed |= delivery.hasFailed();
        vanished |= delivery == beingSent;
        if (delivery != beingSent) relay.drop(delivery);
    }

    /// The present part of a delivery has been written.
    ///
    /// @return false if the server discards the whole of it, so that nothing more comes of it
    boolean sent(Delivery delivery) {
        beingSent = null;
        if (!vanished) return true;
        vanished = false;
        relay.drop(delivery);
        return false;
    }

    @Override
    public boolean onError(Note note, ErrorFields error) {
        if (note instanceof Beginning begin) {
            begin.failed(error);
            relay.wake();
            return false;
        }
        var delivery = relay.deliveries().answering();
        if (delivery == null) return true;
        if (note instanceof MessagePlan plan) relay.answeredNames().failed(plan, server);
        var instead = note instanceof MessagePlan plan ? ClientsWords.instead(plan, error) : null;
        if (instead == null
                && standby
                && !relay.kept().isPinnedTo(this)
                && StandbyRefusal.is(error, delivery, server)) {
            refusal = error;
            relay.heldBack().drop(this);
            return false;
        }
        doubts.failed(delivery, note, error);
        delivery.begun = true;
        delivery.failedWith(instead == null ? error : instead);
        if (instead == null) relay.heldBack().passOn();
        else relay.heldBack().passOn(instead);
        return instead == null;
    }

    @Override
    public boolean onNotice(Note note, ByteBuf frame, int start, int end) {
        if (refusal != null || isNotBegun()) return false;
        return unasked().notice(note, frame, start, end);
    }

    /// A server seldom says something unasked: nobody keeps these for each lease.
    private UnaskedMessages unasked() {
        return new UnaskedMessages(relay, this);
    }

    @Override
    public boolean onNotification(ByteBuf frame, int start, int end) {
        return unasked().notification(frame, start, end);
    }

    @Override
    public boolean onParameterStatus(String name, String value) {
        var delivery = relay.deliveries().answering();
        if (delivery != null && delivery.statements.takesDefaultsAway()) return false;
        relay.session().parameterReported(name, value, !hasNothingToDo());
        return true;
    }

    @Override
    public boolean wantsReady(Note note) {
        if (refusal != null || isNotBegun()) return false;
        var delivery = delivery(note);
        return !isReadyHeldBack(delivery) && !isToRestore(delivery);
    }

    /// Whether the client has to hear something else before it hears that it is ready.
    private boolean isReadyHeldBack(Delivery delivery) {
        return delivery.unconfirmed != null || relay.session().told().isLate() || hasNotifications();
    }

    private boolean hasNotifications() {
        return server.status() == TransactionStatus.IDLE && relay.listening().hasWaiting();
    }

    /// Whether something is to be done before the client hears that the delivery is over.
    private boolean isToRestore(Delivery delivery) {
        return delivery.statements.takesDefaultsAway()
                || server.status() == TransactionStatus.IDLE
                        && relay.listening().isInvolved();
    }

    /// Tells the client that its delivery is over, behind what has come for the client from others.
    private void tellReady() {
        if (hasNotifications()) relay.listening().deliverAll();
        ParameterReports.ready(relay, this);
    }

    private static Delivery delivery(Note note) {
        return switch (note) {
            case Delivery delivery -> delivery;
            case MessagePlan plan -> plan.delivery();
            default -> throw new IllegalStateException("note: " + note + " (expected: a delivery's)");
        };
    }

    @Override
    public void onReady(TransactionStatus status, Note note) {
        if (isNotBegun()) return;
        beginning = null;
        if (refusal != null) {
            refused = true;
            relay.wake();
            return;
        }
        var delivery = relay.endedWith(delivery(note));
        if (note instanceof MessagePlan query) relay.answeredNames().queried(query, server);
        relay.heldBack().passOn();
        relay.session().settings().ready(server.parameters().get("DateStyle"));
        boolean restores = isToRestore(delivery);
        boolean heldBack = isReadyHeldBack(delivery);
        if (delivery.unconfirmed instanceof ErrorFields error) relay.heldBack().passOn(error);
        doubts.answered(delivery);
        relay.listening().answered(delivery);
        if (status == TransactionStatus.IDLE) transactionEnded(delivery);
        batchFailed = false;
        relay.deliveries().end(delivery);
        count(delivery, status);
        if (heldBack && !restores) tellReady();
        if (restores) toRestore = delivery;
        else relay.end(delivery);
        relay.wake();
    }

    private void transactionEnded(Delivery last) {
        var session = relay.session();
        boolean committed = !last.hasFailed() && !batchFailed || last.waitCanceled;
        if (committed) session.commit(server);
        else session.rollBack(server);
        session.transactionEnded();
        doubts.transactionEnded();
        relay.listening().transactionEnded(committed);
        relay.services().transactionEnded(session.routing());
    }

    private void count(Delivery delivery, TransactionStatus status) {
        wrote |= !standby && delivery.mayWrite();
        long now = relay.services().clock().getAsLong();
        var routing = relay.session().routing();
        if (standby) {
            var node = relay.services().node(server.target().node());
            if (node != null) routing.read(node, now);
        } else if (wrote) {
            if (status == TransactionStatus.IDLE) routing.wrote(now);
        } else {
            routing.readOnPrimary(now);
        }
        if (status == TransactionStatus.IDLE) wrote = false;
    }

    @Override
    public void onReadComplete() {
        relay.client().flush();
        if (server.isWritable()) relay.wake();
    }

    @Override
    public void onWritabilityChanged(boolean writable) {
        if (writable) relay.wake();
    }

    @Override
    public void onLost(CloseReason reason, @Nullable ErrorFields words) {
        lost = reason;
        lastWords = words;
        relay.heldBack().drop(this);
        relay.suspect(server.target().node(), "a connection was lost");
        relay.wake();
    }

    // Its end

    /// The client takes more bytes again.
    void resume() {
        server.read(true);
    }

    /// The server goes back to its pool: it is at rest, and proved clean.
    void release() {
        relay.client().flush();
        server.unlease();
        if (server.session().notClean() == null) server.afterCancels(() -> pool.release(server));
        else reset(false);
    }

    /// The server is brought to rest and cleaned before anybody else has it.
    ///
    /// @param cancelRunning whether what still runs is of no use to anybody
    void reset(boolean cancelRunning) {
        relay.heldBack().drop(this);
        ServerReset.begin(pool, relay.services().cancels(), server, this, cancelRunning);
    }

    /// The client leaves the server in the middle of something: what that leaves in the session is not
    /// known.
    void abandon(boolean cancelRunning) {
        boolean known = server.ledger().isAtRest() && relay.deliveries().isNoneUnderWay() && !doubts.isAny();
        if (!known) server.session().notClean("a client left before its answer");
        if (relay.session().pinned() != null) server.session().notClean("a client left that was pinned to it");
        boolean traces = server.session().hasTraces() && relay.kept().isSessionMode();
        boolean lasts = relay.session().held().and(doubts.may()).has(Residue.LASTING);
        if (traces || lasts) server.session().lastUse();
        reset(cancelRunning);
    }

    /// Nobody may use the connection any more.
    void drop(CloseReason reason) {
        relay.heldBack().drop(this);
        server.unlease();
        server.close(reason);
    }
}
