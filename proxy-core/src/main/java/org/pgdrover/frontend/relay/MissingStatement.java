package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.FakeAnswer;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.SharedStatements;
import org.pgdrover.frontend.session.StatementShape;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.Residue;

/// Lets a message fail, as by PostgreSQL, that names a statement which is not there for its client.
final class MissingStatement {
    /// A name that no statement ever has: using it fails at the position where the client has to get an
    /// error.
    static final byte[] NAME = (SharedStatements.PREFIX + "missing").getBytes(StandardCharsets.US_ASCII);

    /// Commands that give no rows and take no parameters.
    private static final Set<String> SILENT = Set.of(
            "BEGIN",
            "START TRANSACTION",
            "COMMIT",
            "ROLLBACK",
            "SAVEPOINT",
            "RELEASE",
            "ROLLBACK TO",
            "SET",
            "SET LOCAL",
            "RESET",
            "LISTEN",
            "UNLISTEN",
            "NOTIFY",
            "DISCARD",
            "DEALLOCATE");

    private static final StatementShape NOTHING = new StatementShape(new byte[2], null);

    private final PassingBytes bytes;

    MissingStatement(PassingBytes bytes) {
        this.bytes = bytes;
    }

    /// The error that its use gives if the statement is not there for the client; else null.
    static @Nullable ErrorFields why(MessagePlan plan, ByteBuf buffer, int nameStart, int nameEnd, ServerLease lease) {
        if (plan.statement != null) return plan.delivery().whyUnusable(plan.statement);
        // The server knows what SQL's PREPARE has made, and says itself what it does not know.
        boolean mayHaveOthers = lease.hasOwnNames() || lease.doubts().may().has(Residue.PREPARED);
        if (mayHaveOthers && nameEnd > nameStart) return null;
        return error(buffer.toString(nameStart, nameEnd - nameStart, StandardCharsets.UTF_8));
    }

    static ErrorFields error(String name) {
        return ErrorFields.error(
                SqlState.INVALID_SQL_STATEMENT_NAME,
                name.isEmpty()
                        ? "unnamed prepared statement does not exist"
                        : "prepared statement \"" + name + "\" does not exist");
    }

    /// PostgreSQL counts the values before it looks at the transaction, and at what the statement means
    /// today; the error if they are too many or too few.
    static @Nullable ErrorFields otherValues(MessagePlan plan, ByteBuf buffer, int nameEnd, int end) {
        var statement = plan.statement;
        if (statement == null || statement.shape() == null) return null;
        return otherValues(statement, statement.shape().parameterCount(), buffer, nameEnd, end);
    }

    /// The error if a Bind gives a statement more or fewer values than the statement takes.
    ///
    /// @param wanted how many it takes; negative if nobody knows
    static @Nullable ErrorFields otherValues(
            ClientStatement statement, int wanted, ByteBuf buffer, int nameEnd, int end) {
        if (wanted < 0 || nameEnd + 3 > end) return null;
        int countAt = nameEnd + 3 + 2 * buffer.getUnsignedShort(nameEnd + 1);
        if (countAt + 2 > end) return null;
        int given = buffer.getUnsignedShort(countAt);
        if (given == wanted) return null;
        var name = new String(statement.name(), StandardCharsets.UTF_8);
        return ErrorFields.error(
                SqlState.PROTOCOL_VIOLATION,
                "bind message supplies " + given + " parameters, but prepared statement \"" + name + "\" requires "
                        + wanted);
    }

    /// PostgreSQL describes what gives no rows also in a failed transaction, and whatever has become of its tables.
    static boolean givesNothing(MessagePlan plan) {
        var shape = plan.statement == null ? null : shape(plan.statement);
        return shape != null && !shape.givesRows() && shape.parameterCount() >= 0;
    }

    /// What its server has said of it, or what its command tells; null if nobody knows.
    private static @Nullable StatementShape shape(ClientStatement statement) {
        var definition = statement.definition();
        if (statement.shape() != null || definition == null) return statement.shape();
        boolean plain = definition[definition.length - 2] == 0 && definition[definition.length - 1] == 0;
        return plain && SILENT.contains(statement.queryClass().statement()) ? NOTHING : null;
    }

    private static boolean isInFailedTransaction(MessagePlan plan) {
        return plan.errorInstead instanceof ErrorFields error
                && error.sqlState().equals(SqlState.IN_FAILED_SQL_TRANSACTION);
    }

    /// The statement is not there, and cannot be prepared now.
    void fakeDescribe(MessagePlan plan, ServerLease lease) {
        plan.errorInstead = null;
        bytes.finish(lease.server());
        var parameters = Objects.requireNonNull(shape(Objects.requireNonNull(plan.statement)))
                .parameters();
        var answer = lease.server().newBuffer(10 + parameters.length);
        BackendMessages.parameters(answer, parameters);
        BackendMessages.bare(answer, MessageType.NO_DATA);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FAKE, lease, new FakeAnswer(answer, plan));
    }

    /// PostgreSQL tells the parameters before it looks at what the statement means today.
    void describeParameters(MessagePlan plan, ServerLease lease) {
        var shape = plan.statement == null || isInFailedTransaction(plan) ? null : plan.statement.shape();
        if (shape == null || shape.parameterCount() < 0) return;
        bytes.finish(lease.server());
        var parameters = shape.parameters();
        var answer = lease.server().newBuffer(5 + parameters.length);
        BackendMessages.parameters(answer, parameters);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FAKE, lease, new FakeAnswer(answer, plan));
    }
}
