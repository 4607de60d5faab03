package org.pgdrover.protocol.codec;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.StartupPacket;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.StartupPacket.CancelRequest;
import org.pgdrover.protocol.StartupPacket.GssEncRequest;
import org.pgdrover.protocol.StartupPacket.SslRequest;
import org.pgdrover.protocol.StartupPacket.StartupMessage;

/// Reads the packets that have no type byte: SSLRequest, GSSENCRequest, CancelRequest and
/// StartupMessage.
public final class StartupDecoder {
    /// PostgreSQL's MAX_STARTUP_PACKET_LENGTH, and the length itself.
    public static final int MAX_LENGTH = 10_004;

    public static final int CANCEL_REQUEST = 1234 << 16 | 5678;
    public static final int SSL_REQUEST = 1234 << 16 | 5679;
    public static final int GSSENC_REQUEST = 1234 << 16 | 5680;
    private static final int MAX_CANCEL_KEY = 256;

    private StartupDecoder() {}

    /// Takes one packet from the buffer, or nothing if it is not there whole.
    ///
    /// @throws ProtocolViolation if the length, the version or the form is impossible
    public static @Nullable StartupPacket decode(ByteBuf in) {
        if (in.readableBytes() < 4) return null;
        int length = in.getInt(in.readerIndex());
        if (length < 8 || length > MAX_LENGTH)
            throw ProtocolViolation.unanswered(
                    "invalid length of startup packet: " + length + " (expected: 8 to " + MAX_LENGTH + ")");
        if (in.readableBytes() < length) return null;
        in.skipBytes(4);
        return body(in.readSlice(length - 4));
    }

    private static StartupPacket body(ByteBuf body) {
        int code = body.readInt();
        return switch (code) {
            case SSL_REQUEST -> bare(body, new SslRequest());
            case GSSENC_REQUEST -> bare(body, new GssEncRequest());
            case CANCEL_REQUEST -> cancelRequest(body);
            default -> startupMessage(ProtocolVersion.ofCode(code), body);
        };
    }

    private static StartupPacket bare(ByteBuf body, StartupPacket packet) {
        if (body.isReadable()) throw new ProtocolViolation("invalid length of encryption request packet");
        return packet;
    }

    private static CancelRequest cancelRequest(ByteBuf body) {
        int keyLength = body.readableBytes() - 4;
        if (keyLength < 1 || keyLength > MAX_CANCEL_KEY)
            throw ProtocolViolation.unanswered(
                    "invalid length of cancel key: " + keyLength + " (expected: 1 to " + MAX_CANCEL_KEY + ")");
        int processId = body.readInt();
        var secret = new byte[keyLength];
        body.readBytes(secret);
        return new CancelRequest(new CancelKey(processId, secret));
    }

    private static StartupMessage startupMessage(ProtocolVersion version, ByteBuf body) {
        if (version.major() != 3) throw unsupported(version);
        var parameters = new LinkedHashMap<String, String>();
        while (true) {
            var name = string(body);
            if (name.isEmpty()) break;
            parameters.put(name, string(body));
        }
        if (body.isReadable()) throw unterminated();
        return new StartupMessage(version, parameters);
    }

    /// A version, or a request, that is not understood here.
    public static ProtocolViolation unsupported(ProtocolVersion version) {
        return new ProtocolViolation(
                SqlState.FEATURE_NOT_SUPPORTED,
                "unsupported frontend protocol " + version + ": server supports 3.0 to " + ProtocolVersion.V3_2);
    }

    private static ProtocolViolation unterminated() {
        return new ProtocolViolation("invalid startup packet layout: expected terminator as last byte");
    }

    private static String string(ByteBuf body) {
        int length = body.bytesBefore((byte) 0);
        if (length < 0) throw unterminated();
        var text = body.readCharSequence(length, StandardCharsets.UTF_8).toString();
        body.skipBytes(1);
        return text;
    }
}
