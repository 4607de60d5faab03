package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.WireBytes;

/// A client that keeps its server for the session, on which its statements have its own names.
@Timeout(30)
class SessionPoolingTest {
    private static final PoolConfig SESSION = new PoolConfig(
            new PoolSettings(
                    PoolMode.SESSION, 4, 0, Duration.ofSeconds(30), Duration.ofMinutes(10), Duration.ofHours(1)),
            0,
            Map.of(),
            Map.of(),
            500);

    /// Otherwise the name would still be taken there when it is to mean something else.
    @Test
    void closesAStatementWhereItIs() throws Exception {
        try (var rig = new RelayRig(SESSION);
                var client = rig.connect()) {
            client.send(new WireBytes().message('P', "s", "INSERT 1", (short) 0).message('S'));
            answers(client, 1);
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");

            client.send(new WireBytes()
                    .message('C', 'S', "s")
                    .message('P', "s", "SELECT 2", (short) 0)
                    .message('B', "", "s", (short) 0, (short) 0, (short) 0)
                    .message('E', "", 0)
                    .message('S'));

            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    /// The server that a client keeps has nothing to say in the middle of another one's row.
    @Test
    void passesARowWholeWhileTheKeptServerWarnsOfItsEnd() throws Exception {
        try (var rig = new RelayRig(SESSION);
                var client = rig.connect()) {
            var warned = new CountDownLatch(1);
            var halfSent = new CountDownLatch(1);
            rig.primary().on("INSERT 1", (wire, _) -> {
                wire.send(new WireBytes().message('C', "INSERT 0 1").message('Z', 'I'));
                ScriptedServer.await(halfSent);
                wire.send(new WireBytes()
                        .message('N', 'S', "WARNING", 'V', "WARNING", 'C', "57P02", 'M', "crash", (char) 0));
                warned.countDown();
                return true;
            });
            var row = new WireBytes()
                    .message('D', (short) 1, 100_000, "x".repeat(99_999))
                    .message('C', "SELECT 1")
                    .message('Z', 'I')
                    .bytes();
            rig.standby().on("SELECT wide", (wire, _) -> {
                wire.send(Arrays.copyOf(row, 50_000));
                halfSent.countDown();
                ScriptedServer.await(warned);
                rig.settle();
                wire.send(Arrays.copyOfRange(row, 50_000, row.length));
                return true;
            });
            client.send(query("INSERT 1"));
            answers(client, 1);

            client.send(query("SELECT wide"));

            assertThat(types(answers(client, 1))).isEqualTo("DCZ");
        }
    }
}
