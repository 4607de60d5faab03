package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.FakeAnswer;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerStatements;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.ClientStatements;
import org.pgdrover.frontend.session.SharedStatement;
import org.pgdrover.frontend.session.SharedStatements;
import org.pgdrover.frontend.session.TrackedSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;

/// Writes the parts of deliveries to a server. It writes prepared statements under the names they have
/// there, and the answers to expect into the server's ledger.
///
/// On a server that has only this client's statements the client's own names are used and the bytes pass
/// as they are. On any other server a statement has its shared name. Whatever a statement needs to be
/// there already has been seen to before: see [ServerNeeds].
final class ServerWriter {
    private static final int HEADER = 5;
    private static final byte[] NO_NAME = {};
    /// A name that no statement ever has: using it fails at the position where the client has to get an
    /// error.
    private static final byte[] MISSING = (SharedStatements.PREFIX + "missing").getBytes(StandardCharsets.US_ASCII);

    private static final byte[] BEGIN = "BEGIN".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COMMIT = "COMMIT".getBytes(StandardCharsets.US_ASCII);
    private final ClientStatements statements;
    private final TrackedSettings settings;

    /// Bytes that pass as they are and stand together; none while the buffer is null.
    private @Nullable ByteBuf runBuffer;

    private int runStart;
    private int runEnd;

    ServerWriter(ClientStatements statements, TrackedSettings settings) {
        this.settings = settings;
        this.statements = statements;
    }

    /// Writes the present part of a delivery.
    void write(Delivery delivery, ServerLease lease) {
        var batch = Objects.requireNonNull(delivery.part);
        var buffer = Objects.requireNonNull(batch.bytes());
        for (int i = 0; i < batch.messages(); i++) {
            var message = batch.message(i);
            int start = batch.from() + message.start;
            if (delivery.before != null && ClientListening.mayNotify(message, delivery.plan(i)))
                before(delivery, i == 0 && message.type == MessageType.QUERY, lease);
            write(message, delivery.plan(i), buffer, start, start + message.size, lease);
            if (message.type == MessageType.EXECUTE && delivery.statements.takesDefaultsAway())
                restore(delivery.plan(i).runs.session(), isFollowed(batch, i), lease);
        }
        finish(lease.server());
    }

    /// Sets again what RESET has taken away, before the next message of the batch runs; the client hears
    /// nothing of that.
    ///
    /// A Query behind the batch could do it too, but would end the unnamed portal where a transaction
    /// goes on.
    private void restore(SessionEffect effect, boolean followed, ServerLease lease) {
        // DISCARD ALL stands in no transaction, and what follows must find none.
        boolean alone = effect instanceof SessionEffect.DiscardAll;
        if (alone && !followed) return;
        var all = settings.restoring(effect);
        if (all.isEmpty()) return;
        finish(lease.server());
        var own = new OwnStatement(lease);
        if (alone) own.run(BEGIN);
        for (int i = 0; i < all.size(); i++)
            own.run(
                    all.get(i).getBytes(StandardCharsets.US_ASCII),
                    i + 1 < all.size() ? Note.NONE : new RelayNote.Restores());
        if (alone) own.run(COMMIT);
    }

    private static boolean isFollowed(Batch batch, int message) {
        return message + 1 == batch.messages() || batch.message(message + 1).type != MessageType.SYNC;
    }

    /// Writes bytes that nobody needs to see: copied data, or the rest of a large message; borrowed.
    static void writeRun(ByteBuf buffer, int start, int end, ServerConnection server) {
        server.write(buffer.retainedSlice(start, end - start));
    }

    /// Writes CopyDone or CopyFail; borrowed.
    static void writeCopyEnd(ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(RequestKind.COPY_END, AnswerFate.FORWARD, lease, Note.NONE);
        writeRun(buffer, start, end, lease.server());
    }

    private void write(ClientMessage message, MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        var delivery = plan.delivery();
        plan.there = lease.server().statements().sent();
        switch (message.type) {
            case MessageType.QUERY -> {
                statements.planned(NO_NAME);
                plan.announced = true;
                lease.server().unnamedStatement(null);
                if (isReplaced(plan, lease)) queryInstead(plan, lease);
                else if (plan.insertions == null) plain(RequestKind.QUERY, plan, buffer, start, end, lease);
                else longer(plan, plan.insertions, buffer, start, end, lease);
            }
            case MessageType.FUNCTION_CALL -> plain(RequestKind.FUNCTION_CALL, delivery, buffer, start, end, lease);
            case MessageType.EXECUTE -> plain(RequestKind.EXECUTE, plan, buffer, start, end, lease);
            case MessageType.SYNC -> plain(RequestKind.SYNC, delivery, buffer, start, end, lease);
            case MessageType.FLUSH -> {
                lease.server().ledger().flushed();
                pass(buffer, start, end, lease.server());
            }
            case MessageType.PARSE -> parse(message, plan, buffer, start, end, lease);
            case MessageType.BIND -> bind(plan, buffer, start, end, lease);
            case MessageType.DESCRIBE -> describe(plan, buffer, start, end, lease);
            case MessageType.CLOSE -> close(plan, buffer, start, end, lease);
            default -> throw new IllegalArgumentException("message type: " + message.type);
        }
    }

