package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.buffer.Unpooled;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.RequestKind;
import org.pgdrover.protocol.codec.FrontendMessages;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/// A BEGIN that the client has had its answer to, and that no server has seen so far.
///
/// The first statement decides which server the transaction needs, and a transaction without statements
/// needs none. For PostgreSQL the transaction begins with its first statement: so does `now()` in the
/// transaction.
///
/// @param text the command as the client sent it; each char is one byte
/// @param readOnly whether the transaction is READ ONLY, so that a standby may do
/// @param extended whether it came by the extended protocol, so that its portal is there in the
/// transaction
/// @param request the messages that run the command by the extended protocol, without Sync
record DeferredBegin(String text, boolean readOnly, boolean extended, byte[] request) {
    private static final int HEADER = 5;
    private static final byte[] NO_NAME = {};

    private static final List<RequestKind> RUNS = List.of(RequestKind.PARSE, RequestKind.BIND, RequestKind.EXECUTE);
    private static final List<RequestKind> RUNS_AND_CLOSES =
            List.of(RequestKind.PARSE, RequestKind.BIND, RequestKind.EXECUTE, RequestKind.CLOSE);

    /// What [#request()] asks for.
    List<RequestKind> requestKinds() {
        return extended ? RUNS : RUNS_AND_CLOSES;
    }

    /// The BEGIN that a delivery consists of; null if the delivery is anything else.
    ///
    /// @param last the client's last one, which most often is the same again; null if there was none
    static @Nullable DeferredBegin of(Delivery delivery, @Nullable DeferredBegin last) {
        var command = onlyCommand(delivery);
        if (command == null) return null;
        var effect = command.transaction();
        if (!effect.begins()) return null;
        boolean extended = Objects.requireNonNull(delivery.part).message(0).type == MessageType.PARSE;
        boolean readOnly = effect == TransactionEffect.BEGIN_READ_ONLY;
        if (last != null && last.readOnly == readOnly && last.extended == extended && last.isTextOf(delivery))
            return last;
        var text = text(delivery);
        return new DeferredBegin(text, readOnly, extended, request(text, extended));
    }

    private static byte[] request(String text, boolean extended) {
        var out = Unpooled.buffer(text.length() + 48);
        FrontendMessages.parse(out, NO_NAME, (text + "\0\0\0").getBytes(StandardCharsets.ISO_8859_1));
        FrontendMessages.bindPlainly(out, NO_NAME, NO_NAME);
        FrontendMessages.execute(out, NO_NAME);
        // A Query leaves no portal.
        if (!extended) FrontendMessages.closePortal(out, NO_NAME);
        return ByteBufUtil.getBytes(out);
    }

    /// Whether a delivery consists of a COMMIT or ROLLBACK after which no transaction is open.
    static boolean isEnd(Delivery delivery) {
        var command = onlyCommand(delivery);
        return command != null
                && (command.statement().equals("COMMIT") || command.statement().equals("ROLLBACK"));
    }

    /// What a delivery runs, if the delivery is one Query, or one statement from Parse to Sync without
    /// parameters; else null.
    private static @Nullable QueryClass onlyCommand(Delivery delivery) {
        var batch = delivery.part;
        if (batch == null || !batch.isComplete() || !delivery.first || batch.bytes() == null) return null;
        if (delivery.statements.classes().size() != 1) return null;
        var command = delivery.statements.classes().getFirst();
        if (command.transaction() == TransactionEffect.NONE || !command.parts().isEmpty()) return null;
        return batch.isOnly(MessageType.QUERY) || isOneStatement(delivery, batch) ? command : null;
    }

    private static boolean isOneStatement(Delivery delivery, Batch batch) {
        int count = batch.messages();
        if (count != 4 && count != 5) return false;
        boolean described = count == 5;
        return batch.message(0).type == MessageType.PARSE
                && batch.message(1).type == MessageType.BIND
                && (!described || batch.message(2).type == MessageType.DESCRIBE)
                && batch.message(count - 2).type == MessageType.EXECUTE
                && batch.message(count - 1).type == MessageType.SYNC
                && isNewStatement(delivery.plan(0), batch)
                && delivery.plan(1).statement == delivery.plan(0).statement
                && isBoundPlainly(batch);
    }

    /// Whether Parse makes a statement that can be prepared again, and gives no types of parameters.
    private static boolean isNewStatement(MessagePlan parse, Batch batch) {
        if (!parse.makes || parse.statement == null || !parse.statement.isKept()) return false;
        var bytes = Objects.requireNonNull(batch.bytes());
        int end = end(batch, 0);
        return bytes.getShort(end - 2) == 0 && bytes.getByte(end - 3) == 0;
    }

    /// Whether Bind makes the unnamed portal and gives no parameters.
    private static boolean isBoundPlainly(Batch batch) {
        var bytes = Objects.requireNonNull(batch.bytes());
        int start = start(batch, 1);
        int end = end(batch, 1);
        if (bytes.getByte(start) != 0) return false;
        int counts = WireReader.endOfString(bytes, start + 1, end) + 1;
        return counts + 6 <= end && bytes.getInt(counts) == 0;
    }

    private static int start(Batch batch, int message) {
        return batch.from() + batch.message(message).start + HEADER;
    }

    private static int end(Batch batch, int message) {
        return batch.from() + batch.message(message).start + batch.message(message).size;
    }

    private static String text(Delivery delivery) {
        int from = textStart(delivery);
        ByteBuf bytes = bytes(delivery);
        int end = WireReader.endOfString(bytes, from, end(Objects.requireNonNull(delivery.part), 0));
        return bytes.toString(from, end - from, StandardCharsets.ISO_8859_1);
    }

    private boolean isTextOf(Delivery delivery) {
        int from = textStart(delivery);
        int length = text.length();
        var bytes = bytes(delivery);
        if (from + length >= end(Objects.requireNonNull(delivery.part), 0) || bytes.getByte(from + length) != 0)
            return false;
        for (int i = 0; i < length; i++) if ((char) (bytes.getByte(from + i) & 0xff) != text.charAt(i)) return false;
        return true;
    }

    private static ByteBuf bytes(Delivery delivery) {
        return Objects.requireNonNull(Objects.requireNonNull(delivery.part).bytes());
    }

    private static int textStart(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        int from = start(batch, 0);
        if (batch.message(0).type != MessageType.PARSE) return from;
        return WireReader.endOfString(bytes(delivery), from, end(batch, 0)) + 1;
    }
}
