package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.frontend.session.Classification;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.frontend.session.ClientStatement;
import org.pgdrover.frontend.session.ClientStatements;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;

/// Finds out, when a batch's turn has come, what the batch runs. It also finds which of the client's
/// prepared statements the batch names.
///
/// A name means what answered requests made of it, or what the same batch makes of it; while another
/// batch that may change its meaning is under way, nothing can be said.
final class BatchJudge {
    private static final int HEADER = 5;
    private static final byte[] NO_NAME = {};

    private final ClientSession session;
    private final Deliveries deliveries;
    private final Classification classification;
    private final List<Pattern> primaryPatterns;
    private final boolean wantsTexts;
    private final Predicate<QueryClass> maySet;

    /// @param primaryPatterns a statement in which one is found is no read
    /// @param wantsTexts whether the statement log needs the statements' texts
    /// @param maySet whether what a statement calls may set what no text tells
    BatchJudge(
            ClientSession session,
            Deliveries deliveries,
            Classification classification,
            List<Pattern> primaryPatterns,
            boolean wantsTexts,
            Predicate<QueryClass> maySet) {
        this.session = session;
        this.deliveries = deliveries;
        this.classification = classification;
        this.primaryPatterns = primaryPatterns;
        this.wantsTexts = wantsTexts;
        this.maySet = maySet;
    }

    /// Judges the present part of a delivery.
    ///
    /// @return false if it depends on what is still under way
    /// @throws ProtocolViolation if a message is not as it must be
    boolean judge(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        var buffer = Objects.requireNonNull(batch.bytes());
        delivery.judgeAgain();
        for (int i = 0; i < batch.messages(); i++)
            if (!judge(delivery, delivery.newPlan(), batch.message(i), buffer, batch.from())) return false;
        return !needsNames(delivery) || areNamesCertain(delivery);
    }

    private boolean areNamesCertain(Delivery delivery) {
        return !session.statements().isAnyNamePending() && !deliveries.mayDeallocate(delivery);
    }

    /// Whether it is to find the client's statements under their own names, so that all of them must be
    /// known.
    private boolean needsNames(Delivery delivery) {
        return deliveries.open() != delivery
                && (delivery.statements.seesStatements() || delivery.statements.deallocates());
    }

    private boolean judge(Delivery delivery, MessagePlan plan, ClientMessage message, ByteBuf buffer, int base) {
        int from = base + message.start + HEADER;
        int end = base + message.start + message.size;
        return switch (message.type) {
            case MessageType.QUERY -> query(delivery, plan, buffer, from, end, message.large);
            case MessageType.PARSE -> parse(delivery, plan, buffer, from, end, message.large);
            case MessageType.BIND -> bind(delivery, plan, buffer, from, end);
            case MessageType.DESCRIBE -> describe(delivery, plan, buffer, from, end);
            case MessageType.EXECUTE -> execute(delivery, plan, buffer, from, end);
            case MessageType.CLOSE -> close(delivery, plan, buffer, from, end);
            case MessageType.FUNCTION_CALL -> {
                delivery.runs(QueryClass.UNKNOWN);
                delivery.executes(QueryClass.UNKNOWN);
                yield true;
            }
            case MessageType.SYNC, MessageType.FLUSH, MessageType.COPY_DONE, MessageType.COPY_FAIL -> true;
            default -> throw new ProtocolViolation("invalid frontend message type " + message.type + " in this state");
        };
    }

    // Texts

    private boolean query(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end, boolean large) {
        if (isReadingInDoubt(delivery)) return false;
        int textEnd = large ? end : WireReader.endOfString(buffer, from, end);
        plan.runs = classify(delivery, buffer, from, textEnd, large);
        delivery.runs(plan.runs);
        delivery.executes(plan.runs);
        boolean endsLost = delivery.endsLost;
        if ((endsLost || delivery.statements.takesDefaultsAway())
                && !plan.runs.parts().isEmpty())
            plan.insertions = Insertions.of(plan.runs, endsLost, session, classification, buffer, from, textEnd);
        if (wantsTexts) delivery.texts.add(Classification.text(buffer, from, textEnd - from));
        return true;
    }

