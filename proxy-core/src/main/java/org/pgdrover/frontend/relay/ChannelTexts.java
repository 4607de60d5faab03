package org.pgdrover.frontend.relay;

import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/// Reads LISTEN, UNLISTEN and NOTIFY in a delivery.
final class ChannelTexts {
    private static final int HEADER = 5;

    private ChannelTexts() {}

    /// Whether a LISTEN or UNLISTEN is among what it runs.
    static boolean areIn(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (ChannelStatement.is(classes.get(i))) return true;
        return false;
    }

    /// The text that a Query runs or a Bind names; null if it is not had whole.
    static byte @Nullable [] of(ClientMessage message, MessagePlan plan, Batch batch) {
        if (message.type == MessageType.BIND) {
            var definition = plan.statement == null ? null : plan.statement.definition();
            if (definition == null || !isWithoutParameters(message, batch)) return null;
            return Arrays.copyOf(definition, endOfText(definition));
        }
        if (message.large || message.size < HEADER + 1) return null;
        var text = new byte[message.size - HEADER - 1];
        Objects.requireNonNull(batch.bytes()).getBytes(batch.from() + message.start + HEADER, text);
        return text;
    }

    /// Whether a Bind gives no parameters; with some it fails, in the server's own words. One format is for
    /// all of them, however many there are.
    private static boolean isWithoutParameters(ClientMessage message, Batch batch) {
        var buffer = Objects.requireNonNull(batch.bytes());
        int from = batch.from() + message.start;
        int end = from + message.size;
        int portalEnd = WireReader.endOfString(buffer, from + HEADER, end);
        int nameEnd = WireReader.endOfString(buffer, portalEnd + 1, end);
        if (nameEnd + 3 > end) return false;
        int formats = buffer.getUnsignedShort(nameEnd + 1);
        int values = nameEnd + 3 + 2 * formats;
        return formats <= 1 && values + 2 <= end && buffer.getUnsignedShort(values) == 0;
    }

    private static int endOfText(byte[] definition) {
        int end = 0;
        while (definition[end] != 0) end++;
        return end;
    }

    /// Whether it runs something that notifies as far as the text tells.
    static boolean mayNotify(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (mayNotify(classes.get(i))) return true;
        return false;
    }

    /// Whether the message runs something that notifies as far as the text tells.
    static boolean mayNotify(ClientMessage message, MessagePlan plan) {
        return (message.type == MessageType.QUERY || message.type == MessageType.EXECUTE) && mayNotify(plan.runs);
    }

    /// Whether the message may run what takes back what was notified before, or ends the transaction of that.
    static boolean mayTakeBack(ClientMessage message, MessagePlan plan) {
        return (message.type == MessageType.QUERY || message.type == MessageType.EXECUTE)
                && plan.runs.transaction() != TransactionEffect.NONE;
    }

    /// Whether the present part of a delivery may run such.
    static boolean mayTakeBack(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) if (mayTakeBack(batch.message(i), delivery.plan(i))) return true;
        return false;
    }

    /// Whether it notifies as far as the text tells.
    static boolean mayNotify(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (mayNotify(ran.parts().get(i))) return true;
        return ran.statement().equals("NOTIFY") || ran.calls("pg_notify");
    }
}
