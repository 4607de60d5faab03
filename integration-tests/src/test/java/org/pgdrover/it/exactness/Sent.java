package org.pgdrover.it.exactness;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/// A frontend message as it goes over the wire, with words for people who read a failed conversation.
///
/// @param type its first byte; 0 for a StartupMessage, which has none
/// @param shown what a reader needs to see of it
record Sent(char type, byte[] bytes, String shown) {
    private static final int PROTOCOL = 3 << 16;
    private static final int SHOWN = 400;

    private static final class Body {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

        Body string(String text) {
            bytes.writeBytes(text.getBytes(StandardCharsets.UTF_8));
            bytes.write(0);
            return this;
        }

        Body int16(int value) {
            bytes.write(value >> 8);
            bytes.write(value);
            return this;
        }

        Body int32(int value) {
            return int16(value >> 16).int16(value);
        }

        Body value(@Nullable String value) {
            if (value == null) return int32(-1);
            var utf8 = value.getBytes(StandardCharsets.UTF_8);
            int32(utf8.length);
            bytes.writeBytes(utf8);
            return this;
        }

        Body raw(byte[] raw) {
            bytes.writeBytes(raw);
            return this;
        }

        Body int8(int value) {
            bytes.write(value);
            return this;
        }

        Sent as(char type, String shown) {
            var message = ByteBuffer.allocate(bytes.size() + 5);
            message.put((byte) type).putInt(bytes.size() + 4).put(bytes.toByteArray());
            return new Sent(type, message.array(), shown);
        }
    }

    static Sent startup(Map<String, String> parameters) {
        var body = new Body().int32(PROTOCOL);
        parameters.forEach((name, value) -> body.string(name).string(value));
        body.int8(0);
        var message = ByteBuffer.allocate(body.bytes.size() + 4);
        message.putInt(message.capacity()).put(body.bytes.toByteArray());
        return new Sent('\0', message.array(), "StartupMessage " + parameters);
    }

    static Sent query(String sql) {
        return new Body().string(sql).as('Q', "Query \"" + shortened(sql) + "\"");
    }

    static Sent parse(String name, String sql, int... types) {
        var body = new Body().string(name).string(sql).int16(types.length);
        for (int type : types) body.int32(type);
        return body.as('P', "Parse \"" + name + "\" \"" + shortened(sql) + "\"");
    }

    static Sent bind(String portal, String statement, @Nullable String... values) {
        var body = new Body().string(portal).string(statement).int16(0).int16(values.length);
        for (var value : values) body.value(value);
        var shown = values.length == 0 ? "" : " (" + String.join(", ", values) + ")";
        return body.int16(0).as('B', "Bind \"" + portal + "\" to \"" + statement + "\"" + shown);
    }

    /// Without parameters, and with one format, binary, for all of them.
    static Sent bindBinary(String portal, String statement) {
        return new Body()
                .string(portal)
                .string(statement)
                .int16(1)
                .int16(1)
                .int16(0)
                .int16(0)
                .as('B', "Bind \"" + portal + "\" to \"" + statement + "\", binary");
    }

    static Sent execute(String portal, int rows) {
        return new Body()
                .string(portal)
                .int32(rows)
                .as('E', "Execute \"" + portal + "\"" + (rows == 0 ? "" : " max " + rows));
    }

    /// @param kind S for a statement, P for a portal
    static Sent describe(char kind, String name) {
        return new Body().int8(kind).string(name).as('D', "Describe " + kind + " \"" + name + "\"");
    }

    /// @param kind S for a statement, P for a portal
    static Sent close(char kind, String name) {
        return new Body().int8(kind).string(name).as('C', "Close " + kind + " \"" + name + "\"");
    }

    static Sent sync() {
        return new Body().as('S', "Sync");
    }

    static Sent flush() {
        return new Body().as('H', "Flush");
    }

    static Sent terminate() {
        return new Body().as('X', "Terminate");
    }

    static Sent copyData(String text) {
        return new Body().raw(text.getBytes(StandardCharsets.UTF_8)).as('d', "CopyData " + shortened(text.strip()));
    }

    static Sent copyDone() {
        return new Body().as('c', "CopyDone");
    }

    static Sent copyFail(String reason) {
        return new Body().string(reason).as('f', "CopyFail " + reason);
    }

    /// A FunctionCall with arguments and result as text.
    static Sent functionCall(int function, @Nullable String... arguments) {
        var body = new Body().int32(function).int16(0).int16(arguments.length);
        for (var argument : arguments) body.value(argument);
        return body.int16(0).as('F', "FunctionCall " + function + " (" + String.join(", ", arguments) + ")");
    }

    /// The statement of a Query or Parse; empty for other messages.
    String text() {
        if (type != 'Q' && type != 'P') return "";
        int from = 5;
        if (type == 'P') while (bytes[from++] != 0) continue;
        int to = from;
        while (bytes[to] != 0) to++;
        return new String(bytes, from, to - from, StandardCharsets.UTF_8);
    }

    private static String shortened(String text) {
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "… (" + text.length() + " characters)";
    }

    @Override
    public String toString() {
        return shown;
    }
}
