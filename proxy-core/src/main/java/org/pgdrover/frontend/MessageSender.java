package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.Action;
import org.pgdrover.backend.Expected;
import org.pgdrover.backend.FakeAnswer;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.frontend.SharedStatements.SharedStatement;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;

/**
 * Writes a client's messages to a server and the answers to expect into its ledger, with prepared statements under the names they have there.
 *
 * <p>On a server that the client keeps for its whole session its own names are used and the bytes pass as they are. On any other server a
 * statement has its shared name: Parse is sent, injected or answered by ourselves as that server needs it.
 */
final class MessageSender {
    private static final int HEADER = 5;
    /** A name that no statement ever has: binding it fails as binding a missing statement must. */
    private static final byte[] MISSING = (SharedStatements.PREFIX + "missing").getBytes(StandardCharsets.US_ASCII);

    /** The note of an entry whose error reaches the client in other words, for PostgreSQL does not know the client's names. */
    record ErrorInstead(ErrorFields error) {}

    private @Nullable ByteBuf runBuffer;
    private int runStart;
    private int runEnd;

    /**
     * Sends one message, or the beginning of a large one.
     *
     * @param naming under which names the server knows the client's statements
     */
    void send(
            ClientMessage message,
            Batch batch,
            ByteBuf buffer,
            int start,
            int end,
            ServerConnection server,
            Naming naming) {
        switch (message.type) {
            case MessageType.QUERY -> plain(Expected.QUERY, batch, buffer, start, end, server);
            case MessageType.FUNCTION_CALL -> plain(Expected.FUNCTION_CALL, batch, buffer, start, end, server);
            case MessageType.EXECUTE -> plain(Expected.EXECUTE, message.queryClass, buffer, start, end, server);
            case MessageType.SYNC -> plain(Expected.SYNC, batch, buffer, start, end, server);
            case MessageType.COPY_DONE, MessageType.COPY_FAIL ->
                plain(Expected.COPY_END, null, buffer, start, end, server);
            case MessageType.FLUSH -> {
                server.ledger().flushed();
                pass(buffer, start, end, server);
            }
            case MessageType.PARSE -> parse(message, buffer, start, end, server, naming);
            case MessageType.BIND -> bind(message, buffer, start, end, server, naming);
            case MessageType.DESCRIBE -> describe(message, buffer, start, end, server, naming);
            case MessageType.CLOSE -> close(message, buffer, start, end, server, naming);
            default -> throw new IllegalArgumentException("message type: " + message.type);
        }
    }

    /** Sends bytes that nobody needs to see: copied data, or the rest of a large message. */
    void sendRun(ByteBuf buffer, int start, int end, ServerConnection server) {
        pass(buffer, start, end, server);
    }

    /** CopyDone or CopyFail outside a batch; borrowed. */
    void sendCopyEnd(ByteBuf buffer, int start, int end, ServerConnection server) {
        plain(Expected.COPY_END, null, buffer, start, end, server);
    }