    private void plain(RequestKind kind, Note note, ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(kind, AnswerFate.FORWARD, lease, note);
        pass(buffer, start, end, lease.server());
    }

    private void longer(
            MessagePlan plan, Insertions insertions, ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(RequestKind.QUERY, AnswerFate.FORWARD, lease, plan);
        int length = end - start + insertions.length();
        var out = lease.server().newBuffer(length);
        out.writeByte(MessageType.QUERY).writeInt(length - 1);
        insertions.write(out, buffer, start + HEADER, end);
        write(out, lease.server());
    }

    private void pass(ByteBuf buffer, int start, int end, ServerConnection server) {
        if (runBuffer == buffer && runEnd == start) {
            runEnd = end;
            return;
        }
        finish(server);
        runBuffer = buffer;
        runStart = start;
        runEnd = end;
    }

    private void finish(ServerConnection server) {
        if (runBuffer == null) return;
        server.write(runBuffer.retainedSlice(runStart, runEnd - runStart));
        runBuffer = null;
    }

    private void write(ByteBuf bytes, ServerConnection server) {
        finish(server);
        server.write(bytes);
    }

    // Parse

    private void parse(ClientMessage message, MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        var statement = Objects.requireNonNull(plan.statement);
        if (plan.duplicate) {
            duplicate(plan, statement, buffer, start, end, lease);
            return;
        }
        announce(plan, statement.name());
        var server = lease.server();
        if (statement.isUnnamed()) {
            server.unnamedStatement(statement);
            plain(RequestKind.PARSE, plan, buffer, start, end, lease);
            return;
        }
        var shared = statement.shared();
        if (lease.hasOwnNames() || shared == null) {
            server.statements().add(statement, statement.name(), statement);
            plain(RequestKind.PARSE, plan, buffer, start, end, lease);
            if (!message.large) describeForUs(plan, statement.name(), lease);
        } else {
            parseShared(plan, statement, shared, lease);
        }
    }

    /// The statement's text is judged by the server each time that a client prepares it: what it means
    /// may have changed.
    private void parseShared(MessagePlan plan, ClientStatement statement, SharedStatement shared, ServerLease lease) {
        var server = lease.server();
        // A Parse that the server is sure to discard leaves the statements there as they are.
        if (!server.ledger().isDiscarding()) {
            makeRoom(shared, lease);
            server.statements().add(shared, shared.name(), statement);
        }
        server.expect(RequestKind.PARSE, AnswerFate.FORWARD, lease, plan);
        var definition = Objects.requireNonNull(statement.definition());
        var out = server.newBuffer(6 + shared.name().length + definition.length);
        FrontendMessages.parse(out, shared.name(), definition);
        write(out, server);
        describeForUs(plan, shared.name(), lease);
    }

    /// Closes what stands in the way of one more statement: an older one of its name, and the least used
    /// if there are too many.
    private void makeRoom(SharedStatement shared, ServerLease lease) {
        var server = lease.server();
        var old = server.statements().remove(shared);
        if (old != null) close(old, lease);
        var surplus = server.statements().surplus();
        if (surplus != null) close(surplus, lease);
    }

    private void close(ServerStatements.Prepared statement, ServerLease lease) {
        var server = lease.server();
        var name = statement.name();
        server.expect(RequestKind.CLOSE, AnswerFate.SKIP, lease, new RelayNote.MakesRoom(statement));
        var out = server.newBuffer(8 + name.length);
        FrontendMessages.closeStatement(out, name);
        write(out, server);
    }

    private void describeForUs(MessagePlan plan, byte[] name, ServerLease lease) {
        var server = lease.server();
        server.expect(RequestKind.DESCRIBE, AnswerFate.SKIP, lease, plan);
        var out = server.newBuffer(8 + name.length);
        FrontendMessages.describeStatement(out, name);
        write(out, server);
    }

    private void announce(MessagePlan plan, byte[] name) {
        plan.announced = true;
        statements.planned(name);
    }

