package org.pgdrover.testing;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/// Writes and reads messages byte by byte, independently of the codec under test.
public final class WireBytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    /// A message with a type byte; a char is one byte, an Integer four, a Short two, a String ends with
    /// a zero byte.
    public WireBytes message(char type, Object... fields) {
        var body = new ByteArrayOutputStream();
        for (var field : fields) write(body, field);
        out.write(type);
        writeInt(out, body.size() + 4);
        out.writeBytes(body.toByteArray());
        return this;
    }

    public WireBytes append(WireBytes other) {
        out.writeBytes(other.bytes());
        return this;
    }

    public WireBytes append(byte[] bytes) {
        out.writeBytes(bytes);
        return this;
    }

    private static void write(ByteArrayOutputStream to, Object field) {
        switch (field) {
            case Character c -> to.write(c);
            case Integer i -> writeInt(to, i);
            case Short s -> {
                to.write(s >> 8);
                to.write(s);
            }
            case byte[] bytes -> to.writeBytes(bytes);
            case String text -> {
                to.writeBytes(text.getBytes(StandardCharsets.UTF_8));
                to.write(0);
            }
            default -> throw new IllegalArgumentException("field: " + field);
        }
    }

    private static void writeInt(ByteArrayOutputStream to, int value) {
        for (int shift = 24; shift >= 0; shift -= 8) to.write(value >> shift);
    }

    public byte[] bytes() {
        return out.toByteArray();
    }

    public ByteBuf buffer() {
        return Unpooled.copiedBuffer(bytes());
    }

    /// The type letters of the messages in a buffer, in order; the buffer is read but not released.
    public static String types(ByteBuf buffer) {
        var types = new StringBuilder();
        while (buffer.isReadable()) {
            types.append((char) buffer.readByte());
            buffer.skipBytes(buffer.readInt() - 4);
        }
        return types.toString();
    }

    /// A few messages as a server would send them for a small SELECT.
    public static List<byte[]> selectAnswer() {
        var all = new ArrayList<byte[]>();
        all.add(new WireBytes()
                .message('T', (short) 1, "a", 0, (short) 0, 23, (short) 4, -1, (short) 0)
                .bytes());
        all.add(new WireBytes()
                .message('D', (short) 1, 1, (byte[]) "7".getBytes(StandardCharsets.US_ASCII))
                .bytes());
        all.add(new WireBytes().message('C', "SELECT 1").bytes());
        all.add(new WireBytes().message('Z', 'I').bytes());
        return all;
    }
}