    private void plain(
            Expected kind, @Nullable Object note, ByteBuf buffer, int start, int end, ServerConnection server) {
        server.expect(kind, Action.FORWARD, note);
        pass(buffer, start, end, server);
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

    /** Writes what was gathered; to be called before the buffer is given up. */
    void finish(ServerConnection server) {
        if (runBuffer == null) return;
        server.write(runBuffer.retainedSlice(runStart, runEnd - runStart));
        runBuffer = null;
    }

    private void write(ByteBuf bytes, ServerConnection server) {
        finish(server);
        server.write(bytes);
    }

    // Parse

    private void parse(
            ClientMessage message, ByteBuf buffer, int start, int end, ServerConnection server, Naming naming) {
        var statement = message.statement;
        if (statement == null) return;
        if (message.duplicate) duplicate(statement, buffer, start, end, server, naming);
        else if (statement.isUnnamed()) unnamed(statement, buffer, start, end, server);
        else if (naming == Naming.OWN || statement.shared() == null) {
            server.statements().add(statement, statement.name());
            plain(Expected.PARSE, statement, buffer, start, end, server);
        } else shared(statement, server);
    }

    private void unnamed(ClientStatement statement, ByteBuf buffer, int start, int end, ServerConnection server) {
        server.unnamedStatement(statement);
        plain(Expected.PARSE, statement, buffer, start, end, server);
    }

    private void shared(ClientStatement statement, ServerConnection server) {
        var shared = statement.shared();
        if (shared == null) return;
        if (server.statements().contains(shared)) {
            fake(Expected.PARSE, MessageType.PARSE_COMPLETE, statement, server);
            return;
        }
        makeRoom(shared, server);
        server.statements().add(shared, shared.name());
        server.expect(Expected.PARSE, Action.FORWARD, statement);
        write(parseMessage(shared.name(), shared.definition(), server), server);
    }

    private static ByteBuf parseMessage(byte[] name, byte[] definition, ServerConnection server) {
        var out = server.newBuffer(6 + name.length + definition.length);
        FrontendMessages.parse(out, name, definition);
        return out;
    }

    /** PostgreSQL itself refuses a name that is taken; so that it does, the Parse goes out under a name that is taken there. */
    private void duplicate(
            ClientStatement statement, ByteBuf buffer, int start, int end, ServerConnection server, Naming naming) {
        ensure(statement, server, naming);
        if (naming == Naming.OWN || statement.shared() == null) {
            plain(Expected.PARSE, null, buffer, start, end, server);
            return;
        }
        var error = ErrorFields.error(
                SqlState.DUPLICATE_PREPARED_STATEMENT,
                "prepared statement \"" + new String(statement.name(), StandardCharsets.UTF_8) + "\" already exists");
        server.expect(Expected.PARSE, Action.FORWARD, new ErrorInstead(error));
        write(parseMessage(statement.shared().name(), statement.shared().definition(), server), server);
    }

    /** Closes what stands in the way of one more statement: a spoiled one of its name, and the least used if there are too many. */
    private void makeRoom(SharedStatement shared, ServerConnection server) {
        if (server.statements().takeSpoiled(shared)) close(shared.name(), server);
        var surplus = server.statements().surplus();
        if (surplus != null) close(surplus, server);
    }

    private void close(byte[] name, ServerConnection server) {
        server.expect(Expected.CLOSE, Action.SKIP, null);
        var out = server.newBuffer(8 + name.length);
        FrontendMessages.closeStatement(out, name);
        write(out, server);
    }

    /** Makes sure that the server knows a statement that the client has prepared earlier, perhaps on another server. */
    private void ensure(ClientStatement statement, ServerConnection server, Naming naming) {
        var definition = statement.definition();
        if (definition == null) return;
        if (statement.isUnnamed()) {
            if (server.unnamedStatement() == statement) return;
            server.unnamedStatement(statement);
            inject(statement, statement.name(), definition, server);
            return;
        }
        var shared = statement.shared();
        if (naming == Naming.OWN || shared == null) {
            if (server.statements().contains(statement)) return;
            server.statements().add(statement, statement.name());
            inject(statement, statement.name(), definition, server);
            return;
        }
        if (server.statements().contains(shared)) return;
        makeRoom(shared, server);
        server.statements().add(shared, shared.name());
        inject(statement, shared.name(), definition, server);
    }

    private void inject(ClientStatement statement, byte[] name, byte[] definition, ServerConnection server) {
        server.expect(Expected.PARSE, Action.SKIP, statement);
        write(parseMessage(name, definition, server), server);
    }

    // Messages that name a statement

    private void bind(
            ClientMessage message, ByteBuf buffer, int start, int end, ServerConnection server, Naming naming) {
        int portalEnd = WireReader.endOfString(buffer, start + HEADER, end);
        int nameStart = portalEnd + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        var statement = message.statement;
        Object note = statement;
        if (statement != null) ensure(statement, server, naming);
        else if (naming == Naming.SHARED || nameEnd == nameStart) note = missing(buffer, nameStart, nameEnd);
        server.expect(Expected.BIND, Action.FORWARD, note);
        var name = note instanceof ErrorInstead ? MISSING : serverName(statement, naming);
        named(buffer, start, nameStart, nameEnd, end, name, server);
    }

    private void describe(
            ClientMessage message, ByteBuf buffer, int start, int end, ServerConnection server, Naming naming) {
        if (!MessageInspector.namesStatement(buffer, start + HEADER, end)) {
            plain(Expected.DESCRIBE, null, buffer, start, end, server);
            return;
        }
        int nameStart = start + HEADER + 1;
        int nameEnd = WireReader.endOfString(buffer, nameStart, end);
        var statement = message.statement;
        Object note = null;
        if (statement != null) ensure(statement, server, naming);
        else if (naming == Naming.SHARED || nameEnd == nameStart) note = missing(buffer, nameStart, nameEnd);
        server.expect(Expected.DESCRIBE, Action.FORWARD, note);
        named(buffer, start, nameStart, nameEnd, end, note == null ? serverName(statement, naming) : MISSING, server);
    }

    private static ErrorInstead missing(ByteBuf buffer, int nameStart, int nameEnd) {
        var name = buffer.toString(nameStart, nameEnd - nameStart, StandardCharsets.UTF_8);
        return new ErrorInstead(ErrorFields.error(
                SqlState.INVALID_SQL_STATEMENT_NAME,
                name.isEmpty()
                        ? "unnamed prepared statement does not exist"
                        : "prepared statement \"" + name + "\" does not exist"));
    }

    /** The name to write instead of the client's, or null if that is right. */
    private static byte @Nullable [] serverName(@Nullable ClientStatement statement, Naming naming) {
        if (statement == null) return null;
        if (naming == Naming.OWN || statement.shared() == null) return null;
        return statement.shared().name();
    }

    /** Sends a message with another name in it: new header and name, and what follows as it is. */
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
        var out = server.newBuffer(nameStart - start + name.length);
        out.writeBytes(buffer, start, nameStart - start).writeBytes(name);
        out.setInt(1, buffer.getInt(start + 1) + name.length - (nameEnd - nameStart));
        if (end - nameEnd <= 256) {
            write(out.writeBytes(buffer, nameEnd, end - nameEnd), server);
            return;
        }
        write(out, server);
        pass(buffer, nameEnd, end, server);
    }

    private void close(
            ClientMessage message, ByteBuf buffer, int start, int end, ServerConnection server, Naming naming) {
        var statement = message.statement;
        if (!MessageInspector.namesStatement(buffer, start + HEADER, end)) {
            plain(Expected.CLOSE, null, buffer, start, end, server);
        } else if (statement != null && statement.isUnnamed()) {
            server.unnamedStatement(null);
            plain(Expected.CLOSE, null, buffer, start, end, server);
        } else if (statement == null
                ? naming != Naming.SHARED
                : server.statements().contains(statement)) {
            if (statement != null) server.statements().remove(statement);
            plain(Expected.CLOSE, statement, buffer, start, end, server);
        } else {
            fake(Expected.CLOSE, MessageType.CLOSE_COMPLETE, statement, server);
        }
    }

    private void fake(Expected kind, byte answer, @Nullable Object note, ServerConnection server) {
        var bytes = server.newBuffer(5);
        BackendMessages.bare(bytes, answer);
        server.expect(kind, Action.FAKE, new FakeAnswer(bytes, note));
    }
}
