package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.TransactionStatus;

/// Writes the messages that the proxy itself sends to clients; every method appends to a buffer that the
/// caller owns.
public final class BackendMessages {
    private BackendMessages() {}

    public static void authenticationOk(ByteBuf out) {
        authentication(out, 0, new byte[0]);
    }

    public static void authenticationCleartextPassword(ByteBuf out) {
        authentication(out, 3, new byte[0]);
    }

    public static void authenticationMd5Password(ByteBuf out, byte[] salt) {
        authentication(out, 5, salt);
    }

    /// @param mechanisms in the order of preference
    public static void authenticationSasl(ByteBuf out, Collection<String> mechanisms) {
        int start = begin(out, MessageType.AUTHENTICATION);
        out.writeInt(10);
        mechanisms.forEach(mechanism -> string(out, mechanism));
        out.writeByte(0);
        finish(out, start);
    }

    public static void authenticationSaslContinue(ByteBuf out, byte[] data) {
        authentication(out, 11, data);
    }

    public static void authenticationSaslFinal(ByteBuf out, byte[] data) {
        authentication(out, 12, data);
    }

    private static void authentication(ByteBuf out, int code, byte[] data) {
        int start = begin(out, MessageType.AUTHENTICATION);
        out.writeInt(code).writeBytes(data);
        finish(out, start);
    }

    public static void negotiateProtocolVersion(
            ByteBuf out, ProtocolVersion newest, Collection<String> unknownOptions) {
        int start = begin(out, MessageType.NEGOTIATE_PROTOCOL_VERSION);
        out.writeInt(newest.code()).writeInt(unknownOptions.size());
        unknownOptions.forEach(option -> string(out, option));
        finish(out, start);
    }

    public static void parameterStatus(ByteBuf out, String name, String value) {
        int start = begin(out, MessageType.PARAMETER_STATUS);
        string(out, name);
        string(out, value);
        finish(out, start);
    }

    public static void backendKeyData(ByteBuf out, CancelKey key) {
        int start = begin(out, MessageType.BACKEND_KEY_DATA);
        out.writeInt(key.processId()).writeBytes(key.secret());
        finish(out, start);
    }

    public static void readyForQuery(ByteBuf out, TransactionStatus status) {
        out.writeByte(MessageType.READY_FOR_QUERY).writeInt(5).writeByte(status.indicator());
    }

    public static void commandComplete(ByteBuf out, String tag) {
        int start = begin(out, MessageType.COMMAND_COMPLETE);
        string(out, tag);
        finish(out, start);
    }

    /// A message without a body, such as ParseComplete, BindComplete, CloseComplete or NoData.
    public static void bare(ByteBuf out, byte type) {
        out.writeByte(type).writeInt(4);
    }

    /// ParameterDescription with this body.
    public static void parameters(ByteBuf out, byte[] body) {
        out.writeByte(MessageType.PARAMETER_DESCRIPTION)
                .writeInt(4 + body.length)
                .writeBytes(body);
    }

    /// ParameterDescription of a statement without parameters.
    public static void noParameters(ByteBuf out) {
        out.writeByte(MessageType.PARAMETER_DESCRIPTION).writeInt(6).writeShort(0);
    }

    public static void error(ByteBuf out, ErrorFields error) {
        fields(out, MessageType.ERROR_RESPONSE, error);
    }

    public static void notice(ByteBuf out, ErrorFields notice) {
        fields(out, MessageType.NOTICE_RESPONSE, notice);
    }

    private static void fields(ByteBuf out, byte type, ErrorFields error) {
        int start = begin(out, type);
        error.fields().forEach((field, value) -> {
            out.writeByte(field);
            string(out, value);
        });
        out.writeByte(0);
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
