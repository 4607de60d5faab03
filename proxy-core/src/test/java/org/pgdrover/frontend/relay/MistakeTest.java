package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.WireBytes;

/// A client's mistake or goodbye costs that client, and nobody else; the pool has one server.
@Timeout(60)
class MistakeTest {
    private final RelayRig rig;
    private final ScriptedServer primary;

    MistakeTest() throws Exception {
        rig = new RelayRig(1);
        primary = rig.primary();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    /// A's server passes to B, whose next message is none: A has its answer all the same.
    @ParameterizedTest
    @ValueSource(strings = {"unknown type", "impossible length", "goodbye"})
    void keepsNobodyElsesAnswer(String mistake) throws Exception {
        var end = new CountDownLatch(1);
        primary.on("INSERT 1", (wire, message) -> {
            ScriptedServer.await(end);
            wire.send(new WireBytes().message('C', "INSERT 0 1").message('Z', 'I'));
            return true;
        });
        try (var a = rig.connect();
                var b = rig.connect();
                var c = rig.connect()) {
            a.send(query("INSERT 1"));
            Until.isTrue(() -> primary.count("INSERT 1") > 0);
            b.send(query("INSERT 2"));
            b.send(
                    switch (mistake) {
                        case "unknown type" -> new byte[] {'!', 0, 0, 0, 4};
                        case "impossible length" -> new byte[] {'Q', (byte) 0xff, 0, 0, 0};
                        default -> new byte[] {'X', 0, 0, 0, 4};
                    });
            rig.settle();
            c.send(query("INSERT 3"));

            end.countDown();

            assertThat(types(answers(a, 1))).isEqualTo("CZ");
            assertThat(types(answers(c, 1))).isEqualTo("TDCZ");
            for (var message = b.read(); message != null; message = b.read()) {}
        }
    }

    /// What is taken of a batch and not sent yet is released: the class fails if a buffer is not.
    @Test
    void leavesNoBufferBehindWithWhoLeavesInABatch() throws Exception {
        for (int i = 0; i < 5; i++) {
            for (var batch : new WireBytes[] {
                parsed("BEGIN").message('H'),
                parsed("BEGIN"),
                query("BEGIN").append(parsed("SELECT 1")).message('H'),
                parsed("SELECT 1").message('H'),
                new WireBytes().append(new byte[] {'P', 0, 0, 1, 0, 'x'})
            }) {
                try (var client = rig.connect()) {
                    client.send(batch);
                    rig.settle();
                }
                rig.settle();
            }
        }
        Until.isTrue(() -> rig.leasedServers() == 0);
    }
}
