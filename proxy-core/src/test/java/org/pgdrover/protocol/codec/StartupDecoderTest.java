package org.pgdrover.protocol.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.pgdrover.protocol.ProtocolVersion;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.StartupPacket;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.protocol.StartupPacket.CancelRequest;
import org.pgdrover.protocol.StartupPacket.GssEncRequest;
import org.pgdrover.protocol.StartupPacket.SslRequest;
import org.pgdrover.protocol.StartupPacket.StartupMessage;
import org.pgdrover.testing.EverySplit;

class StartupDecoderTest {
    private static byte[] packet(int code, byte[] rest) {
        return ByteBuffer.allocate(8 + rest.length)
                .putInt(8 + rest.length)
                .putInt(code)
                .put(rest)
                .array();
    }

    private static byte[] text(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static @Nullable StartupPacket decode(byte[] bytes) {
        var buffer = Unpooled.wrappedBuffer(bytes);
        return StartupDecoder.decode(buffer);
    }

    private static void assertEverySplitGives(byte[] bytes, StartupPacket expected) {
        EverySplit.of(bytes, pieces -> {
            ByteBuf joined = Unpooled.buffer();
            StartupPacket found = null;
            for (var piece : pieces) {
                assertThat(found).isNull();
                joined.writeBytes(piece);
                piece.release();
                found = StartupDecoder.decode(joined);
            }
            assertThat(found).isEqualTo(expected);
            assertThat(joined.isReadable()).isFalse();
            joined.release();
        });
    }

    @Test
    void readsEveryPacketHoweverItIsCut() {
        assertEverySplitGives(packet(1234 << 16 | 5679, new byte[0]), new SslRequest());
        assertEverySplitGives(packet(1234 << 16 | 5680, new byte[0]), new GssEncRequest());
        assertEverySplitGives(
                packet(1234 << 16 | 5678, new byte[] {0, 0, 0, 7, 1, 2, 3, 4}),
                new CancelRequest(new CancelKey(7, new byte[] {1, 2, 3, 4})));
        assertEverySplitGives(
                packet(3 << 16, text("user\0me\0database\0db\0\0")),
                new StartupMessage(
                        ProtocolVersion.V3_0,
                        new java.util.LinkedHashMap<>(java.util.Map.of("user", "me", "database", "db"))));
    }

    @Test
    void readsTheLongKeysOfProtocol32() {
        var key = new byte[4 + 256];
        key[3] = 9;
        assertThat(decode(packet(1234 << 16 | 5678, key)))
                .isEqualTo(new CancelRequest(new CancelKey(9, new byte[256])));
    }

    @Test
    void refusesWhatCannotBe() {
        for (var bytes : new byte[][] {
            {0, 0, 0, 7, 0, 3, 0},
            {0x7F, 0, 0, 0},
            packet(3 << 16, new byte[10_000]),
            packet(2 << 16, text("user\0me\0\0")),
            packet(3 << 16, text("user\0me\0")),
            packet(3 << 16, text("user")),
            packet(3 << 16, text("user\0me\0\0more")),
            packet(1234 << 16 | 5679, text("x")),
            packet(1234 << 16 | 5678, new byte[3]),
            packet(1234 << 16 | 5678, new byte[4]),
            packet(1234 << 16 | 5678, new byte[4 + 257])
        }) assertThatThrownBy(() -> decode(bytes)).isInstanceOf(ProtocolViolation.class);
    }

    @Test
    void waitsForTheRest() {
        assertThat(decode(new byte[] {0, 0, 0})).isNull();
        assertThat(decode(new byte[] {0, 0, 0, 9, 0, 3, 0, 0})).isNull();
    }
}
