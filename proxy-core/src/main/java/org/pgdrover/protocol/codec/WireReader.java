package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.stream.Stream;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.TransactionStatus;

/// Reads the fields of frames without taking them: every method borrows the buffer and takes absolute
/// positions.
public final class WireReader {
    private WireReader() {}

    /// The position of the zero byte that ends the string at `from`.
    public static int endOfString(ByteBuf buffer, int from, int limit) {
        int length = from >= limit ? -1 : buffer.bytesBefore(from, limit - from, (byte) 0);
        if (length < 0) throw new ProtocolViolation("invalid string in message: no terminator");
        return from + length;
    }

    public static String string(ByteBuf buffer, int from, int limit) {
        int end = endOfString(buffer, from, limit);
        return buffer.toString(from, end - from, StandardCharsets.UTF_8);
    }

    /// The transaction status of a ReadyForQuery that begins at `start`.
    public static TransactionStatus readyForQuery(ByteBuf buffer, int start) {
        return TransactionStatus.of(buffer.getByte(start + MessageDecoder.HEADER));
    }

    private static final byte[][] DEFINITIONS = Stream.of(
                    "CREATE ", "ALTER ", "DROP ", "DO", "CALL", "IMPORT ", "COMMIT PREPARED")
            .map(word -> word.getBytes(StandardCharsets.US_ASCII))
            .toArray(byte[][]::new);
    private static final byte[] BEGIN = "BEGIN".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] START_TRANSACTION = "START TRANSACTION".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] COMMIT = "COMMIT".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] PREPARE_TRANSACTION = "PREPARE TRANSACTION".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] NOTIFY = "NOTIFY".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] ROLLBACK = "ROLLBACK".getBytes(StandardCharsets.US_ASCII);

    /// What the tag of a CommandComplete tells of the transaction.
    public static CommandTag commandTag(ByteBuf buffer, int start, int end) {
        int from = start + MessageDecoder.HEADER;
        int length = end - from - 1;
        return switch (length) {
            case 5 -> is(BEGIN, buffer, from) ? CommandTag.BEGIN : other(buffer, from, length);
            case 6 ->
                is(COMMIT, buffer, from)
                        ? CommandTag.COMMIT
                        : is(NOTIFY, buffer, from) ? CommandTag.NOTIFY : other(buffer, from, length);
            case 8 -> is(ROLLBACK, buffer, from) ? CommandTag.ROLLBACK : other(buffer, from, length);
            case 17 -> is(START_TRANSACTION, buffer, from) ? CommandTag.BEGIN : other(buffer, from, length);
            case 19 -> is(PREPARE_TRANSACTION, buffer, from) ? CommandTag.COMMIT : other(buffer, from, length);
            default -> other(buffer, from, length);
        };
    }

    private static CommandTag other(ByteBuf buffer, int from, int length) {
        for (var word : DEFINITIONS) if (length >= word.length && is(word, buffer, from)) return CommandTag.DEFINITION;
        return CommandTag.OTHER;
    }

    private static boolean is(byte[] tag, ByteBuf buffer, int from) {
        for (int i = 0; i < tag.length; i++) if (buffer.getByte(from + i) != tag[i]) return false;
        return true;
    }

    /// The fields of an ErrorResponse or NoticeResponse; what is cut off at the end is left out.
    public static ErrorFields errorFields(ByteBuf buffer, int start, int end) {
        var fields = new LinkedHashMap<Character, String>();
        int position = start + MessageDecoder.HEADER;
        while (position < end && buffer.getByte(position) != 0) {
            char type = (char) (buffer.getByte(position) & 0xFF);
            int length = buffer.bytesBefore(position + 1, end - position - 1, (byte) 0);
            if (length < 0) break;
            fields.put(type, buffer.toString(position + 1, length, StandardCharsets.UTF_8));
            position += length + 2;
        }
        return new ErrorFields(fields);
    }
}