    /// PostgreSQL judges the text before it refuses a name that is taken: the Parse goes out under a
    /// name that is taken there.
    private void duplicate(
            MessagePlan plan, ClientStatement taken, ByteBuf buffer, int start, int end, ServerLease lease) {
        int nameEnd = WireReader.endOfString(buffer, start + HEADER, end);
        boolean there = PreparedAgain.isKnown(taken, lease);
        if (!there) take(lease);
        lease.server().expect(RequestKind.PARSE, AnswerFate.FORWARD, lease, plan);
        var name = there ? serverName(taken, lease) : OwnStatement.NAME;
        named(buffer, start, start + HEADER, nameEnd, end, name, lease.server());
    }

    /// The statement could not be prepared there, and its name is not taken: an empty statement, which
    /// may be prepared in a failed transaction too, takes another one.
    private void take(ServerLease lease) {
        finish(lease.server());
        new OwnStatement(lease).prepare(NO_NAME);
        // It stays there behind the error: a client that asks for its statements must not find it.
        lease.server().statements().add(OwnStatement.NAME, OwnStatement.NAME, OwnStatement.NAME);
    }

    // Messages that name a statement

    private void bind(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        int portalEnd = WireReader.endOfString(buffer, start + HEADER, end);
        int nameStart = portalEnd + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        plan.errorInstead = whyMissing(plan, buffer, nameStart, nameEnd, lease);
        if (plan.errorInstead != null) {
            if (otherValues(plan, buffer, nameEnd, end) instanceof ErrorFields error) plan.errorInstead = error;
            // The message itself goes, for more of it may follow.
            lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
            named(buffer, start, nameStart, nameEnd, end, MISSING, lease.server());
            return;
        }
        if (isReplaced(plan, lease)) {
            var own = new OwnStatement(lease);
            finish(lease.server());
            own.prepare(Objects.requireNonNull(plan.instead));
            lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
            named(buffer, start, nameStart, nameEnd, end, OwnStatement.NAME, lease.server());
            finish(lease.server());
            own.close();
            return;
        }
        lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
        named(buffer, start, nameStart, nameEnd, end, serverName(plan.statement, lease), lease.server());
    }

    // What is run instead of LISTEN and UNLISTEN, and before what notifies

    private static boolean isReplaced(MessagePlan plan, ServerLease lease) {
        return plan.instead != null && !lease.isStandby();
    }

    private void queryInstead(MessagePlan plan, ServerLease lease) {
        var server = lease.server();
        var sql = Objects.requireNonNull(plan.instead);
        server.expect(RequestKind.QUERY, AnswerFate.FORWARD, lease, plan);
        var out = server.newBuffer(8 + sql.length);
        FrontendMessages.query(out, sql);
        write(out, server);
    }

    /// Within the transaction of the message that notifies, which may have begun with the message.
    private void before(Delivery delivery, boolean alone, ServerLease lease) {
        var sql = Objects.requireNonNull(delivery.before);
        delivery.before = null;
        finish(lease.server());
        var own = new OwnStatement(lease);
        if (alone) own.runAlone(sql);
        else own.run(sql);
    }

