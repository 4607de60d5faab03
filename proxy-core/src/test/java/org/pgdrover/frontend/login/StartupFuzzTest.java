package org.pgdrover.frontend.login;

import static org.assertj.core.api.Assertions.assertThat;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.netty.buffer.Unpooled;
import java.util.ArrayList;
import java.util.List;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.protocol.ProtocolViolation;
import org.pgdrover.protocol.StartupPacket;
import org.pgdrover.protocol.StartupPacket.StartupMessage;
import org.pgdrover.protocol.codec.StartupDecoder;

/// No bytes make the readers of a client's first packets fail in another way than they say.
class StartupFuzzTest {
    @FuzzTest(maxDuration = "10m")
    void packets(byte[] content) {
        var packets = read(content, content.length);
        for (var packet : packets) if (packet instanceof StartupMessage message) request(message);
        // Cut in the middle it is the same as far as it goes.
        var half = read(content, content.length / 2);
        assertThat(packets.subList(0, Math.min(half.size(), packets.size())))
                .usingRecursiveComparison()
                .isEqualTo(half);
    }

    private static List<StartupPacket> read(byte[] content, int length) {
        var packets = new ArrayList<StartupPacket>();
        var in = Unpooled.wrappedBuffer(content, 0, length);
        try {
            for (var next = StartupDecoder.decode(in); next != null; next = StartupDecoder.decode(in))
                packets.add(next);
        } catch (ProtocolViolation expected) {
            assertThat(expected).hasMessageContaining(" ");
        } finally {
            in.release();
        }
        return packets;
    }

    /// What is passed on means the same to whoever reads it next.
    private static void request(StartupMessage message) {
        StartupRequest request;
        try {
            request = StartupRequest.of(message);
        } catch (ProtocolViolation expected) {
            return;
        }
        var passed = StartupRequest.of(new StartupMessage(message.version(), request.passedOn()));
        assertThat(passed.passedOn()).isEqualTo(request.passedOn());
        assertThat(passed.node()).isNull();
        assertThat(passed.replication()).isEqualTo(request.replication());
        if (request.node() == null) assertThat(passed.settings()).isEqualTo(request.settings());
    }

    @FuzzTest(maxDuration = "10m")
    void saslInitialResponse(byte[] body) {
        var read = SaslInitialResponse.read(body);
        if (read == null) return;
        assertThat(read.data().length).isLessThanOrEqualTo(body.length);
        assertThat(read.mechanism()).doesNotContain("\0");
    }
}
