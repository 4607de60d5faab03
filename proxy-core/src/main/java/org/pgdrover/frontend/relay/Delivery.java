package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.QueryClass;

/// The fate of what one ReadyForQuery answers. It tells where it goes and why, what it runs, and what
/// has been answered of it.
///
/// It lasts from the first part of a batch to the ReadyForQuery; a batch that is not read whole has
/// several parts, one after another.
final class Delivery implements RelayNote {
    private final List<MessagePlan> plans = new ArrayList<>(6);
    private int count;
    private int partStart;
    /// Where the journal has it among those that are not over; negative if it is over.
    int place = -1;

    /// The statements that it runs.
    final BatchStatements statements;
    /// The names that it makes and closes itself.
    final BatchNames names = new BatchNames();
    /// What its statements say, for the statement log; none while nobody listens.
    final StatementTexts texts = new StatementTexts();

    /// The part that is to be sent next, or was sent last and may be sent again.
    @Nullable
    Batch part;

    /// The changes for which it counts among those under way, as [Deliveries] keeps them.
    int counted;

    /// Whether nothing of it was sent before the present part.
    boolean first = true;
    /// Whether its end has come from the client.
    private boolean complete;
    private boolean needsServer;

    /// When it came, in nanoseconds of the clock.
    long startNanos;
    /// The name of the node that it goes to.
    String node = "-";

    RoutingReason reason = RoutingReason.PROTOCOL;
    private String sqlState = "";
    /// Whether the client has had something of its answer.
    boolean begun;
    /// Its standby failed it: the primary must answer.
    boolean avoidStandby;
    /// Whether it has been run a second time.
    boolean repeated;
    /// Whether it was tried in vain because a server could not be reached, and since when.
    boolean attempted;
    long attemptedSinceNanos;
    /// Whether the wait of its commit for a synchronous standby was canceled, so that a failover may undo
    /// what is committed.
    boolean waitCanceled;
    /// What the client is told of that when the rest of the delivery is answered; null if the client has
    /// heard.
    @Nullable
    ErrorFields unconfirmed;
    /// Whether it is a string whose first statement ends a transaction that was lost with its server.
    boolean endsLost;
    /// What was sent before it, so that the transaction begins with it; null if the transaction does
    /// not.
    private @Nullable DeferredBegin begin;
    /// Whether that goes to the server in one write with it.
    private boolean begunWithIt;
    /// Whether all of it is proved to be a read, in a transaction that it does not begin.
    boolean read;
    /// Commands of it that have completed.
    int completed;
    /// It cannot be answered any more, and this is to be said when its turn comes.
    @Nullable
    ErrorFields refusal;
    /// Whether LISTEN is left to the client's own server: it was before in the batch, or there is no listener.
    boolean listensItself;
    /// Whether the server was told to send what it has, for the present part waits for it.
    boolean asked;
    /// Tells the server of its kind of message, which ends a COPY; null if nothing does, or the server
    /// has answered it, for the COPY had ended before.
    @Nullable
    Exchange copyBreak;
    /// A statement of the proxy's that is to be run before it; null if none is.
    byte @Nullable [] before;
    /// To be run when it is over, for it may define something; null if it does not.
    @Nullable
    Runnable whenDefined;
    /// Stands for its wait until others have left a database; null if it does not wait.
    @Nullable
    Object waitsForOthers;

    /// Statements that are not as the client was told, each with the error that its use gives; null
    /// while there are none.
    private @Nullable Map<ClientStatement, ErrorFields> unusable;

    /// @param defaults names of the parameters that the client's startup message has set
    Delivery(Supplier<Set<String>> defaults) {
        this.statements = new BatchStatements(defaults);
    }

    // What was found out

    /// Another part of the batch follows.
    ///
    /// @param answered whether nothing that was sent of it is still owed its answer
    void next(Batch following, boolean answered) {
        part = following;
        first = false;
        asked = false;
        copyBreak = null;
        names.next(answered);
        statements.next();
        texts.next();
        partStart = answered ? 0 : count;
        count = partStart;
        complete |= following.isComplete();
    }

    /// Of its present part, which is not the first, this is sent first.
    void cut(Batch piece) {
        part = piece;
        complete = piece.isComplete();
    }

    /// Forgets what was found out about the present part.
    void judgeAgain() {
        count = partStart;
        names.judgeAgain();
        texts.judgeAgain(first);
        needsServer &= !first;
        if (first) statements.clear();
        else statements.judgeAgain();
    }

    MessagePlan newPlan() {
        if (count == plans.size()) plans.add(new MessagePlan(this));
        return plans.get(count++).reset();
    }

    /// The plan of a message of the present part.
    MessagePlan plan(int index) {
        return plans.get(partStart + index);
    }

    /// The plans of all parts of which answers are owed, the present one's last.
    List<MessagePlan> plans() {
        return plans.subList(0, count);
    }

    /// Something of it runs with this class.
    void runs(QueryClass queryClass) {
        needsServer = true;
        statements.runs(queryClass);
    }

