package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Exchange;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/// Stands in for the server of a transaction that was lost with it, until the client ends the
/// transaction.
///
/// It answers as PostgreSQL answers in an aborted transaction (PostgreSQL manual, section 54.2.2), so no
/// statement of the transaction's remainder is ever run on its own. Prepared statements are none of the
/// transaction's: what the answers make of their names holds.
final class LostTransaction {
    private static final Set<String> ENDS = Set.of("COMMIT", "ROLLBACK", "PREPARE TRANSACTION");
    private static final int HEADER = 5;
    private static final int MOST_BOUND = 100;

    private final Relay relay;
    private ErrorFields next;
    private boolean reported;
    private boolean discarding;
    private boolean over;
    /// The portals that would end the transaction, by name; a portal that was closed is
    /// [QueryClass#NOT_PREPARED].
    private final Map<String, QueryClass> bound = new HashMap<>(2);

    /// @param cause what the client is told first
    /// @param reported whether it has been told already
    LostTransaction(Relay relay, ErrorFields cause, boolean reported) {
        this.relay = relay;
        this.next = reported ? aborted() : cause;
        this.reported = reported;
    }

    /// PostgreSQL's error for whatever does not end a failed transaction.
    static ErrorFields aborted() {
        return ErrorFields.error(
                SqlState.IN_FAILED_SQL_TRANSACTION,
                "current transaction is aborted, commands ignored until end of transaction block");
    }

    /// Whether the client has ended the transaction, so that its next batch is served as usual.
    boolean isOver() {
        return over;
    }

    /// Whether the rest of a batch, up to Sync, is of no use.
    boolean isDiscarding() {
        return discarding;
    }

    /// The client has sent a batch's beginning before the loss: the rest of it up to Sync is discarded.
    void discardUntilSync() {
        discarding = true;
    }

    /// Whether a batch is a string that ends the transaction and then goes on: the rest of it is run as
    /// usual.
    boolean endsAndGoesOn(Batch batch, MessagePlan plan) {
        var parts = plan.runs.parts();
        return !discarding
                && batch.isOnly(MessageType.QUERY)
                && !parts.isEmpty()
                && ends(parts.getFirst())
                && (reported || parts.getFirst().transaction() != TransactionEffect.COMMIT);
    }

    /// Answers one message of the client.
    void answer(Batch batch, int index, MessagePlan plan) {
        var out = relay.client().newBuffer(128);
        switch (batch.message(index).type) {
            case MessageType.SYNC -> {
                discarding = false;
                ready(out);
            }
            case MessageType.QUERY -> query(out, plan.runs);
            case MessageType.FUNCTION_CALL -> {
                if (!discarding) {
                    fail(out);
                    ready(out);
                }
            }
            default -> {
                if (!discarding) extended(out, batch, index, plan);
            }
        }
        relay.write(out);
    }

    private void query(ByteBuf out, QueryClass queryClass) {
        if (discarding) return;
        relay.session().statements().unnamed(null);
        var first =
                queryClass.parts().isEmpty() ? queryClass : queryClass.parts().getFirst();
        boolean tellsOfLoss = !reported && first.transaction() == TransactionEffect.COMMIT;
        // What stands behind in a string must not be passed over in silence.
        if (ends(first) && (first == queryClass || tellsOfLoss)) end(out, first);
        else if (isEmpty(queryClass)) BackendMessages.bare(out, MessageType.EMPTY_QUERY_RESPONSE);
        else fail(out);
        ready(out);
    }

    private void extended(ByteBuf out, Batch batch, int index, MessagePlan plan) {
        switch (batch.message(index).type) {
            case MessageType.PARSE -> parse(out, Objects.requireNonNull(plan.statement), plan);
            case MessageType.BIND -> {
                boolean exits = ends(plan.runs);
                if (plan.statement == null) failMissing(out, batch, index);
                else if (otherValues(batch, index, plan.statement, exits) instanceof ErrorFields error)
                    failBatch(out, error);
                else if (exits && bound.size() < MOST_BOUND) bind(out, portal(batch, index), plan.runs);
                else failBatch(out);
            }
            case MessageType.DESCRIBE -> describe(out, batch, index, plan);
            case MessageType.EXECUTE -> {
                var portal = portal(batch, index);
                var runs = bound.get(portal);
                if (runs == null) failBatch(out);
                else if (runs == QueryClass.NOT_PREPARED) failBatch(out, noPortal(portal));
                else if (end(out, runs)) discarding = true;
            }
            case MessageType.CLOSE -> {
                if (plan.closes && plan.statement != null) close(plan.statement);
                closed(batch, index);
                BackendMessages.bare(out, MessageType.CLOSE_COMPLETE);
            }
            default -> {}
        }
    }

    private void bind(ByteBuf out, String portal, QueryClass runs) {
        var open = portal.isEmpty() ? null : bound.get(portal);
        if (open != null && open != QueryClass.NOT_PREPARED) {
            failBatch(out, ErrorFields.error(SqlState.DUPLICATE_CURSOR, "cursor \"" + portal + "\" already exists"));
            return;
        }
        bound.put(portal, runs);
        BackendMessages.bare(out, MessageType.BIND_COMPLETE);
    }

    private static ErrorFields noPortal(String name) {
        return ErrorFields.error(SqlState.INVALID_CURSOR_NAME, "portal \"" + name + "\" does not exist");
    }

    /// What a Close names is not there any more, also if only the lost server could make it.
    private void closed(Batch batch, int index) {
        var message = batch.message(index);
        if (message.size <= HEADER) return;
        var name = name(batch, index, 1);
        boolean portal = Objects.requireNonNull(batch.bytes()).getByte(batch.from() + message.start + HEADER) == 'P';
        if (portal) bound.computeIfPresent(name, (_, _) -> QueryClass.NOT_PREPARED);
        else if (name.isEmpty()) relay.session().statements().unnamed(null);
    }

