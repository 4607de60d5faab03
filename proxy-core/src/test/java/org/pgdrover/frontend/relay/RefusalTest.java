package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// What a client hears of a read that a standby refuses: nothing but the primary's answer.
@Timeout(60)
class RefusalTest {
    private final RelayRig rig;
    private final ScriptedServer primary;
    private final ScriptedServer standby;

    RefusalTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
        standby = rig.standby();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static WireBytes notice(String message) {
        return new WireBytes().message('N', 'S', "NOTICE", 'V', "NOTICE", 'C', "00000", 'M', message, (char) 0);
    }

    @Test
    void tellsANoticeOnce() throws Exception {
        standby.on("SELECT noisy", (wire, message) -> {
            wire.send(notice("from the standby")
                    .append(ScriptedServer.error("25006", "cannot execute in a read-only transaction"))
                    .message('Z', 'I'));
            return true;
        });
        primary.on("SELECT noisy", (wire, message) -> {
            wire.send(notice("from the primary")
                    .append(primary.rows())
                    .message('C', "SELECT 1")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SELECT noisy FROM t"));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("NTDCZ");
            assertThat(answers.getFirst().field('M')).isEqualTo("from the primary");
        }
    }

    /// They could fill the memory: with so many of them the read is not run again.
    @Test
    void keepsNoMoreNoticesThanItMust() throws Exception {
        var go = new CountDownLatch(1);
        standby.on("SELECT noisy", (wire, message) -> {
            for (int i = 0; i < 1_000; i++) wire.send(notice("x".repeat(100)));
            Until.isTrue(() -> go.getCount() == 0);
            wire.send(standby.rows().message('C', "SELECT 1").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SELECT noisy FROM t"));
            assertThat(java.util.Objects.requireNonNull(client.read()).type()).isEqualTo('N');
            go.countDown();

            assertThat(types(answers(client, 1))).isEqualTo("N".repeat(999) + "TDCZ");
        }
    }

    @Test
    void tellsANoticeOnceOfAReadWhoseNodeIsLost() throws Exception {
        standby.on("SELECT noisy", (wire, message) -> {
            wire.send(notice("from the standby"));
            standby.die();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("SELECT noisy FROM t"));

            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
        }
    }

    /// The first statement is to be there again where the batch is run again.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void bindsTheUnnamedStatementThatTheBatchReplaces(boolean lost) throws Exception {
        standby.on("SELECT two", (wire, message) -> {
            wire.send(lost ? new WireBytes().message('1') : ScriptedServer.error("0A000", "not here"));
            if (lost) standby.die();
            var next = wire.read();
            while (next != null && next.type() != 'S') next = wire.read();
            if (!lost) wire.send(new WireBytes().message('Z', 'I'));
            return !lost;
        });
        try (var client = rig.connect()) {
            client.send(parsed("SELECT one FROM t").message('S'));
            assertThat(types(answers(client, 1))).isEqualTo("1Z");
            client.send(new WireBytes()
                    .message('B', "", "", (short) 0, (short) 0, (short) 0)
                    .append(parsed("SELECT two FROM t"))
                    .append(bound())
                    .message('S'));

            assertThat(types(answers(client, 1))).isEqualTo("212nDCZ");
            assertThat(primary.count("SELECT one")).isEqualTo(1);
        }
    }

    /// Accepts the Parse of a statement, and refuses each of its executions.
    private static boolean refuse(Wire wire, Message parse) throws IOException {
        boolean failed = false;
        wire.send(new WireBytes().message('1'));
        for (var next = wire.read(); next != null; next = wire.read()) {
            switch (next.type()) {
                case 'S' -> {
                    wire.send(new WireBytes().message('Z', 'I'));
                    failed = false;
                }
                case 'B' -> {
                    if (!failed)
                        wire.send(ScriptedServer.error("0A000", "cannot access unlogged relations during recovery"));
                    failed = true;
                }
                default -> {}
            }
        }
        return false;
    }

    /// The same refusal already at Parse.
    @Test
    void showsNothingOfThePreparationOfAStatementThatIsRefusedAtOnce() throws Exception {
        standby.on("SELECT refused", (wire, message) -> {
            wire.send(ScriptedServer.error("0A000", "cannot access unlogged relations during recovery"));
            for (var next = wire.read(); next != null && next.type() != 'S'; next = wire.read()) {}
            wire.send(new WireBytes().message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            for (int i = 0; i < 3; i++) {
                var name = "s" + i;
                client.send(new WireBytes()
                        .message('P', name, "SELECT refused FROM t", (short) 0)
                        .append(execution(name))
                        .append(query("SELECT 1")));
                assertThat(types(answers(client, 2))).isEqualTo("12nDCZTDCZ");
                client.send(execution(name).append(query("INSERT 1")));
                assertThat(types(answers(client, 2))).isEqualTo("2nDCZTDCZ");
            }
        }
    }

    private static WireBytes execution(String name) {
        return new WireBytes()
                .message('B', "", name, (short) 0, (short) 0, (short) 0)
                .message('D', 'P', "")
                .message('E', "", 0)
                .message('S');
    }

    /// Whether or not a server knows the statement already, the client sees nothing of its preparation.
    @ParameterizedTest
    @CsvSource({"'', false", "named, false", "named, true"})
    void showsNothingOfThePreparationOnThePrimary(String name, boolean onPrimary) throws Exception {
        standby.on("SELECT refused", RefusalTest::refuse);
        var prepared = new WireBytes().message('P', name, "SELECT refused FROM t", (short) 0);
        try (var other = rig.connect();
                var client = rig.connect()) {
            if (onPrimary) {
                other.send(query("INSERT 0; SELECT 1").append(prepared).append(execution(name)));
                answers(other, 2);
            }
            client.send(new WireBytes().append(prepared).append(execution(name)));
            assertThat(types(answers(client, 1))).isEqualTo("12nDCZ");
            for (int i = 0; i < 6; i++) {
                client.send(execution(name));
                var answers = answers(client, 1);
                assertThat(types(answers)).isEqualTo("2nDCZ");
                assertThat(row(answers)).isEqualTo("primary");
            }
            client.send(execution(name).append(execution(name)).append(query("INSERT 1")));
            assertThat(types(answers(client, 3))).isEqualTo("2nDCZ2nDCZTDCZ");
        }
    }

    /// What the client was told of the rows holds: this one is no standby's refusal.
    @Test
    void passesOnThatAResultHasChanged() throws Exception {
        standby.on("SELECT changed", (wire, message) -> {
            wire.send(new WireBytes()
                    .message(
                            'E',
                            'S',
                            "ERROR",
                            'V',
                            "ERROR",
                            'C',
                            "0A000",
                            'M',
                            "cached plan must not change result type",
                            'R',
                            "RevalidateCachedQuery",
                            (char) 0)
                    .message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SELECT changed FROM t"));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("0A000");
            assertThat(primary.count("SELECT changed")).isZero();
        }
    }

    /// A read of the session's own may not be asked of a standby that has not replayed what it may have
    /// written.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT 2",
                "SELECT writes()",
                "SELECT * FROM view_that_writes",
                "DO 'x'",
                "CALL f()",
                "SELECT a FROM t; INSERT 2",
                "SELECT a FROM t FOR UPDATE",
                "EXECUTE p"
            })
    void countsAsAWriteWhateverIsNoProvedRead(String sql) throws Exception {
        try (var client = rig.connect()) {
            client.send(query("SELECT a FROM t"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            rig.samples(false);
            client.send(query("SELECT a FROM t"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            client.send(query(sql));
            answers(client, 1);

            client.send(query("SELECT a FROM t"));

            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }
}