    /// A statement of this class is executed, and not only prepared.
    void executes(QueryClass queryClass) {
        if (statements.executes(queryClass)) names.deallocateAll();
    }

    /// A server is needed for it although nothing is known to run.
    void needsServer() {
        needsServer = true;
    }

    boolean isServerNeeded() {
        return needsServer;
    }

    void complete() {
        complete = true;
    }

    /// The server has ignored its end.
    void goesOn() {
        complete = false;
    }

    /// The client gets an error for it.
    void failedWith(ErrorFields error) {
        sqlState = error.sqlState();
    }

    /// SQLSTATE of its error, or empty.
    String sqlState() {
        return sqlState;
    }

    boolean hasFailed() {
        return !sqlState.isEmpty();
    }

    /// The transaction begins with it.
    ///
    /// @param inOneWrite whether BEGIN goes to the server in one write with it
    void beginsWith(DeferredBegin deferred, boolean inOneWrite) {
        begin = deferred;
        begunWithIt = inOneWrite;
    }

    /// The transaction has not begun with it after all.
    void takeBackBegin() {
        begin = null;
        begunWithIt = false;
    }

    /// The BEGIN that was sent before it, so that the transaction begins with it; null if none was.
    @Nullable
    DeferredBegin begin() {
        return begin;
    }

    /// Whether that BEGIN goes to the server in one write with it.
    boolean isBegunWithIt() {
        return begunWithIt;
    }

    /// Whether its present part closes a prepared statement that has a name.
    boolean closesNamed() {
        for (int i = partStart; i < count; i++) if (plans.get(i).closesNamed) return true;
        return false;
    }

    boolean isComplete() {
        return complete;
    }

    /// The class of the statement of a Query that completes next.
    QueryClass nextPart(QueryClass whole) {
        int index = completed++;
        if (whole.parts().isEmpty()) return index == 0 ? whole : QueryClass.UNKNOWN;
        return index < whole.parts().size() ? whole.parts().get(index) : QueryClass.UNKNOWN;
    }

    /// Whether all that it runs is a read as far as the text tells, and it has come whole.
    boolean isWholeRead() {
        return complete && first && needsServer && statements.areReads();
    }

    /// Whether it may have changed something: whatever is not proved to be a read, or to only begin or
    /// end a transaction.
    boolean mayWrite() {
        return !read && !reason.isProvedRead() && statements.mayWrite();
    }

    /// Whether a transaction may have been committed by it.
    boolean mayCommit() {
        return statements.mayCommit() || mayWrite() && statements.transactions().goOnBehindRollback();
    }

    /// Whether it begins a transaction block and leaves the block open.
    boolean opensTransaction() {
        return begunWithIt || statements.transactions().open() && !statements.mayCommit();
    }

    /// Whether to run it twice is proved to be the same as once: proved reads, and the mere beginning of
    /// a transaction.
    boolean mayRunAgain() {
        if (!complete || !first || begun || repeated) return false;
        return reason.isProvedRead() && isWholeRead() || statements.onlyBegin();
    }

    /// Whether it names a function or command that shows parameters, and something with a dot, as custom
    /// parameters have.
    boolean mayShowCustomSettings() {
        var batch = part;
        if (!statements.show() || batch == null || batch.bytes() == null) return false;
        var bytes = Objects.requireNonNull(batch.bytes());
        // The text of a statement that was prepared before stands elsewhere.
        for (int i = 0; i < batch.messages(); i++)
            if (batch.message(i).type == MessageType.BIND && isOlder(plan(i).statement)) return true;
        return bytes.indexOf(batch.from(), batch.from() + batch.size(), (byte) '.') >= 0;
    }

    private static boolean isOlder(@Nullable ClientStatement statement) {
        return statement != null && statement.isAnswered();
    }

    /// Whether its present part names a statement of the client.
    boolean namesStatements() {
        for (int i = partStart; i < count; i++) {
            var statement = plans.get(i).statement;
            if (statement != null && !statement.isUnnamed()) return true;
        }
        return false;
    }

    void unusable(ClientStatement statement, ErrorFields error) {
        var all = unusable;
        if (all == null) unusable = all = new HashMap<>();
        all.put(statement, error);
    }

    @Nullable
    ErrorFields whyUnusable(ClientStatement statement) {
        return unusable == null ? null : unusable.get(statement);
    }

    /// What it may have defined is done, or never will be.
    void defined() {
        if (whenDefined != null) whenDefined.run();
        whenDefined = null;
    }

    /// As new.
    Delivery recycle() {
        first = true;
        complete = false;
        partStart = 0;
        names.recycle();
        judgeAgain();
        node = "-";
        reason = RoutingReason.PROTOCOL;
        sqlState = "";
        begun = false;
        avoidStandby = false;
        repeated = false;
        waitCanceled = false;
        unconfirmed = null;
        endsLost = false;
        copyBreak = null;
        attempted = false;
        completed = 0;
        takeBackBegin();
        read = false;
        refusal = null;
        listensItself = false;
        asked = false;
        before = null;
        defined();
        waitsForOthers = null;
        unusable = null;
        part = null;
        return this;
    }
}
