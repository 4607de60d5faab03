package org.pgdrover.frontend;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;

/** Finds out, before anything is sent, what a client's messages run and which of its prepared statements they name. */
final class MessageInspector {
    private static final int HEADER = 5;
    private static final QueryClass FUNCTION_CALL = QueryClass.UNKNOWN.writing("function call message");
    private static final QueryClass LARGE = QueryClass.UNKNOWN.writing("too large to look at");
    private static final QueryClass UNREADABLE = QueryClass.UNKNOWN.writing("client encoding not ASCII-safe");
    private static final byte[] NO_NAME = {};

    private final ClientSession session;
    private final Classification classification;
    private final List<Pattern> primaryPatterns;
    private final boolean wantsTexts;

    /**
     * @param primaryPatterns a statement in which one is found is no read
     * @param wantsTexts whether the statement log needs the statements' texts
     */
    MessageInspector(
            ClientSession session, Classification classification, List<Pattern> primaryPatterns, boolean wantsTexts) {
        this.session = session;
        this.classification = classification;
        this.primaryPatterns = primaryPatterns;
        this.wantsTexts = wantsTexts;
    }

    /**
     * Inspects one message, or the beginning of a large one, and notes what it finds in the message and its batch.
     *
     * @param end where the bytes in hand end
     * @param large whether more of the message follows
     */
    void inspect(Batch batch, ClientMessage message, ByteBuf buffer, int start, int end, boolean large) {
        switch (message.type) {
            case MessageType.QUERY -> query(batch, message, buffer, start + HEADER, end, large);
            case MessageType.PARSE -> parse(batch, message, buffer, start + HEADER, end, large);
            case MessageType.BIND -> bind(batch, message, buffer, start + HEADER, end);
            case MessageType.DESCRIBE -> describe(batch, message, buffer, start + HEADER, end);
            case MessageType.EXECUTE -> execute(batch, message, buffer, start + HEADER, end);
            case MessageType.CLOSE -> close(message, buffer, start + HEADER, end);
            case MessageType.FUNCTION_CALL -> batch.runs(FUNCTION_CALL);
            case MessageType.SYNC, MessageType.FLUSH, MessageType.COPY_DONE, MessageType.COPY_FAIL -> {}
            default -> throw new ProtocolViolation("invalid frontend message type " + message.type + " in this state");
        }
    }

    private void query(Batch batch, ClientMessage message, ByteBuf buffer, int from, int end, boolean large) {
        int textEnd = large ? end : WireReader.endOfString(buffer, from, end);
        message.queryClass = classify(buffer, from, textEnd, large);
        batch.runs(message.queryClass);
        if (wantsTexts) texts(batch).add(Classification.text(buffer, from, textEnd - from));
    }

    private QueryClass classify(ByteBuf buffer, int from, int to, boolean large) {
        if (large) return LARGE;
        if (!session.isClassifiable()) return UNREADABLE;
        var found = classification.classify(buffer, from, to - from, session.standardConformingStrings());
        if (primaryPatterns.isEmpty() || found.access() != Access.READ) return found;
        var text = buffer.toString(from, to - from, StandardCharsets.UTF_8);
        for (var pattern : primaryPatterns)
            if (pattern.matcher(text).find()) return found.writing("matches routing.primary-patterns");
        return found;
    }

    private static List<String> texts(Batch batch) {
        var texts = batch.texts;
        if (texts == null) batch.texts = texts = new ArrayList<>();
        return texts;
    }

    private void parse(Batch batch, ClientMessage message, ByteBuf buffer, int from, int end, boolean large) {
        int nameEnd = WireReader.endOfString(buffer, from, end);
        int textStart = nameEnd + 1;
        int textEnd = large ? end : WireReader.endOfString(buffer, textStart, end);
        if (nameEnd == from) unnamed(message, buffer, textStart, textEnd, end, large);
        else named(message, buffer, from, nameEnd, textEnd, end, large);
        if (message.statement != null) batch.runs(message.statement.queryClass());
    }

