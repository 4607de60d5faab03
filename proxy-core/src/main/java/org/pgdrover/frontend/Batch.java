package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.metrics.QueryMeter;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.routing.RoutingReason;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/**
 * What one ReadyForQuery will answer: a Query, a FunctionCall, or extended-query messages up to their Sync; with its bytes as long as it might
 * have to be sent (again).
 */
final class Batch {
    private final List<ClientMessage> messages = new ArrayList<>(6);
    private final ClientMessage passing = new ClientMessage();
    private int count;
    private @Nullable ByteBuf base;
    private int from;
    private int to;
    private boolean copied;

    private final List<QueryClass> classes = new ArrayList<>(2);
    private boolean onlyReads = true;
    private boolean needsServer;
    private boolean complete;

    /** When it came, in nanoseconds of the clock. */
    long startNanos;
    /** What was decided of it, for the statement log. */
    String node = "-";

    RoutingReason reason = RoutingReason.PROTOCOL;
    QueryMeter meter = QueryMeter.NOOP;
    /** SQLSTATE of its error, or empty. */
    String sqlState = "";
    /** Messages of its answer that the client has had from a server that then failed. */
    int framesAnswered;
    /** Its standby failed it: the primary must answer. */
    boolean avoidStandby;
    /** Times that it was tried in vain because a server could not be reached. */
    int attempts;
    /** It cannot be answered any more, and this is to be said when its turn comes. */
    @Nullable
    ErrorFields refusal;
    /** Statements in it for the statement log; null while nobody listens. */
    @Nullable
    List<String> texts;

    /** Adds a message that passes at once: its bytes are not kept, nor is it, unless it matters when the batch ends. */
    ClientMessage pass(byte type, int size) {
        boolean matters = type == MessageType.PARSE || type == MessageType.QUERY;
        return (matters ? message() : passing).set(type, 0, size);
    }

    /** Adds a message and keeps its bytes. */
    ClientMessage append(byte type, ByteBuf buffer, int start, int end) {
        int offset = to - from;
        if (base == null) {
            base = buffer.retain();
            from = start;
            to = end;
            copied = false;
            offset = 0;
        } else if (base == buffer && to == start && !copied) {
            to = end;
        } else {
            copy(buffer, start, end);
        }
        return message().set(type, offset, end - start);
    }

    private ClientMessage message() {
        if (count == messages.size()) messages.add(new ClientMessage());
        return messages.get(count++);
    }

    private void copy(ByteBuf buffer, int start, int end) {
        var old = base;
        if (!copied && old != null) {
            var own = buffer.alloc().buffer(Math.max(256, 2 * (to - from + end - start)));
            own.writeBytes(old, from, to - from);
            old.release();
            base = own;
            from = 0;
            copied = true;
        }
        if (base != null) {
            base.writeBytes(buffer, start, end - start);
            to = base.writerIndex();
        }
    }

    int messages() {
        return count;
    }

    ClientMessage message(int index) {
        return messages.get(index);
    }

    /** The kept bytes; messages' positions count from {@link #from()}. */
    @Nullable
    ByteBuf bytes() {
        return base;
    }

    int from() {
        return from;
    }

    /** Bytes kept. */
    int size() {
        return base == null ? 0 : to - from;
    }

    /** Something of it runs with this class. */
    void runs(QueryClass queryClass) {
        needsServer = true;
        if (queryClass.access() != Access.READ) onlyReads = false;
        if (classes.isEmpty() || classes.getLast() != queryClass) classes.add(queryClass);
    }

    /** A server is needed for it although nothing is known to run. */
    void needsServer() {
        needsServer = true;
    }

    boolean isServerNeeded() {
        return needsServer;
    }

    /** It ends here: Sync, Query or FunctionCall has come. */
    void completed() {
        complete = true;
    }

    boolean isComplete() {
        return complete;
    }

    List<QueryClass> classes() {
        return classes;
    }

    /** Whether all that it runs is a read as far as the text tells, and it has come whole. */
    boolean isWholeRead() {
        return complete && onlyReads && needsServer && !classes.isEmpty();
    }

    /** Whether something in it changes data or might. */
    boolean mayWrite() {
        for (int i = 0; i < classes.size(); i++) if (classes.get(i).access() == Access.WRITE) return true;
        return false;
    }

    boolean commits() {
        for (int i = 0; i < classes.size(); i++)
            if (classes.get(i).transaction() == TransactionEffect.COMMIT) return true;
        return false;
    }

    /** Whether it begins a transaction block that it leaves open. */
    boolean opensTransaction() {
        if (classes.isEmpty() || !begins(classes.getFirst())) return false;
        for (int i = 1; i < classes.size(); i++) {
            var effect = classes.get(i).transaction();
            if (effect == TransactionEffect.COMMIT || effect == TransactionEffect.ROLLBACK) return false;
        }
        return true;
    }

    private static boolean begins(QueryClass queryClass) {
        return queryClass.transaction() == TransactionEffect.BEGIN
                || queryClass.transaction() == TransactionEffect.BEGIN_READ_ONLY;
    }

    /** Whether to run it twice is the same as once: proved reads, wherever they went, and the mere beginning of a transaction. */
    boolean mayRunAgain() {
        if (reason.isProvedRead()) return true;
        for (int i = 0; i < classes.size(); i++)
            if (!begins(classes.get(i)) && classes.get(i).access() != Access.EMPTY) return false;
        return !classes.isEmpty();
    }

    /** The class that the metrics count it under. */
    String label() {
        if (classes.isEmpty()) return "other";
        return switch (classes.size() == 1 ? classes.getFirst().access() : worst()) {
            case READ -> "read";
            case WRITE -> "write";
            case TRANSACTION -> "transaction";
            case SESSION -> "session";
            case EMPTY -> "other";
        };
    }

    private Access worst() {
        var worst = Access.EMPTY;
        for (var each : classes) worst = each.access() == Access.WRITE || worst == Access.EMPTY ? each.access() : worst;
        return worst;
    }

    /** Whether it can be run again elsewhere: its bytes are still here. */
    boolean isRepeatable() {
        return complete && base != null;
    }

    /** It will not have to be sent again. */
    void releaseBytes() {
        if (base != null) base.release();
        base = null;
        from = 0;
        to = 0;
    }

    /** As new. */
    Batch recycle() {
        releaseBytes();
        count = 0;
        copied = false;
        classes.clear();
        onlyReads = true;
        needsServer = false;
        complete = false;
        node = "-";
        reason = RoutingReason.PROTOCOL;
        meter = QueryMeter.NOOP;
        sqlState = "";
        framesAnswered = 0;
        avoidStandby = false;
        attempts = 0;
        refusal = null;
        texts = null;
        return this;
    }

    /** Whether its last message is a Flush, so that the client waits for what it has sent so far. */
    boolean endsWithFlush() {
        return count > 0 && messages.get(count - 1).type == MessageType.FLUSH;
    }
}
