package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Objects;
import org.pgdrover.backend.AnswerFate;
import org.pgdrover.backend.FakeAnswer;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.ClientStatements;
import org.pgdrover.frontend.session.TrackedSettings;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
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
    private static final byte[] BEGIN = "BEGIN".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COMMIT = "COMMIT".getBytes(StandardCharsets.US_ASCII);
    private final ClientStatements statements;
    private final TrackedSettings settings;

    private final PassingBytes bytes = new PassingBytes();
    private final MissingStatement missing = new MissingStatement(bytes);
    private final ParseWriter parses;

    ServerWriter(ClientStatements statements, TrackedSettings settings) {
        this.settings = settings;
        this.statements = statements;
        this.parses = new ParseWriter(bytes, statements);
    }

    /// Writes the present part of a delivery.
    void write(Delivery delivery, ServerLease lease) {
        var batch = Objects.requireNonNull(delivery.part);
        var buffer = Objects.requireNonNull(batch.bytes());
        boolean marks = delivery.before != null;
        boolean marked = false;
        for (int i = 0; i < batch.messages(); i++) {
            var message = batch.message(i);
            var plan = delivery.plan(i);
            int start = batch.from() + message.start;
            if (marks && ChannelTexts.mayNotify(message, plan)) {
                before(delivery, message.type, lease);
                marks = false;
                marked = true;
            }
            write(message, plan, buffer, start, start + message.size, lease);
            if (ChannelTexts.mayTakeBack(message, plan)) marks = delivery.before != null;
            if (message.type == MessageType.EXECUTE && delivery.statements.takesDefaultsAway())
                restore(plan.runs.session(), isFollowed(batch, i), lease);
        }
        if (marked) delivery.before = null;
        bytes.finish(lease.server());
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
        bytes.finish(lease.server());
        var own = new OwnStatement(lease);
        if (alone) own.run(BEGIN);
        boolean local = effect instanceof SessionEffect.ResetLocally;
        for (int i = 0; i < all.size(); i++)
            own.run(
                    all.get(i).getBytes(StandardCharsets.US_ASCII),
                    local || alone || i + 1 < all.size() ? Note.NONE : new RelayNote.Restores(false));
        if (alone) own.run(COMMIT, new RelayNote.Restores(true));
    }

    private static boolean isFollowed(Batch batch, int message) {
        return message + 1 == batch.messages() || batch.message(message + 1).type != MessageType.SYNC;
    }

    /// Writes bytes that nobody needs to see: copied data, or the rest of a large message; borrowed.
    static void writeUnseen(ByteBuf buffer, int start, int end, ServerConnection server) {
        write(buffer, start, end, server);
    }

    private static void write(ByteBuf buffer, int start, int end, ServerConnection server) {
        server.write(buffer.retainedSlice(start, end - start));
    }

    /// Writes CopyDone or CopyFail; borrowed.
    static void writeCopyEnd(ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(RequestKind.COPY_END, AnswerFate.FORWARD, lease, Note.NONE);
        write(buffer, start, end, lease.server());
    }

    private void write(ClientMessage message, MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        var delivery = plan.delivery();
        plan.there = lease.server().session().statements().sent();
        switch (message.type) {
            case MessageType.QUERY -> {
                statements.planned(NO_NAME);
                plan.announced = true;
                lease.server().session().unnamedStatement(null);
                if (isReplaced(plan, lease)) queryInstead(plan, lease);
                else if (plan.insertions == null) bytes.pass(RequestKind.QUERY, plan, buffer, start, end, lease);
                else longer(plan, plan.insertions, buffer, start, end, lease);
            }
            case MessageType.FUNCTION_CALL ->
                bytes.pass(RequestKind.FUNCTION_CALL, delivery, buffer, start, end, lease);
            case MessageType.EXECUTE -> bytes.pass(RequestKind.EXECUTE, plan, buffer, start, end, lease);
            case MessageType.SYNC -> {
                if (lease.server().ledger().isSyncIdle()) beginSomething(lease);
                bytes.pass(RequestKind.SYNC, delivery, buffer, start, end, lease);
            }
            case MessageType.FLUSH -> bytes.pass(buffer, start, end, lease.server());
            case MessageType.PARSE -> {
                if (plan.statement != null && plan.statement.isAnalysed()) delivery.names.analyses();
                parses.parse(message, plan, buffer, start, end, lease);
            }
            case MessageType.BIND -> bind(plan, buffer, start, end, lease);
            case MessageType.DESCRIBE -> describe(plan, buffer, start, end, lease);
            case MessageType.CLOSE -> close(plan, buffer, start, end, lease);
            default -> throw new IllegalArgumentException("message type: " + message.type);
        }
    }

    /// An empty statement, with which a Sync ends the transaction that it is to end.
    private void beginSomething(ServerLease lease) {
        bytes.finish(lease.server());
        var own = new OwnStatement(lease);
        own.prepare(NO_NAME);
        own.close();
    }

    private void longer(
            MessagePlan plan, Insertions insertions, ByteBuf buffer, int start, int end, ServerLease lease) {
        lease.server().expect(RequestKind.QUERY, AnswerFate.FORWARD, lease, plan);
        int length = end - start + insertions.length();
        var out = lease.server().newBuffer(length);
        out.writeByte(MessageType.QUERY).writeInt(length - 1);
        insertions.write(out, buffer, start + HEADER, end);
        bytes.write(out, lease.server());
    }

    // Messages that name a statement

    private void bind(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        int portalEnd = WireReader.endOfString(buffer, start + HEADER, end);
        int nameStart = portalEnd + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        plan.errorInstead = MissingStatement.why(plan, buffer, nameStart, nameEnd, lease);
        if (plan.errorInstead != null) {
            if (MissingStatement.otherValues(plan, buffer, nameEnd, end) instanceof ErrorFields error)
                plan.errorInstead = error;
            // The message itself goes, for more of it may follow.
            lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
            bytes.named(buffer, start, nameStart, nameEnd, end, MissingStatement.NAME, lease.server());
            return;
        }
        if (isReplaced(plan, lease)) {
            var own = new OwnStatement(lease);
            bytes.finish(lease.server());
            own.prepare(Objects.requireNonNull(plan.instead));
            lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
            bytes.named(buffer, start, nameStart, nameEnd, end, OwnStatement.NAME, lease.server());
            bytes.finish(lease.server());
            own.close();
            return;
        }
        lease.server().expect(RequestKind.BIND, AnswerFate.FORWARD, lease, plan);
        bytes.named(
                buffer, start, nameStart, nameEnd, end, ParseWriter.serverName(plan.statement, lease), lease.server());
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
        bytes.write(out, server);
    }

    /// Within the transaction of the message that notifies, which may have begun with the message.
    private void before(Delivery delivery, byte message, ServerLease lease) {
        var sql = Objects.requireNonNull(delivery.before);
        bytes.finish(lease.server());
        var own = new OwnStatement(lease);
        if (message == MessageType.QUERY && !lease.server().ledger().isOpen()) own.runAlone(sql);
        else own.run(sql);
    }

    private void describe(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        if (!BatchJudge.namesStatement(buffer, start + HEADER, end)) {
            bytes.pass(RequestKind.DESCRIBE, Note.NONE, buffer, start, end, lease);
            return;
        }
        int nameStart = start + HEADER + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        plan.errorInstead = MissingStatement.why(plan, buffer, nameStart, nameEnd, lease);
        boolean fails = plan.errorInstead != null;
        if (fails && MissingStatement.givesNothing(plan)) {
            missing.fakeDescribe(plan, lease);
            return;
        }
        if (fails) missing.describeParameters(plan, lease);
        lease.server().expect(RequestKind.DESCRIBE, AnswerFate.FORWARD, lease, plan);
        var name = fails ? MissingStatement.NAME : ParseWriter.serverName(plan.statement, lease);
        bytes.named(buffer, start, nameStart, nameEnd, end, name, lease.server());
    }

    private void close(MessagePlan plan, ByteBuf buffer, int start, int end, ServerLease lease) {
        if (!BatchJudge.namesStatement(buffer, start + HEADER, end)) {
            bytes.pass(RequestKind.CLOSE, Note.NONE, buffer, start, end, lease);
            return;
        }
        var server = lease.server();
        var statement = plan.statement;
        if (statement != null) parses.announce(plan, statement.name());
        if (statement != null && statement.isUnnamed()) server.session().unnamedStatement(null);
        boolean ours = statement == null
                ? lease.hasOwnNames() || OwnNames.mayHaveTaken(plan.delivery(), buffer, start + HEADER + 1, end)
                : isOnServer(statement, lease);
        plan.closesNothing = false;
        // While the server takes copied data any other message ends the session, and that is to be the client's.
        boolean passes = server.ledger().isCopyIn();
        if (ours || passes || statement != null && statement.isUnnamed()) {
            if (statement != null) server.session().statements().remove(statement);
            bytes.pass(RequestKind.CLOSE, plan, buffer, start, end, lease);
        } else if (!server.ledger().isAtRest()) {
            // A COPY may stand before it, whose data any other message ends; the server ignores a Sync meanwhile.
            plan.closesNothing = true;
            server.expect(RequestKind.CLOSE, AnswerFate.FORWARD, lease, plan);
            int nameStart = start + HEADER + 1;
            bytes.named(
                    buffer,
                    start,
                    nameStart,
                    WireReader.endOfString(buffer, nameStart, end),
                    end,
                    MissingStatement.NAME,
                    server);
        } else {
            fakeClose(plan, lease);
        }
    }

    private static boolean isOnServer(ClientStatement statement, ServerLease lease) {
        // One of the same batch is there, or this is not carried out.
        if (lease.hasOwnNames() && !statement.isAnswered()) return true;
        return (lease.hasOwnNames() || statement.shared() == null)
                && lease.server().session().statements().find(statement) != null;
    }

    /// On a server that other clients use too the statement stays.
    private void fakeClose(MessagePlan plan, ServerLease lease) {
        var server = lease.server();
        bytes.finish(server);
        var answer = server.newBuffer(5);
        BackendMessages.bare(answer, MessageType.CLOSE_COMPLETE);
        server.expect(RequestKind.CLOSE, AnswerFate.FAKE, lease, new FakeAnswer(answer, plan));
    }
}