    private void unnamed(ClientMessage message, ByteBuf buffer, int textStart, int textEnd, int end, boolean large) {
        var last = session.statements().unnamed();
        if (!large && last != null && same(last.definition(), buffer, textStart, end)) {
            message.statement = last;
            return;
        }
        var queryClass = classify(buffer, textStart, textEnd, large);
        var definition = large ? null : ClientStatements.bytes(buffer, textStart, end);
        message.statement = new ClientStatement(NO_NAME, definition, queryClass, null);
        session.statements().unnamed(message.statement);
    }

    private static boolean same(byte @Nullable [] definition, ByteBuf buffer, int from, int to) {
        if (definition == null || definition.length != to - from) return false;
        for (int i = 0; i < definition.length; i++) if (definition[i] != buffer.getByte(from + i)) return false;
        return true;
    }

    private void named(
            ClientMessage message, ByteBuf buffer, int from, int nameEnd, int textEnd, int end, boolean large) {
        var existing = session.statements().find(buffer, from, nameEnd - from);
        if (existing != null) {
            message.statement = existing;
            message.duplicate = true;
            return;
        }
        var queryClass = classify(buffer, nameEnd + 1, textEnd, large);
        var name = ClientStatements.bytes(buffer, from, nameEnd);
        var definition = large ? null : ClientStatements.bytes(buffer, nameEnd + 1, end);
        var shared = definition == null ? null : session.share(definition);
        message.statement = new ClientStatement(name, definition, queryClass, shared);
        session.statements().add(message.statement);
    }

    private void bind(Batch batch, ClientMessage message, ByteBuf buffer, int from, int end) {
        int portalEnd = WireReader.endOfString(buffer, from, end);
        int nameEnd = WireReader.endOfString(buffer, portalEnd + 1, end);
        var statement = session.statements().find(buffer, portalEnd + 1, nameEnd - portalEnd - 1);
        message.statement = statement;
        var runs = statement == null ? QueryClass.UNKNOWN : statement.queryClass();
        session.portal(portalEnd == from ? "" : WireReader.string(buffer, from, end), runs);
        batch.runs(runs);
        if (wantsTexts && statement != null) texts(batch).add(text(statement));
    }

    private static String text(ClientStatement statement) {
        var definition = statement.definition();
        if (definition == null) return "(large statement)";
        int length = 0;
        while (length < definition.length && definition[length] != 0) length++;
        return new String(Arrays.copyOf(definition, Math.min(length, 1000)), StandardCharsets.UTF_8);
    }

    private void describe(Batch batch, ClientMessage message, ByteBuf buffer, int from, int end) {
        if (!namesStatement(buffer, from, end)) {
            batch.needsServer();
            return;
        }
        message.statement = find(buffer, from + 1, end);
        batch.runs(message.statement == null ? QueryClass.UNKNOWN : message.statement.queryClass());
    }

    private void close(ClientMessage message, ByteBuf buffer, int from, int end) {
        if (!namesStatement(buffer, from, end)) return;
        message.statement = find(buffer, from + 1, end);
        if (message.statement != null) session.statements().remove(message.statement);
    }

    private @Nullable ClientStatement find(ByteBuf buffer, int from, int end) {
        return session.statements().find(buffer, from, WireReader.endOfString(buffer, from, end) - from);
    }

    /** Whether a Describe or Close is of a statement; of a portal otherwise. */
    static boolean namesStatement(ByteBuf buffer, int from, int end) {
        return from < end && buffer.getByte(from) == 'S';
    }

    private void execute(Batch batch, ClientMessage message, ByteBuf buffer, int from, int end) {
        int nameEnd = WireReader.endOfString(buffer, from, end);
        var runs = session.portal(nameEnd == from ? "" : WireReader.string(buffer, from, end));
        message.queryClass = runs;
        batch.runs(runs);
    }
}
