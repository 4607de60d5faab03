package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.TransactionStatus;

/** Reads the fields of frames without taking them: every method borrows the buffer and takes absolute positions. */
public final class WireReader {
    private WireReader() {}

    /** The position of the zero byte that ends the string at {@code from}. */
    public static int endOfString(ByteBuf buffer, int from, int limit) {
        int length = from >= limit ? -1 : buffer.bytesBefore(from, limit - from, (byte) 0);
        if (length < 0) throw new ProtocolViolation("invalid string in message: no terminator");
        return from + length;
    }

    public static String string(ByteBuf buffer, int from, int limit) {
        int end = endOfString(buffer, from, limit);
        return buffer.toString(from, end - from, StandardCharsets.UTF_8);
    }

    /** The transaction status of a ReadyForQuery that begins at {@code start}. */
    public static TransactionStatus readyForQuery(ByteBuf buffer, int start) {
        return TransactionStatus.of(buffer.getByte(start + MessageDecoder.HEADER));
    }

    /** The fields of an ErrorResponse or NoticeResponse; what is cut off at the end is left out. */
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