    /// Whether what is under way may change how a text is to be read.
    private boolean isReadingInDoubt(Delivery delivery) {
        if (deliveries.mayChangeReading(delivery)) return true;
        if (!session.settings().isTouched()) return false;
        return !deliveries.isNoneSent() || deliveries.open() != null && deliveries.open() != delivery;
    }

    private QueryClass classify(Delivery delivery, ByteBuf buffer, int from, int to, boolean large) {
        if (large) return QueryClass.UNKNOWN;
        // The batch itself may have changed before how its texts are to be read, and nobody has heard of it yet.
        boolean doubtful = delivery.statements.changesReading() || !session.isClassifiable();
        if (doubtful && !isPlain(buffer, from, to)) return QueryClass.UNKNOWN;
        var found = classification.classify(buffer, from, to - from, session.standardStrings());
        if (primaryPatterns.isEmpty() || found.access() != Access.READ) return found;
        var text = buffer.toString(from, to - from, StandardCharsets.UTF_8);
        for (var pattern : primaryPatterns)
            if (pattern.matcher(text).find()) return found.writing("matches routing.primary-patterns");
        return found;
    }

    /// In every encoding, and whatever backslashes mean, such a text means the same.
    private static boolean isPlain(ByteBuf buffer, int from, int to) {
        return buffer.forEachByte(from, to - from, each -> each >= 0 && each != '\\') < 0;
    }

    // Statements

    private boolean parse(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end, boolean large) {
        if (isReadingInDoubt(delivery)) return false;
        int nameEnd = WireReader.endOfString(buffer, from, end);
        int textEnd = large ? end : WireReader.endOfString(buffer, nameEnd + 1, end);
        boolean known = nameEnd == from
                ? unnamed(delivery, plan, buffer, nameEnd + 1, textEnd, end, large)
                : named(delivery, plan, buffer, from, nameEnd, textEnd, end, large);
        if (known) delivery.runs(plan.runs);
        return known;
    }

    private boolean unnamed(
            Delivery delivery, MessagePlan plan, ByteBuf buffer, int textStart, int textEnd, int end, boolean large) {
        var last = session.statements().unnamed();
        boolean again = !large && last != null && isSame(last.definition(), buffer, textStart, end);
        plan.runs = again && last != null ? last.queryClass() : classify(delivery, buffer, textStart, textEnd, large);
        var definition = large ? null : again && last != null ? last.definition() : bytes(buffer, textStart, end);
        plan.statement = new ClientStatement(NO_NAME, definition, plan.runs, null, settings(delivery));
        plan.makes = true;
        plan.pending = true;
        delivery.names.makes(NO_NAME, plan);
        return true;
    }

    /// The settings with which the statement is parsed; null if they may change before.
    private @Nullable SessionSettings settings(Delivery delivery) {
        return maySettingsChange(delivery) ? null : session.knownSettings();
    }

    private boolean maySettingsChange(Delivery delivery) {
        if (deliveries.mayChangeSettings() || delivery.statements.changesSettings()) return true;
        return delivery.statements.anyIs(maySet);
    }

    private static boolean isSame(byte @Nullable [] definition, ByteBuf buffer, int from, int to) {
        if (definition == null || definition.length != to - from) return false;
        for (int i = 0; i < definition.length; i++) if (definition[i] != buffer.getByte(from + i)) return false;
        return true;
    }

    private static byte[] bytes(ByteBuf buffer, int from, int to) {
        return ClientStatements.bytes(buffer, from, to);
    }

    private boolean named(
            Delivery delivery,
            MessagePlan plan,
            ByteBuf buffer,
            int from,
            int nameEnd,
            int textEnd,
            int end,
            boolean large) {
        int known = find(delivery, plan, buffer, from, nameEnd);
        if (known == UNCERTAIN) return false;
        if (plan.statement != null) {
            var name = buffer.toString(from, nameEnd - from, StandardCharsets.UTF_8);
            plan.runs = classify(delivery, buffer, nameEnd + 1, textEnd, large);
            plan.duplicate = true;
            if (!large) {
                plan.ifFree = ifFree(delivery, plan.statement, buffer, nameEnd + 1, textEnd, end);
                plan.pending = true;
                delivery.names.makes(plan.ifFree.name(), plan);
            }
            plan.errorInstead = ErrorFields.error(
                    SqlState.DUPLICATE_PREPARED_STATEMENT, "prepared statement \"" + name + "\" already exists");
            return true;
        }
        plan.runs = classify(delivery, buffer, nameEnd + 1, textEnd, large);
        var definition = large ? null : bytes(buffer, nameEnd + 1, end);
        var shared = definition == null ? null : session.share(definition, maySettingsChange(delivery));
        var settings = shared == null ? null : shared.settings();
        plan.statement = new ClientStatement(bytes(buffer, from, nameEnd), definition, plan.runs, shared, settings);
        plan.makes = true;
        plan.pending = true;
        delivery.names.makes(plan.statement.name(), plan);
        return true;
    }

