package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.cluster.Node;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.pool.ServerReset;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;
import org.pgdrover.sql.TransactionEffect;

/// A server connection that works for one client: passes its answers on, and notes what they tell.
///
/// It decides nothing: what follows from an answer is said by the relay's state, which is woken. The
/// lease ends with the transaction, unless the client keeps the connection ([KeptServer]); then it
/// outlives the state and goes on with the next batch.
final class ServerLease implements AnswerOwner {
    private static final byte[] NOTHING = {};
    /// Most bytes of answers that are kept before a read's rows, as notices are.
    private static final int MOST_HELD_BACK = 65_536;

    private final Relay relay;
    private final ServerPool pool;
    private final ServerConnection server;
    private final boolean standby;
    private final boolean othersTraces;
    private boolean ownNames;

    private final Doubts doubts;
    private boolean wrote;

    /// Answers that precede rows and can still be had from elsewhere: not passed on before rows or an
    /// error follow. Null while nothing was held back.
    private @Nullable ArrayDeque<ByteBuf> heldBack;
    private int heldBackBytes;

    private byte[] describedParameters = NOTHING;

    private @Nullable Delivery beingSent;
    private @Nullable Beginning beginning;
    private boolean vanished;
    /// Whether a delivery has failed that a Query has ended, while its batch goes on to the next Sync.
    private boolean batchFailed;
    /// Whether the client has not been told that it is ready, for it has to hear something else before.
    private boolean readyHeldBack;

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
        this.othersTraces = server.hasTraces();
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
        server.statements().clear();
        server.notClean("statements under a client's own names");
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
        relay.session().settings().entered(server.settings());
    }

    // What is sent

    /// The present part of a delivery is about to be sent: what the statements may leave behind is not
    /// known to be absent any more.
    void sending(Delivery delivery) {
        beingSent = delivery;
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
            if (!begun && delivery.mayRunAgain() && holdBack(bytes)) return;
            delivery.begun = true;
        }
        passOnHeldBack();
        relay.write(bytes);
        if (!relay.client().isWritable()) server.read(false);
    }

    /// @return false if that is too much to keep
    private boolean holdBack(ByteBuf bytes) {
        if (heldBackBytes + bytes.readableBytes() > MOST_HELD_BACK) return false;
        if (heldBack == null) heldBack = new ArrayDeque<>();
        heldBack.add(bytes);
        heldBackBytes += bytes.readableBytes();
        return true;
    }

    private void passOnHeldBack() {
        if (heldBack == null) return;
        while (heldBack.poll() instanceof ByteBuf bytes) relay.write(bytes);
        heldBackBytes = 0;
    }

    /// What was held back is not passed on, for the answer comes from elsewhere.
    private void dropHeldBack() {
        if (heldBack == null) return;
        while (heldBack.poll() instanceof ByteBuf bytes) bytes.release();
        heldBackBytes = 0;
    }

    @Override
    public boolean onCompleted(Note note, CommandTag tag) {
        if (note instanceof RelayNote.Restores) relay.session().settings().restored();
        if (!(note instanceof MessagePlan plan)) return true;
        if (plan.insertions != null && !plan.insertions.completed(plan.delivery().completed)) {
            if (plan.insertions.isRestored()) relay.session().settings().restored();
            return false;
        }
        var ran = plan.runs;
        if (!ran.parts().isEmpty()) ran = plan.delivery().nextPart(ran);
        relay.listening().completed(ran, tag);
        if (ChannelStatement.is(ran)) return channelChanged(ran, tag, plan.delivery());
        if (ran.session() != SessionEffect.NONE || ran.transaction() != TransactionEffect.NONE)
            relay.session().completed(ran, tag, server, plan.there);
        if (SessionEffect.isAboutSequences(ran.session()))
            relay.session().sequencesUsed(ran.statement().equals("DISCARD"));
        doubts.completed(ran, tag);
        if (ran.access() == Access.WRITE && ClientSession.setsByCall(ran))
            relay.session().setLocally();
        if (ran.access() == Access.WRITE)
            relay.services().completed(ran, relay.session().routing());
        return !plan.delivery().outcomeUnknown;
    }

    /// A LISTEN or UNLISTEN has completed, or what was run instead of it.
    private boolean channelChanged(QueryClass ran, CommandTag tag, Delivery delivery) {
        if (tag != CommandTag.NOTIFY) {
            doubts.listens();
            return true;
        }
        delivery.begun = true;
        passOnHeldBack();
        var out = relay.client().newBuffer(16);
        BackendMessages.commandComplete(out, ran.statement());
        relay.write(out);
        return false;
    }

    @Override
    public void onDescribed(Note note, byte type, ByteBuf frame, int start, int end) {
        if (!(note instanceof MessagePlan plan) || plan.statement == null) return;
        var body = ByteBufUtil.getBytes(frame, start + 5, end - start - 5);
        switch (type) {
            case MessageType.PARAMETER_DESCRIPTION -> describedParameters = body;
            case MessageType.ROW_DESCRIPTION -> plan.statement.shape(new StatementShape(describedParameters, body));
            case MessageType.NO_DATA -> plan.statement.shape(new StatementShape(describedParameters, null));
            default -> {}
        }
    }

    @Override
    public void onAnswered(RequestKind kind, byte type, Note note) {
        if (note instanceof Beginning begin) {
            // BEGIN's own Parse has taken the place of whatever was unnamed there.
            server.unnamedAnswered(null);
            if (begin.answered(kind)) server.transactionBegun();
        }
        if (!(note instanceof MessagePlan plan)) return;
        var statements = relay.session().statements();
        if (kind == RequestKind.PARSE) {
            settle(plan);
            if (plan.duplicate) {
                if (plan.ifFree != null) wasFree(plan, plan.ifFree);
            } else if (plan.statement != null) {
                plan.statement.answered();
                relay.session().parsed(plan.statement);
                statements.add(plan.statement);
                if (plan.statement.isUnnamed()) server.unnamedAnswered(plan.statement);
            }
        } else if (kind == RequestKind.CLOSE) {
            settle(plan);
            if (plan.statement != null) statements.remove(plan.statement);
            if (plan.statement != null && plan.statement.isUnnamed()) server.unnamedAnswered(null);
        }
    }

    /// A statement has taken the name of another one, which a function had deallocated there.
    private void wasFree(MessagePlan plan, ClientStatement made) {
        var old = Objects.requireNonNull(plan.statement);
        var there = server.statements().remove(ServerNeeds.key(old, ownNames));
        if (ownNames) server.statements().add(made, made.name(), made);
        else if (there != null) server.statements().add(there.key(), there.name(), made);
        server.notClean("a statement under the name of another");
        made.answered();
        relay.session().statements().add(made);
    }

    /// A delivery is to be run again elsewhere: what its answers, which the client has not seen, made of
    /// names is undone.
    void undo(Delivery delivery) {
        var statements = relay.session().statements();
        for (var plan : delivery.plans()) {
            boolean answered = (plan.makes || plan.closes) && !plan.pending && !delivery.begun;
            settle(plan);
            if (!answered || plan.statement == null) continue;
            if (plan.makes) statements.remove(plan.statement);
            else statements.add(plan.statement);
        }
    }

    /// What a message plans is certain now.
    private void settle(MessagePlan plan) {
        plan.pending = false;
        if (!plan.announced) return;
        plan.announced = false;
        relay.session().statements().settled(plan.statement == null ? NOTHING : plan.statement.name());
    }

    @Override
    public void onDiscarded(RequestKind kind, AnswerFate fate, Note note) {
        // The delivery is taken back.
        if (isNotBegun()) return;
        switch (note) {
            case RelayNote.MakesRoom(var statement) -> server.statements().restore(statement);
            case MessagePlan plan -> discarded(kind, fate, plan);
            case Delivery delivery -> {
                if (kind != RequestKind.SYNC) vanish(delivery);
                else if (relay.deliveries().goesOn(delivery) instanceof Delivery next) relay.drop(next);
            }
            default -> {}
        }
    }

    private void discarded(RequestKind kind, AnswerFate fate, MessagePlan plan) {
        switch (kind) {
            case PARSE -> {
                settle(plan);
                if (plan.statement != null && plan.errorInstead == null) forget(plan.statement);
            }
            case CLOSE -> {
                settle(plan);
                if (plan.statement == null) return;
                if (plan.statement.isUnnamed()) server.unnamedDiscarded(null);
                else if (fate == AnswerFate.FORWARD && !plan.closesNothing)
                    server.statements().add(plan.statement, plan.statement.name(), plan.statement);
            }
            case BIND -> relay.session().transactionEnded();
            case QUERY -> {
                settle(plan);
                server.unnamedDiscarded(null);
                vanish(plan.delivery());
            }
            case DESCRIBE, EXECUTE, FUNCTION_CALL, SYNC, COPY_END -> {}
        }
    }

    /// The server discarded the whole of it behind an error: nobody is told more than that error.
    private void vanish(Delivery delivery) {
        if (!relay.deliveries().end(delivery)) return;
        batchFailed |= delivery.hasFailed();
        if (delivery == beingSent) vanished = true;
        else relay.drop(delivery);
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

    /// A Parse was not carried out: the statement is not on this server.
    private void forget(ClientStatement statement) {
        if (statement.isUnnamed()) server.unnamedDiscarded(statement);
        server.statements().remove(statement);
        var shared = statement.shared();
        if (shared == null) return;
        var there = server.statements().find(shared);
        if (there != null && there.shape() == statement) server.statements().remove(shared);
    }

    /// Whether the session cannot go on elsewhere, whatever the server refuses.
    private boolean isPinned() {
        return relay.kept().isPinned() && relay.kept().lease() == this;
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
        if (note instanceof MessagePlan plan && plan.makes) forgetUnnamed(plan);
        var instead = note instanceof MessagePlan plan ? instead(plan, error) : null;
        if (instead == null && standby && !isPinned() && StandbyRefusal.is(error, delivery, server)) {
            refusal = error;
            dropHeldBack();
            return false;
        }
        doubts.failed(delivery, note, error);
        delivery.begun = true;
        delivery.failedWith(instead == null ? error : instead);
        passOnHeldBack();
        if (instead == null) return true;
        var out = relay.client().newBuffer(128);
        BackendMessages.error(out, instead);
        relay.write(out);
        return false;
    }

    /// A Parse of the unnamed statement has ended the older one, whatever comes of it.
    private void forgetUnnamed(MessagePlan failed) {
        if (failed.statement == null || !failed.statement.isUnnamed()) return;
        relay.session().statements().unnamed(null);
        server.unnamedStatement(null);
        server.unnamedAnswered(null);
    }

    /// What the client is told instead of the server's error; null if that is right.
    private static @Nullable ErrorFields instead(MessagePlan plan, ErrorFields error) {
        if (plan.duplicate && !error.sqlState().equals(SqlState.DUPLICATE_PREPARED_STATEMENT)) return null;
        return plan.errorInstead == null ? inTheClientsWords(plan, error) : plan.errorInstead;
    }

    private static @Nullable ErrorFields inTheClientsString(MessagePlan plan, ErrorFields error) {
        if (plan.insertions == null || error.position() == 0) return null;
        int moved = plan.insertions.inTheClientsString(error.position());
        return moved == error.position() ? null : error.withPosition(moved);
    }

    /// An error that names a statement as the server knows the statement, with the name that the client
    /// knows; else null.
    private static @Nullable ErrorFields inTheClientsWords(MessagePlan plan, ErrorFields error) {
        if (plan.statement == null || plan.statement.shared() == null) return inTheClientsString(plan, error);
        var name = '"' + new String(plan.statement.shared().name(), StandardCharsets.US_ASCII) + '"';
        if (!error.message().contains(name)) return null;
        return error.saying('"' + new String(plan.statement.name(), StandardCharsets.UTF_8) + '"', name);
    }

    @Override
    public boolean onNotice(Note note, ByteBuf frame, int start, int end) {
        if (refusal != null || isNotBegun()) return false;
        if (note instanceof MessagePlan plan && plan.insertions != null) {
            var moved = inTheClientsString(plan, WireReader.errorFields(frame, start, end));
            if (moved != null) {
                passOnHeldBack();
                var out = relay.client().newBuffer(128);
                BackendMessages.notice(out, moved);
                relay.write(out);
                return false;
            }
        }
        var delivery = relay.deliveries().answering();
        if (delivery == null || standby || !relay.services().reportsCanceledWaits()) return true;
        var notice = WireReader.errorFields(frame, start, end);
        if (!isOfCanceledWait(notice)) return true;
        tellOfCanceledWait(notice, delivery);
        return false;
    }

    /// What the client has sent itself carries the process id that the client knows as its own.
    @Override
    public boolean onNotification(ByteBuf frame, int start, int end) {
        if (relay.listening().hears(frame, start, end)) return false;
        if (frame.getInt(start + 5) != server.cancelKey().processId()) return true;
        passOnHeldBack();
        relay.write(frame.copy(start, end - start).setInt(5, relay.processId()));
        return false;
    }

    /// "canceling wait for synchronous replication": committed here, and perhaps nowhere else, which is
    /// no success.
    private static boolean isOfCanceledWait(ErrorFields notice) {
        return notice.routine().equals("SyncRepWaitForLSN");
    }

    private void tellOfCanceledWait(ErrorFields notice, Delivery delivery) {
        var error = ErrorFields.error(
                        SqlState.TRANSACTION_RESOLUTION_UNKNOWN,
                        "the transaction is committed on the primary, but a synchronous standby may not have it")
                .withDetail(notice.message() + ".")
                .withHint("A failover may undo the transaction. Find out before you run it again.");
        delivery.outcomeUnknown = true;
        delivery.begun = true;
        delivery.failedWith(error);
        passOnHeldBack();
        var out = relay.client().newBuffer(256);
        BackendMessages.error(out, error);
        relay.write(out);
    }

    @Override
    public boolean onParameterStatus(String name, String value) {
        var delivery = relay.deliveries().answering();
        if (delivery != null && delivery.statements.takesDefaultsAway()) return false;
        relay.session().parameterReported(name, value);
        return true;
    }

    @Override
    public boolean wantsReady(Note note) {
        readyHeldBack =
                server.status() == TransactionStatus.IDLE && relay.listening().hasWaiting();
        return refusal == null && !isNotBegun() && !readyHeldBack && !isToRestore(delivery(note));
    }

    /// Whether something is to be done before the client hears that the delivery is over.
    private boolean isToRestore(Delivery delivery) {
        return delivery.statements.takesDefaultsAway()
                || server.status() == TransactionStatus.IDLE
                        && relay.listening().isInvolved();
    }

    /// Tells the client that its delivery is over, behind what has come for the client from others.
    private void tellReady(TransactionStatus status) {
        relay.listening().deliverAll();
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, status);
        relay.write(out);
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
        var delivery = delivery(note);
        if (note instanceof MessagePlan query) {
            settle(query);
            relay.session().statements().unnamed(null);
            server.unnamedAnswered(null);
        }
        passOnHeldBack();
        boolean restores = isToRestore(delivery);
        doubts.answered(delivery);
        relay.listening().answered(delivery);
        if (status == TransactionStatus.IDLE) transactionEnded(delivery);
        batchFailed = false;
        relay.deliveries().end(delivery);
        count(delivery, status);
        if (restores) {
            toRestore = delivery;
        } else {
            if (readyHeldBack) tellReady(status);
            relay.end(delivery);
        }
        relay.wake();
    }

    private void transactionEnded(Delivery last) {
        var session = relay.session();
        boolean committed = !last.hasFailed() && !batchFailed || last.outcomeUnknown;
        if (committed) session.commit(server);
        else session.rollBack(server);
        session.transactionEnded();
        relay.listening().transactionEnded(committed);
        relay.services().router().transactionEnded(session.routing());
    }

    /// Notes for later reads what this session has written and seen.
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
        dropHeldBack();
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
        if (server.notClean() == null) server.afterCancels(() -> pool.release(server));
        else reset(false);
    }

    /// The server is brought to rest and cleaned before anybody else has it.
    ///
    /// @param cancelRunning whether what still runs is of no use to anybody
    void reset(boolean cancelRunning) {
        dropHeldBack();
        ServerReset.begin(pool, relay.services().cancels(), server, this, cancelRunning);
    }

    /// The client leaves the server in the middle of something: what that leaves in the session is not
    /// known.
    void abandon(boolean cancelRunning) {
        boolean known = server.ledger().isAtRest() && relay.deliveries().isNoneUnderWay() && !doubts.isAny();
        if (!known) server.notClean("a client left before its answer");
        if (relay.session().pinned() != null) server.notClean("a client left that was pinned to it");
        if (ownNames) server.notClean("statements under a client's own names");
        boolean traces = server.hasTraces() && relay.kept().isSessionMode();
        if (traces || relay.session().held().has(Residue.LASTING)) server.lastUse();
        reset(cancelRunning);
    }

    /// Nobody may use the connection any more.
    void drop(CloseReason reason) {
        dropHeldBack();
        server.unlease();
        server.close(reason);
    }
}