    private void describe(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        if (!BatchJudge.namesStatement(buffer, start + HEADER, end)) {
            plain(RequestKind.DESCRIBE, Note.NONE, buffer, start, end, lease);
            return;
        }
        int nameStart = start + HEADER + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        plan.errorInstead = whyMissing(plan, buffer, nameStart, nameEnd, lease);
        boolean fails = plan.errorInstead != null;
        if (fails && givesNothing(plan)) {
            fakeDescribe(plan, lease);
            return;
        }
        if (fails) describeParameters(plan, lease);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FORWARD, lease, plan);
        var name = fails ? MISSING : serverName(plan.statement, lease);
        named(buffer, start, nameStart, nameEnd, end, name, lease.server());
    }

    /// PostgreSQL tells the parameters before it looks at what the statement means today.
    private void describeParameters(MessagePlan plan, ServerLease lease) {
        var shape = plan.statement == null || isInFailedTransaction(plan) ? null : plan.statement.shape();
        if (shape == null || shape.parameterCount() < 0) return;
        finish(lease.server());
        var parameters = shape.parameters();
        var bytes = lease.server().newBuffer(5 + parameters.length);
        BackendMessages.parameters(bytes, parameters);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FAKE, lease, new FakeAnswer(bytes, plan));
    }

    /// In a failed transaction PostgreSQL describes what gives no rows.
    private static boolean givesNothing(MessagePlan plan) {
        var shape = plan.statement == null ? null : plan.statement.shape();
        return isInFailedTransaction(plan) && shape != null && !shape.givesRows() && shape.parameterCount() >= 0;
    }

    private static boolean isInFailedTransaction(MessagePlan plan) {
        return plan.errorInstead instanceof ErrorFields error
                && error.sqlState().equals(SqlState.IN_FAILED_SQL_TRANSACTION);
    }

    /// The statement is not there, and cannot be prepared now.
    private void fakeDescribe(MessagePlan plan, ServerLease lease) {
        plan.errorInstead = null;
        finish(lease.server());
        var parameters = Objects.requireNonNull(
                        Objects.requireNonNull(plan.statement).shape())
                .parameters();
        var bytes = lease.server().newBuffer(10 + parameters.length);
        BackendMessages.parameters(bytes, parameters);
        BackendMessages.bare(bytes, MessageType.NO_DATA);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FAKE, lease, new FakeAnswer(bytes, plan));
    }

    /// PostgreSQL counts the values before it looks at the transaction, and at what the statement means
    /// today; the error if they are too many or too few.
    private static @Nullable ErrorFields otherValues(MessagePlan plan, ByteBuf buffer, int nameEnd, int end) {
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

    /// The error that its use gives if the statement is not there for the client; else null.
    private static @Nullable ErrorFields whyMissing(
            MessagePlan plan, ByteBuf buffer, int nameStart, int nameEnd, ServerLease lease) {
        if (plan.statement != null) return plan.delivery().whyUnusable(plan.statement);
        // The server knows what SQL's PREPARE has made, and says itself what it does not know.
        boolean mayHaveOthers = lease.hasOwnNames() || lease.doubts().may().has(Residue.PREPARED);
        if (mayHaveOthers && nameEnd > nameStart) return null;
        return missing(buffer.toString(nameStart, nameEnd - nameStart, StandardCharsets.UTF_8));
    }

    static ErrorFields missing(String name) {
        return ErrorFields.error(
                SqlState.INVALID_SQL_STATEMENT_NAME,
                name.isEmpty()
                        ? "unnamed prepared statement does not exist"
                        : "prepared statement \"" + name + "\" does not exist");
    }

    /// The name to write instead of the client's, or null if that is right.
    private static byte @Nullable [] serverName(@Nullable ClientStatement statement, ServerLease lease) {
        if (statement == null || lease.hasOwnNames() || statement.shared() == null) return null;
        return statement.shared().name();
    }

    /// Sends a message with another name in it: new header and name, and what follows as it is.
    private void named(
            ByteBuf buffer,
            int start,
            int nameStart,
            int nameEnd,
            int end,
            byte @Nullable [] name,
            ServerConnection server) {
        if (name == null) {
            pass(buffer, start, end, server);
            return;
        }
        var out = server.newBuffer(nameStart - start + name.length + Math.min(256, end - nameEnd));
        out.writeBytes(buffer, start, nameStart - start).writeBytes(name);
        out.setInt(1, buffer.getInt(start + 1) + name.length - (nameEnd - nameStart));
        if (end - nameEnd <= 256) {
            write(out.writeBytes(buffer, nameEnd, end - nameEnd), server);
            return;
        }
        write(out, server);
        pass(buffer, nameEnd, end, server);
    }

    private void close(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        if (!BatchJudge.namesStatement(buffer, start + HEADER, end)) {
            plain(RequestKind.CLOSE, Note.NONE, buffer, start, end, lease);
            return;
        }
        var server = lease.server();
        var statement = plan.statement;
        if (statement != null) announce(plan, statement.name());
        if (statement != null && statement.isUnnamed()) server.unnamedStatement(null);
        boolean ours = statement == null ? lease.hasOwnNames() : isOnServer(statement, lease);
        plan.closesNothing = false;
        // While the server takes copied data any other message ends the session, and that is to be the client's.
        boolean passes = server.ledger().isCopyIn();
        if (ours || passes || statement != null && statement.isUnnamed()) {
            if (statement != null) server.statements().remove(statement);
            plain(RequestKind.CLOSE, plan, buffer, start, end, lease);
        } else if (server.ledger().isOpen()) {
            // A COPY may stand before it, which would end with a message that is not copied data.
            plan.closesNothing = true;
            server.expect(RequestKind.CLOSE, AnswerFate.FORWARD, lease, plan);
            int nameStart = start + HEADER + 1;
            named(buffer, start, nameStart, WireReader.endOfString(buffer, nameStart, end), end, MISSING, server);
        } else {
            fakeClose(plan, lease);
        }
    }

    private static boolean isOnServer(ClientStatement statement, ServerLease lease) {
        return (lease.hasOwnNames() || statement.shared() == null)
                && lease.server().statements().find(statement) != null;
    }

    /// On a server that other clients use too the statement stays.
    private void fakeClose(MessagePlan plan, ServerLease lease) {
        var server = lease.server();
        finish(server);
        var bytes = server.newBuffer(5);
        BackendMessages.bare(bytes, MessageType.CLOSE_COMPLETE);
        server.expect(RequestKind.CLOSE, AnswerFate.FAKE, lease, new FakeAnswer(bytes, plan));
    }
}