    private ClientStatement ifFree(
            Delivery delivery, ClientStatement taken, ByteBuf buffer, int textStart, int textEnd, int end) {
        var runs = classify(delivery, buffer, textStart, textEnd, false);
        return new ClientStatement(taken.name(), bytes(buffer, textStart, end), runs, null, settings(delivery));
    }

    private static final int UNCERTAIN = 0;
    private static final int CERTAIN = 1;

    /// Finds the statement of the name that stands in the buffer, and notes it in the plan; null if
    /// there is none.
    private int find(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int nameEnd) {
        int length = nameEnd - from;
        var earlier = delivery.names.find(buffer, from, length);
        if (earlier != null) {
            plan.statement = earlier.meansBehind();
            return CERTAIN;
        }
        if (delivery.statements.deallocatesAll() && length > 0) return CERTAIN;
        if (session.statements().isPending(buffer, from, length)) return UNCERTAIN;
        if (length > 0 && deliveries.mayDeallocate(delivery)) return UNCERTAIN;
        plan.statement = session.statements().find(buffer, from, length);
        return CERTAIN;
    }

    private boolean bind(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end) {
        int portalEnd = WireReader.endOfString(buffer, from, end);
        int nameEnd = WireReader.endOfString(buffer, portalEnd + 1, end);
        if (find(delivery, plan, buffer, portalEnd + 1, nameEnd) == UNCERTAIN) return false;
        var statement = plan.statement;
        plan.runs = statement == null ? QueryClass.NOT_PREPARED : statement.queryClass();
        var portal = portalEnd == from ? "" : WireReader.string(buffer, from, end);
        delivery.names.binds(portal, plan.runs);
        delivery.runs(plan.runs);
        if (wantsTexts && statement != null) delivery.texts.add(statement);
        return true;
    }

    private boolean describe(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end) {
        if (!namesStatement(buffer, from, end)) {
            delivery.needsServer();
            return true;
        }
        int nameEnd = WireReader.endOfString(buffer, from + 1, end);
        if (find(delivery, plan, buffer, from + 1, nameEnd) == UNCERTAIN) return false;
        plan.runs = plan.statement == null ? QueryClass.NOT_PREPARED : plan.statement.queryClass();
        delivery.runs(plan.runs);
        return true;
    }

    private boolean close(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end) {
        if (!namesStatement(buffer, from, end)) {
            delivery.needsServer();
            return true;
        }
        int nameEnd = WireReader.endOfString(buffer, from + 1, end);
        if (find(delivery, plan, buffer, from + 1, nameEnd) == UNCERTAIN) return false;
        plan.closes = true;
        plan.closesNamed = nameEnd > from + 1;
        if (plan.statement != null) {
            plan.pending = true;
            delivery.names.makes(plan.statement.name(), plan);
        }
        return true;
    }

    /// Whether a Describe or Close is of a statement; of a portal otherwise.
    static boolean namesStatement(ByteBuf buffer, int from, int end) {
        return from < end && buffer.getByte(from) == 'S';
    }

    private boolean execute(Delivery delivery, MessagePlan plan, ByteBuf buffer, int from, int end) {
        int nameEnd = WireReader.endOfString(buffer, from, end);
        var portal = nameEnd == from ? "" : WireReader.string(buffer, from, end);
        var bound = delivery.names.bound(portal);
        plan.runs = bound == null ? session.portals().find(portal) : bound;
        delivery.runs(plan.runs);
        delivery.executes(plan.runs);
        return true;
    }
}
