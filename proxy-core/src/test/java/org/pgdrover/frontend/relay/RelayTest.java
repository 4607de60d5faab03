package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// A real client socket on one side and scripted servers on the other: what the relay does with every
/// odd thing that a server may do.
class RelayTest {
    private RelayRig rig;
    private ScriptedServer primary;
    private ScriptedServer standby;

    @BeforeEach
    void start() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
        standby = rig.standby();
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
    }

    private Wire connect() throws Exception {
        return rig.connect();
    }

    @Test
    void takesTheClientsBytesCutAnywhere() throws Exception {
        try (var client = connect()) {
            var bytes = extended("SELECT 1").append(query("INSERT")).bytes();
            for (int at = 1; at < bytes.length; at++) {
                client.send(java.util.Arrays.copyOf(bytes, at));
                client.send(java.util.Arrays.copyOfRange(bytes, at, bytes.length));
                var answers = answers(client, 2);
                assertThat(types(answers)).describedAs("cut at " + at).isEqualTo("12nDCZTDCZ");
            }
            for (byte each : bytes) client.send(new byte[] {each});
            assertThat(types(answers(client, 2))).isEqualTo("12nDCZTDCZ");
        }
    }

    @Test
    void takesTheServersBytesCutAnywhere() throws Exception {
        var whole = standby.rows().message('C', "SELECT 1").message('Z', 'I').bytes();
        var cut = new AtomicLong();
        standby.on("cut", (wire, message) -> {
            int at = (int) cut.get();
            wire.send(java.util.Arrays.copyOf(whole, at));
            wire.send(java.util.Arrays.copyOfRange(whole, at, whole.length));
            return true;
        });
        try (var client = connect()) {
            for (int at = 1; at < whole.length; at++) {
                cut.set(at);
                client.send(query("SELECT 'cut'"));
                assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
            }
        }
    }

    @Test
    void sendsReadsToTheStandbyAndWritesToThePrimary() throws Exception {
        try (var client = connect()) {
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            client.send(query("INSERT INTO t VALUES (1)"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
        }
    }

    @Test
    void asksThePrimaryWhenAStandbyDoesNotKnowTheDatabaseYet() throws Exception {
        standby.refuseLogins("3D000");
        try (var client = connect()) {
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void runsAReadAgainWhoseNodeDiesBeforeItAnswers() throws Exception {
        standby.on("SELECT 2", (wire, message) -> {
            standby.die();
            return false;
        });
        try (var client = connect()) {
            client.send(query("SELECT 2"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            client.send(extended("SELECT 2 "));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void runsNoReadAgainThatEndsItsServerAndNothingElse() throws Exception {
        standby.on("SELECT kill", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("SELECT kill").append(query("SELECT 2")));
            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("EZTDCZ");
            assertThat(error(answers).field('C')).isEqualTo("08006");
            assertThat(primary.count("SELECT kill")).isZero();
        }
    }

    @Test
    void doesNotRunAReadAgainOnceRowsOfItAreOut() throws Exception {
        standby.on("SELECT 3", (wire, message) -> {
            wire.send(standby.rows());
            return false;
        });
        try (var client = connect()) {
            client.send(query("SELECT 3"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("TDEZ");
            assertThat(error(answers).field('C')).isEqualTo("08006");
            assertThat(primary.count("SELECT 3")).isZero();
            client.send(query("SELECT 1"));
            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
        }
    }

    @Test
    void neverRunsAWriteTwice() throws Exception {
        primary.on("INSERT 4", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("INSERT 4"));
            var answers = answers(client, 1);
            assertThat(error(answers).field('C')).isEqualTo("08007");
            assertThat(primary.count("INSERT 4")).isEqualTo(1);
            client.send(query("INSERT 5"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void failsATransactionWhoseServerDies() throws Exception {
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE 6", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("BEGIN"));
            answers(client, 1);
            client.send(query("UPDATE 6"));
            var lost = answers(client, 1);
            assertThat(error(lost).field('C')).isEqualTo("40001");
            assertThat(lost.getLast().body()).containsExactly('E');
            client.send(query("UPDATE 7"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("25P02");
            client.send(query("COMMIT"));
            var end = answers(client, 1);
            assertThat(end.getFirst().text(0)).isEqualTo("ROLLBACK");
            assertThat(end.getLast().body()).containsExactly('I');
            assertThat(primary.count("UPDATE 7")).isZero();
        }
    }

    @Test
    void asksThePrimaryWhatAStandbyRefuses() throws Exception {
        standby.on("SELECT 8", (wire, message) -> {
            wire.send(ScriptedServer.error("25006", "cannot execute in a read-only transaction")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("SELECT 8"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("TDCZ");
            assertThat(row(answers)).isEqualTo("primary");
        }
    }

    @Test
    void passesErrorsNoticesAndStatusesWithAllTheirFields() throws Exception {
        primary.on("UPDATE 9", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('N', 'S', "NOTICE", 'C', "00000", 'M', "look", (char) 0)
                    .message('S', "application_name", "changed")
                    .append(ScriptedServer.error("23505", "duplicate"))
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("UPDATE 9"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("NSEZ");
            assertThat(error(answers).field('C')).isEqualTo("23505");
            assertThat(error(answers).field('H')).isEqualTo("a hint");
        }
    }

    @Test
    void keepsThePipelineInOrderAfterAnError() throws Exception {
        primary.on("UPDATE 10", (wire, message) -> {
            wire.send(ScriptedServer.error("22012", "division by zero"));
            for (var next = wire.read(); next != null && next.type() != 'S'; next = wire.read()) {}
            wire.send(new WireBytes().message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(extended("UPDATE 11").append(extended("UPDATE 10")).append(extended("UPDATE 12")));
            assertThat(types(answers(client, 3))).isEqualTo("12nDCZEZ12nDCZ");
        }
    }

    @Test
    void endsTheSessionOnlyOfTheClientWhoseServerTalksNonsense() throws Exception {
        primary.on("UPDATE 13", (wire, message) -> {
            wire.send(new byte[] {'!', 0, 0, 0, 4});
            return true;
        });
        try (var client = connect();
                var other = connect()) {
            client.send(query("UPDATE 13"));
            var answers = answers(client, 1);
            assertThat(types(answers)).startsWith("E");
            other.send(query("UPDATE 14"));
            assertThat(row(answers(other, 1))).isEqualTo("primary");
        }
    }

    @Test
    void answersReadsHoweverOftenTheirServersDie() throws Exception {
        try (var client = connect()) {
            for (int i = 0; i < 20; i++) {
                client.send(query("SELECT 15"));
                assertThat(row(answers(client, 1))).isIn("primary", "standby");
                standby.drop();
                primary.drop();
                Until.isTrue(() -> rig.openServers() == 0);
            }
        }
    }

    /// Otherwise what is asked for would be the statement_timeout of the question.
    @Test
    void asksForAStatementTimeoutBeforeItIsSetAside() throws Exception {
        primary.on("SET statement_timeout = '5s'", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('C', "BEGIN")
                    .message('C', "SET")
                    .message('C', "COMMIT")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("BEGIN; SET statement_timeout = '5s'; COMMIT"));
            answers(client, 1);
            Until.isTrue(() -> primary.count("'asked'") > 0);
            var asked = primary.statements().stream()
                    .filter(each -> each.contains("'asked'"))
                    .findFirst()
                    .orElseThrow();
            assertThat(asked.indexOf("current_setting('statement_timeout'"))
                    .isBetween(0, asked.indexOf("SET LOCAL statement_timeout"));
        }
    }

    @Test
    void sendsACancelToTheServerThatRunsTheStatement() throws Exception {
        primary.on("UPDATE 16", (wire, message) -> {
            Until.isTrue(() -> !primary.cancelled().isEmpty());
            wire.send(ScriptedServer.error("57014", "canceling statement due to user request")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = rig.connectCancellable()) {
            client.wire().send(query("UPDATE 16"));
            Until.isTrue(() -> primary.count("UPDATE 16") > 0);
            client.cancel();
            assertThat(error(answers(client.wire(), 1)).field('C')).isEqualTo("57014");
            assertThat(standby.cancelled()).isEmpty();
        }
    }

    /// Once a cancel request has been answered it cannot hit the client's next statement any more.
    @Test
    void answersACancelRequestWhenTheServerHasIt() throws Exception {
        var hasSignalled = new CountDownLatch(1);
        primary.holdCancels(hasSignalled);
        var end = new CountDownLatch(1);
        primary.on("UPDATE 17", (wire, message) -> {
            ScriptedServer.await(end);
            wire.send(new WireBytes().message('C', "UPDATE 1").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connectCancellable()) {
            client.wire().send(query("UPDATE 17"));
            Until.isTrue(() -> primary.count("UPDATE 17") > 0);
            var answered = CompletableFuture.runAsync(() -> {
                try {
                    client.cancel();
                } catch (IOException failure) {
                    throw new UncheckedIOException(failure);
                }
            });
            Until.isTrue(() -> !primary.cancelled().isEmpty());
            rig.settle();
            assertThat(answered).isNotDone();

            hasSignalled.countDown();

            answered.get(10, TimeUnit.SECONDS);
            end.countDown();
            assertThat(types(answers(client.wire(), 1))).isEqualTo("CZ");
        }
    }

    @Test
    void relaysCopyBothWays() throws Exception {
        primary.on("COPY t FROM", (wire, message) -> {
            wire.send(new WireBytes().message('G', (char) 0, (short) 1, (short) 0));
            int rows = 0;
            for (var next = wire.read(); next != null && next.type() == 'd'; next = wire.read()) rows++;
            wire.send(new WireBytes().message('C', "COPY " + rows).message('Z', 'I'));
            return true;
        });
        standby.on("COPY t TO", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('H', (char) 0, (short) 1, (short) 0)
                    .message('d', "1\n")
                    .message('d', "2\n"));
            wire.send(new WireBytes().message('c').message('C', "COPY 2").message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("COPY t FROM STDIN"));
            assertThat(java.util.Objects.requireNonNull(client.read()).type()).isEqualTo('G');
            for (int i = 0; i < 100; i++) client.send(new WireBytes().message('d', "row\n"));
            client.send(new WireBytes().message('c'));
            assertThat(answers(client, 1).getFirst().text(0)).isEqualTo("COPY 100");
            client.send(query("COPY t TO STDOUT"));
            assertThat(types(answers(client, 1))).isEqualTo("HddcCZ");
        }
    }

    @Test
    void givesTheServerBackWhenTheRestOfRefusedCopiedDataHasCome() throws Exception {
        primary.on("COPY u FROM", (wire, message) -> {
            wire.send(new WireBytes().message('G', (char) 0, (short) 1, (short) 0));
            wire.read();
            wire.send(ScriptedServer.error("22P02", "no number").message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("COPY u FROM STDIN"));
            assertThat(java.util.Objects.requireNonNull(client.read()).type()).isEqualTo('G');
            var row = new WireBytes().message('d', "another row\n").bytes();
            client.send(new WireBytes().message('d', "a row\n"));
            client.send(java.util.Arrays.copyOf(row, 9));
            assertThat(types(answers(client, 1))).isEqualTo("EZ");
            client.send(java.util.Arrays.copyOfRange(row, 9, row.length));
            client.send(new WireBytes().message('c'));
            Until.isTrue(() -> rig.leasedServers() == 0);
            assertThat(rig.leasedServers()).isZero();
        }
    }

    @Test
    void carriesTheWholeDateStyleAlongOfWhichASettingChangesAPart() throws Exception {
        primary.on("SET datestyle", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('S', "DateStyle", "ISO, YMD")
                    .message('C', "SET")
                    .message('Z', 'I'));
            return true;
        });
        standby.on("SET \"datestyle\"", (wire, message) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("SET datestyle TO ymd"));
            answers(client, 1);
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            assertThat(standby.count("SET \"datestyle\" TO 'ISO, YMD'")).isEqualTo(1);
        }
    }
}
