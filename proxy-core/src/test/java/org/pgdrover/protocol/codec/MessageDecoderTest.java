package org.pgdrover.protocol.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;
import io.netty.buffer.Unpooled;
import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.testing.EverySplit;
import org.pgdrover.testing.WireBytes;

class MessageDecoderTest {
    private static final int FRAME_LIMIT = 6000;

    /// What came out: all bytes in order, and the frames among them.
    private record Decoded(byte[] bytes, List<String> frames, int messages) {}

    private static Decoded decode(MessageTable table, List<ByteBuf> pieces) {
        var bytes = new ByteArrayOutputStream();
        var frames = new ArrayList<String>();
        int messages = 0;
        try (var decoder = new MessageDecoder(table, ByteBufAllocator.DEFAULT, FRAME_LIMIT)) {
            for (var piece : pieces) {
                for (var event = decoder.next(piece);
                        event != MessageDecoder.Event.NEED_MORE;
                        event = decoder.next(piece)) {
                    var part = new byte[decoder.end() - decoder.start()];
                    decoder.buffer().getBytes(decoder.start(), part);
                    bytes.writeBytes(part);
                    if (event == MessageDecoder.Event.RUN) {
                        messages += decoder.messages();
                        continue;
                    }
                    messages++;
                    boolean whole = event == MessageDecoder.Event.FRAME;
                    frames.add((char) decoder.type() + (whole ? ":" + part.length : "+"));
                    if (whole) assertThat(decoder.length() + 1).isEqualTo(part.length);
                }
                assertThat(piece.isReadable()).isFalse();
                piece.release();
            }
            assertThat(decoder.insideMessage()).isFalse();
        }
        return new Decoded(bytes.toByteArray(), frames, messages);
    }

    @Test
    void givesTheSameFramesHoweverTheBytesAreCut() {
        var answer = new WireBytes()
                .message('T', (short) 1, "a", 0, (short) 0, 23, (short) 4, -1, (short) 0)
                .message('D', (short) 1, 1, new byte[] {55})
                .message('D', (short) 0)
                .message('N', 'S', "NOTICE", 'C', "00000", 'M', "hello", (char) 0)
                .message('D', (short) 1, 3, new byte[] {1, 2, 3})
                .message('C', "SELECT 3")
                .message('S', "TimeZone", "UTC")
                .message('Z', 'I')
                .bytes();
        EverySplit.of(answer, pieces -> {
            var decoded = decode(MessageTable.BACKEND, pieces);
            assertThat(decoded.bytes()).isEqualTo(answer);
            assertThat(decoded.frames()).containsExactly("T:27", "N:28", "C:14", "S:18", "Z:6");
            assertThat(decoded.messages()).isEqualTo(8);
        });
    }

    @Test
    void givesTheBeginningOfALargeMessageAndItsRestAsRuns() {
        var large =
                new WireBytes().message('Q', "x".repeat(10_000)).message('S').bytes();
        var pieces = new ArrayList<ByteBuf>();
        for (int from = 0; from < large.length; from += 777)
            pieces.add(Unpooled.copiedBuffer(large, from, Math.min(777, large.length - from)));

        var decoded = decode(MessageTable.FRONTEND, pieces);

        assertThat(decoded.bytes()).isEqualTo(large);
        assertThat(decoded.frames()).containsExactly("Q+", "S:5");
    }

    @Test
    void passesAHugeRowWithoutHoldingIt() {
        var header = new WireBytes().message('D', (short) 1).bytes();
        header[1] = 0x3F;
        try (var decoder = new MessageDecoder(MessageTable.BACKEND, ByteBufAllocator.DEFAULT, FRAME_LIMIT)) {
            var in = Unpooled.copiedBuffer(header);
            assertThat(decoder.next(in)).isEqualTo(MessageDecoder.Event.RUN);
            assertThat(decoder.insideRun()).isTrue();
            in.release();
            for (int i = 0; i < 1000; i++) {
                var more = Unpooled.wrappedBuffer(new byte[65_536]);
                assertThat(decoder.next(more)).isEqualTo(MessageDecoder.Event.RUN);
                assertThat(decoder.messages()).isZero();
                assertThat(decoder.next(more)).isEqualTo(MessageDecoder.Event.NEED_MORE);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {-1, 0, 3, Integer.MIN_VALUE, Integer.MAX_VALUE})
    void refusesImpossibleLengths(int length) {
        var in = Unpooled.buffer().writeByte('Q').writeInt(length).writeByte(0);
        try (var decoder = new MessageDecoder(MessageTable.FRONTEND, ByteBufAllocator.DEFAULT, FRAME_LIMIT)) {
            assertThatThrownBy(() -> decoder.next(in)).isInstanceOf(ProtocolViolation.class);
        }
    }

    @Test
    void refusesASyncThatIsLongerThanPostgresqlAllows() {
        var in = Unpooled.buffer().writeByte('S').writeInt(10_001);
        try (var decoder = new MessageDecoder(MessageTable.FRONTEND, ByteBufAllocator.DEFAULT, FRAME_LIMIT)) {
            assertThatThrownBy(() -> decoder.next(in))
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("10001 (expected: 4 to 10000)");
        }
    }

    @Test
    void refusesATypeThatDoesNotExist() {
        var in = new WireBytes().message('?', "x").buffer();
        try (var decoder = new MessageDecoder(MessageTable.FRONTEND, ByteBufAllocator.DEFAULT, FRAME_LIMIT)) {
            assertThatThrownBy(() -> decoder.next(in))
                    .isInstanceOf(ProtocolViolation.class)
                    .hasMessageContaining("invalid frontend message type 63");
        }
    }

    @Test
    void keepsRandomStreamsAsTheyWere() {
        var random = new Random(42);
        for (int round = 0; round < 300; round++) {
            var stream = new WireBytes();
            int count = 1 + random.nextInt(30);
            for (int i = 0; i < count; i++) {
                var body = new byte[random.nextInt(10) == 0 ? random.nextInt(9000) : random.nextInt(40)];
                random.nextBytes(body);
                stream.message("DDDDNC12TZSE".charAt(random.nextInt(12)), body);
            }
            var bytes = stream.bytes();
            var pieces = new ArrayList<ByteBuf>();
            for (int from = 0; from < bytes.length; ) {
                int size = Math.min(1 + random.nextInt(random.nextBoolean() ? 8 : 3000), bytes.length - from);
                pieces.add(Unpooled.copiedBuffer(bytes, from, size));
                from += size;
            }
            var decoded = decode(MessageTable.BACKEND, pieces);
            assertThat(decoded.bytes()).isEqualTo(bytes);
            assertThat(decoded.messages()).isEqualTo(count);
        }
    }
}