    private static boolean isEmpty(QueryClass queryClass) {
        return queryClass.access() == Access.EMPTY;
    }

    /// The name of the portal that a Bind or Execute is about.
    private static String portal(Batch batch, int index) {
        return name(batch, index, 0);
    }

    /// The string of a message that stands behind so many bytes.
    private static String name(Batch batch, int index, int skipped) {
        var message = batch.message(index);
        var bytes = Objects.requireNonNull(batch.bytes());
        int start = batch.from() + message.start;
        int at = start + HEADER + skipped;
        return bytes.toString(at, WireReader.endOfString(bytes, at, start + message.size) - at, StandardCharsets.UTF_8);
    }

    private void parse(ByteBuf out, ClientStatement statement, MessagePlan plan) {
        if (statement.isUnnamed()) relay.session().statements().unnamed(null);
        if (!ends(plan.runs)) {
            failBatch(out);
        } else if (plan.errorInstead != null) {
            failBatch(out, plan.errorInstead);
        } else {
            OwnAnswers.parsed(relay, statement);
            BackendMessages.bare(out, MessageType.PARSE_COMPLETE);
        }
    }

    /// A server that the client keeps, and that knows its statements by their own names, was not lost: the
    /// transaction has failed before any server knew of the transaction.
    private void close(ClientStatement statement) {
        relay.session().statements().remove(statement);
        var kept = relay.kept().lease();
        if (kept == null || !kept.hasOwnNames()) return;
        var there = kept.server().session().statements().close(statement);
        if (there != null)
            new Exchange(kept.server(), _ -> {}).close(there).sync().send();
    }

    private void describe(ByteBuf out, Batch batch, int index, MessagePlan plan) {
        if (plan.statement == null && plan.runs == QueryClass.NOT_PREPARED) {
            failMissing(out, batch, index);
        } else if (plan.statement != null && shape(plan.statement) instanceof StatementShape shape) {
            BackendMessages.parameters(out, shape.parameters());
            BackendMessages.bare(out, MessageType.NO_DATA);
        } else if (plan.statement == null && bound.get(name(batch, index, 1)) instanceof QueryClass open) {
            if (open == QueryClass.NOT_PREPARED) failBatch(out, noPortal(name(batch, index, 1)));
            else BackendMessages.bare(out, MessageType.NO_DATA);
        } else {
            failBatch(out);
        }
    }

    /// What is known of a statement that gives no rows, which can be described in an aborted
    /// transaction; else null.
    private static @Nullable StatementShape shape(ClientStatement statement) {
        var shape = statement.shape();
        return shape == null || shape.givesRows() ? null : shape;
    }

    /// What ends a transaction takes no values; of anything else only its server can have told.
    private @Nullable ErrorFields otherValues(Batch batch, int index, ClientStatement statement, boolean exits) {
        var shape = statement.shape();
        int wanted = shape != null ? shape.parameterCount() : exits ? 0 : -1;
        var message = batch.message(index);
        var bytes = Objects.requireNonNull(batch.bytes());
        int start = batch.from() + message.start;
        int end = start + message.size;
        int nameStart = WireReader.endOfString(bytes, start + HEADER, end) + 1;
        return MissingStatement.otherValues(
                statement, wanted, bytes, WireReader.endOfString(bytes, nameStart, end), end);
    }

    /// In its failed transaction PostgreSQL would still have the unnamed statement that has gone with
    /// the server.
    private void failMissing(ByteBuf out, Batch batch, int index) {
        var name = missing(batch, index);
        if (name.isEmpty() && relay.session().statements().isUnnamedLost()) failBatch(out);
        else failBatch(out, MissingStatement.error(name));
    }

    private static String missing(Batch batch, int index) {
        var message = batch.message(index);
        var bytes = Objects.requireNonNull(batch.bytes());
        int start = batch.from() + message.start + HEADER;
        int end = batch.from() + message.start + message.size;
        // Behind the portal's name, or behind the letter that says what is described.
        int at = message.type == MessageType.BIND ? WireReader.endOfString(bytes, start, end) + 1 : start + 1;
        return bytes.toString(at, WireReader.endOfString(bytes, at, end) - at, StandardCharsets.UTF_8);
    }

    private static boolean ends(QueryClass queryClass) {
        // AND CHAIN begins another transaction, of which nobody knows how it was to begin.
        return queryClass.parts().isEmpty() && ENDS.contains(queryClass.statement());
    }

    /// A COMMIT that is the first to hear of the loss must not look like one that went well.
    ///
    /// @return whether it has failed
    private boolean end(ByteBuf out, QueryClass queryClass) {
        over = true;
        if (!reported && queryClass.transaction() == TransactionEffect.COMMIT) {
            fail(out);
            return true;
        }
        BackendMessages.commandComplete(out, "ROLLBACK");
        return false;
    }

    private void failBatch(ByteBuf out) {
        fail(out);
        discarding = true;
    }

    /// The loss is told before anything else: what is not there may have gone with the server.
    private void failBatch(ByteBuf out, ErrorFields error) {
        if (reported) BackendMessages.error(out, error);
        else fail(out);
        discarding = true;
    }

    private void fail(ByteBuf out) {
        BackendMessages.error(out, next);
        next = aborted();
        reported = true;
    }

    private void ready(ByteBuf out) {
        BackendMessages.readyForQuery(out, over ? TransactionStatus.IDLE : TransactionStatus.FAILED);
    }
}
