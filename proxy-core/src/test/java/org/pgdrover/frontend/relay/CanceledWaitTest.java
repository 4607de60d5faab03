package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.WireBytes;

/// A commit whose wait for a synchronous standby ends too early.
@Timeout(60)
class CanceledWaitTest {
    private final RelayRig rig;
    private final ScriptedServer primary;

    CanceledWaitTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static WireBytes warning(String sqlState, String message) {
        return new WireBytes()
                .message(
                        'N',
                        'S',
                        "WARNING",
                        'V',
                        "WARNING",
                        'C',
                        sqlState,
                        'M',
                        message,
                        'R',
                        "SyncRepWaitForLSN",
                        (char) 0);
    }

    private static WireBytes cancelled() {
        return warning("01000", "canceling wait for synchronous replication due to user request");
    }

    /// It commits, and warns of a wait that was cancelled.
    private static void cancelsTheWait(ScriptedServer primary) {
        primary.on("INSERT", (wire, message) -> {
            wire.send(cancelled().message('C', "INSERT 0 1").message('Z', 'I'));
            return true;
        });
    }

    private void begins() {
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE", (wire, message) -> {
            wire.send(new WireBytes().message('C', "UPDATE 1").message('Z', 'T'));
            return true;
        });
    }

    /// PostgreSQL says success, and a failover may take it back.
    @Test
    void isNoSuccess() throws Exception {
        cancelsTheWait(primary);
        try (var client = rig.connect()) {
            client.send(query("INSERT 1"));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("08007");
            client.send(query("SELECT 1"));
            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
        }
    }

    /// What runs behind the commit in one string is answered as ever, and the error comes behind that.
    @Test
    void isToldBehindTheRestOfAString() throws Exception {
        primary.on("COMMIT; SELECT 1", (wire, message) -> {
            wire.send(cancelled()
                    .message('C', "COMMIT")
                    .message('T', (short) 1, "name", 0, (short) 0, 25, (short) -1, -1, (short) 0)
                    .message('D', (short) 1, 1, new byte[] {'x'})
                    .message('C', "SELECT 1")
                    .message('Z', 'I'));
            return true;
        });
        begins();
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("UPDATE 1")));
            answers(client, 2);
            client.send(query("COMMIT; SELECT 1"));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("CTDCEZ");
            assertThat(error(answers).field('C')).isEqualTo("08007");
        }
    }

    /// One error is enough, and the transaction is over.
    @Test
    void isToldOnceIfTheSessionWasTerminatedInIt() throws Exception {
        begins();
        primary.on("COMMIT", (wire, message) -> {
            wire.send(warning(
                    "57P01",
                    "canceling the wait for synchronous replication and terminating connection due to"
                            + " administrator command"));
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("UPDATE 1")));
            answers(client, 2);
            client.send(query("COMMIT"));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('M')).contains("is committed on the primary");
            assertThat(answers.getLast().body()).containsExactly('I');
            rig.samples(false);
            client.send(query("SELECT a FROM t"));
            assertThat(RelayRig.row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void isNotToldToACommitByACancelRequest() throws Exception {
        var committed = new CountDownLatch(1);
        begins();
        primary.on("COMMIT", (wire, message) -> {
            ScriptedServer.await(committed);
            wire.send(new WireBytes().message('C', "COMMIT").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connectCancellable()) {
            client.wire().send(query("BEGIN").append(query("UPDATE 2")).append(query("COMMIT")));
            answers(client.wire(), 2);
            Until.isTrue(() -> primary.count("COMMIT") > 0);

            client.cancel();

            committed.countDown();
            assertThat(types(answers(client.wire(), 1))).isEqualTo("CZ");
            assertThat(primary.cancelled()).isEmpty();
        }
    }

    @Test
    void isWhatPostgresqlSaysWhereTheConfigurationWantsThat() throws Exception {
        var usual = FailoverConfig.DEFAULT;
        var failover = new FailoverConfig(
                usual.mode(), usual.holdTimeout(), usual.holdMaxClients(), usual.maxDataLossBytes(), false);
        try (var plain = new RelayRig(PoolConfig.DEFAULT, failover)) {
            cancelsTheWait(plain.primary());
            var committed = new CountDownLatch(1);
            plain.primary().on("COMMIT", (wire, message) -> {
                ScriptedServer.await(committed);
                wire.send(new WireBytes().message('C', "COMMIT").message('Z', 'I'));
                return true;
            });
            try (var client = plain.connectCancellable()) {
                client.wire().send(query("INSERT 1"));
                assertThat(types(answers(client.wire(), 1))).isEqualTo("NCZ");
                client.wire().send(query("COMMIT"));
                Until.isTrue(() -> plain.primary().count("COMMIT") > 0);

                client.cancel();

                Until.isTrue(() -> plain.primary().cancelled().size() == 1);
                committed.countDown();
                assertThat(types(answers(client.wire(), 1))).isEqualTo("CZ");
            }
        }
    }
}
