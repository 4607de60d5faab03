package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.StartupPacket.CancelKey;

/// Writes the messages that the proxy itself sends to servers; every method appends to a buffer that the
/// caller owns.
public final class FrontendMessages {
    private FrontendMessages() {}

    public static void sslRequest(ByteBuf out) {
        out.writeInt(8).writeInt(1234 << 16 | 5679);
    }

    public static void startup(ByteBuf out, ProtocolVersion version, Map<String, String> parameters) {
        int start = out.writerIndex();
        out.writeInt(0).writeInt(version.code());
        parameters.forEach((name, value) -> {
            string(out, name);
            string(out, value);
        });
        out.writeByte(0);
        out.setInt(start, out.writerIndex() - start);
    }

    public static void cancelRequest(ByteBuf out, CancelKey key) {
        out.writeInt(12 + key.secret().length).writeInt(1234 << 16 | 5678);
        out.writeInt(key.processId()).writeBytes(key.secret());
    }

    public static void password(ByteBuf out, String password) {
        int start = begin(out, MessageType.PASSWORD);
        string(out, password);
        finish(out, start);
    }

    public static void saslInitialResponse(ByteBuf out, String mechanism, byte[] data) {
        int start = begin(out, MessageType.PASSWORD);
        string(out, mechanism);
        out.writeInt(data.length).writeBytes(data);
        finish(out, start);
    }

    public static void saslResponse(ByteBuf out, byte[] data) {
        int start = begin(out, MessageType.PASSWORD);
        out.writeBytes(data);
        finish(out, start);
    }

    /// @param sql the statement's bytes, in the session's encoding
    public static void query(ByteBuf out, byte[] sql) {
        out.writeByte(MessageType.QUERY).writeInt(4 + sql.length + 1);
        out.writeBytes(sql).writeByte(0);
    }

    /// @param definition the rest of a Parse after the statement's name: query and parameter types, as
    /// they were on the wire
    public static void parse(ByteBuf out, byte[] name, byte[] definition) {
        out.writeByte(MessageType.PARSE).writeInt(4 + name.length + 1 + definition.length);
        out.writeBytes(name).writeByte(0).writeBytes(definition);
    }

    /// Binds a statement without parameters to a portal whose rows are text.
    public static void bindPlainly(ByteBuf out, byte[] portal, byte[] statement) {
        int start = begin(out, MessageType.BIND);
        out.writeBytes(portal).writeByte(0).writeBytes(statement).writeByte(0);
        out.writeShort(0).writeShort(0).writeShort(0);
        finish(out, start);
    }

    /// Executes a portal to its end.
    public static void execute(ByteBuf out, byte[] portal) {
        int start = begin(out, MessageType.EXECUTE);
        out.writeBytes(portal).writeByte(0).writeInt(0);
        finish(out, start);
    }

    public static void closePortal(ByteBuf out, byte[] portal) {
        int start = begin(out, MessageType.CLOSE);
        out.writeByte('P').writeBytes(portal).writeByte(0);
        finish(out, start);
    }

    /// Close of a prepared statement.
    public static void closeStatement(ByteBuf out, byte[] name) {
        out.writeByte(MessageType.CLOSE).writeInt(4 + 1 + name.length + 1);
        out.writeByte('S').writeBytes(name).writeByte(0);
    }

    /// Describe of a prepared statement.
    public static void describeStatement(ByteBuf out, byte[] name) {
        out.writeByte(MessageType.DESCRIBE).writeInt(4 + 1 + name.length + 1);
        out.writeByte('S').writeBytes(name).writeByte(0);
    }

    public static void flush(ByteBuf out) {
        out.writeByte(MessageType.FLUSH).writeInt(4);
    }

    public static void sync(ByteBuf out) {
        out.writeByte(MessageType.SYNC).writeInt(4);
    }

    public static void terminate(ByteBuf out) {
        out.writeByte(MessageType.TERMINATE).writeInt(4);
    }

    public static void copyFail(ByteBuf out, String reason) {
        int start = begin(out, MessageType.COPY_FAIL);
        string(out, reason);
        finish(out, start);
    }

    private static int begin(ByteBuf out, byte type) {
        out.writeByte(type);
        int start = out.writerIndex();
        out.writeInt(0);
        return start;
    }

    private static void finish(ByteBuf out, int start) {
        out.setInt(start, out.writerIndex() - start);
    }

    private static void string(ByteBuf out, String text) {
        out.writeCharSequence(text, StandardCharsets.UTF_8);
        out.writeByte(0);
    }
}
