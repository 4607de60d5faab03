package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.rows;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.util.List;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// Clients that send more before they have their answers, and servers that fail them meanwhile.
class RelayPipelineTest {
    private RelayRig rig;
    private ScriptedServer primary;
    private ScriptedServer standby;

    @BeforeEach
    void start() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
        standby = rig.standby();
        for (var server : new ScriptedServer[] {primary, standby}) {
            command(server, "BEGIN", 'T');
            command(server, "COMMIT", 'I');
        }
    }

    private static void command(ScriptedServer server, String text, char status) {
        server.on(text, (wire, message) -> {
            wire.send(new WireBytes().message('C', text).message('Z', status));
            return true;
        });
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
    }

    private void lose() throws Exception {
        primary.drop();
        Until.isTrue(() -> rig.leasedServers() == 0);
        rig.settle();
    }

    /// The client has had every answer to what it has sent of its batch: its next message hears of the
    /// loss.
    @Test
    void answersAQueryBehindAnOpenBatchThatIsLost() throws Exception {
        try (var client = rig.connect()) {
            client.send(parsed("UPDATE 20").append(bound()).message('H'));
            while (Objects.requireNonNull(client.read()).type() != 'C') {
                // up to the end of what can be answered
            }
            lose();

            client.send(query("UPDATE 21"));

            var answers = answers(client, 1);
            assertThat(error(answers).field('C')).isEqualTo("08007");
            assertThat(answers.getLast().body()).containsExactly('I');
            assertThat(primary.count("UPDATE 21")).isZero();
        }
    }

    @Test
    void failsATransactionThatAnOpenBatchHasBegun() throws Exception {
        try (var client = rig.connect()) {
            client.send(new WireBytes()
                    .message('P', "b", "begin", (short) 0)
                    .message('B', "", "b", (short) 0, (short) 0, (short) 0)
                    .message('E', "", 0)
                    .message('H'));
            while (Objects.requireNonNull(client.read()).type() != 'C') {
                // up to the end of what can be answered
            }
            lose();

            client.send(query("UPDATE 22"));

            var answers = answers(client, 1);
            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(answers.getLast().body()).containsExactly('E');
            client.send(query("ROLLBACK"));
            assertThat(types(answers(client, 1))).isEqualTo("CZ");
        }
    }

    /// Nobody has asked the server yet what is left there.
    @Test
    void endsASessionWhoseTemporaryTableIsLost() throws Exception {
        primary.on("UPDATE 23", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("CREATE TEMP TABLE x (y int)").append(query("UPDATE 23")));

            var answers = answers(client, 2);

            assertThat(error(answers).field('S')).isEqualTo("FATAL");
            assertThat(client.read()).isNull();
        }
    }

    /// A client for whom both servers have a connection open.
    private Wire connectWarm() throws Exception {
        var client = rig.connect();
        client.send(query("SELECT 0"));
        answers(client, 1);
        client.send(query("INSERT 0"));
        answers(client, 1);
        return client;
    }

    @Test
    void sendsNoWriteToAStandbyBehindTheCommitOfAReadOnlyTransaction() throws Exception {
        standby.on("SELECT 1", (wire, message) -> {
            wire.send(standby.rows().message('C', "SELECT 1").message('Z', 'T'));
            return true;
        });
        try (var client = connectWarm()) {
            client.send(query("BEGIN READ ONLY")
                    .append(query("SELECT 1"))
                    .append(query("COMMIT"))
                    .append(query("INSERT 2"))
                    .append(query("SELECT 3")));
            var answers = answers(client, 5);
            assertThat(types(answers)).isEqualTo("CZTDCZCZTDCZTDCZ");
            assertThat(rows(answers)).startsWith("standby", "primary");
            assertThat(standby.count("INSERT")).isZero();
        }
    }

    @Test
    void runsEveryReadBehindARefusedOneOnThePrimary() throws Exception {
        standby.on("SELECT 4", (wire, message) -> {
            wire.send(ScriptedServer.error("25006", "cannot execute in a read-only transaction")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connectWarm()) {
            client.send(query("SELECT 4").append(query("SELECT 5")).append(extended("SELECT 6")));
            var answers = answers(client, 3);
            assertThat(types(answers)).isEqualTo("TDCZTDCZ12nDCZ");
            assertThat(rows(answers)).containsOnly("primary");
        }
    }

    @Test
    void runsEveryReadAgainThatADeadStandbyHadNotAnswered() throws Exception {
        standby.on("SELECT 7", (wire, message) -> {
            standby.die();
            return false;
        });
        try (var client = connectWarm()) {
            client.send(query("SELECT 7").append(query("SELECT 8")).append(query("INSERT 9")));
            var answers = answers(client, 3);
            assertThat(types(answers)).isEqualTo("TDCZTDCZTDCZ");
            assertThat(rows(answers)).containsOnly("primary");
        }
    }

    @Test
    void keepsABatchTogetherWhoseEndComesWhenItsServerHasChanged() throws Exception {
        standby.on("BEGIN READ ONLY", (wire, message) -> false);
        try (var client = connectWarm()) {
            client.send(query("BEGIN READ ONLY").append(parsed("UPDATE 10")));
            assertThat(types(answers(client, 1))).isEqualTo("CZ");
            client.send(bound().message('S'));
            assertThat(types(answers(client, 1))).isEqualTo("12nDCZ");
            assertThat(primary.count("UPDATE 10")).isEqualTo(1);
        }
    }

    @Test
    void runsNothingBehindTheFailedCommitOfALostTransaction() throws Exception {
        try (var client = connectWarm()) {
            command(primary, "UPDATE 10", 'T');
            client.send(query("BEGIN").append(query("UPDATE 10")));
            answers(client, 2);
            int open = rig.openServers();
            primary.drop();
            Until.isTrue(() -> rig.openServers() != open);
            client.send(parsed("COMMIT")
                    .append(bound())
                    .append(parsed("INSERT 11"))
                    .append(bound())
                    .message('S'));
            var lost = answers(client, 1);
            assertThat(error(lost).field('C')).isEqualTo("40001");
            assertThat(types(lost)).isEqualTo("12nEZ");
            assertThat(lost.getLast().body()).containsExactly('I');
            client.send(query("INSERT 12"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            assertThat(primary.count("INSERT 11")).isZero();
        }
    }

    @Test
    void servesWhatComesBehindTheEndOfALostTransaction() throws Exception {
        standby.on("SELECT 13", (wire, message) -> false);
        try (var client = connectWarm()) {
            client.send(query("BEGIN READ ONLY")
                    .append(query("SELECT 13"))
                    .append(query("COMMIT"))
                    .append(query("INSERT 14")));
            var answers = answers(client, 4);
            assertThat(types(answers)).isEqualTo("CZEZCZTDCZ");
            assertThat(answers.get(4).text(0)).isEqualTo("ROLLBACK");
            assertThat(row(answers)).isEqualTo("primary");
        }
    }

    @Test
    void runsNothingOfASessionWhosePinnedServerIsThePrimaryNoMore() throws Exception {
        try (var client = connectWarm()) {
            primary.on("pg_listening_channels", (wire, message) -> {
                wire.send(ScriptedServer.asked()
                        .append(ScriptedServer.held("listens"))
                        .message('C', "SELECT 2")
                        .message('Z', 'I'));
                return true;
            });
            client.send(query("LISTEN news"));
            answers(client, 1);
            rig.changeRoles();
            client.send(query("INSERT 15").append(query("INSERT 16")));
            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("E");
            assertThat(error(answers).field('C')).isEqualTo("57P01");
            try (var other = rig.connect()) {
                other.send(query("INSERT 17"));
                assertThat(row(answers(other, 1))).isEqualTo("standby");
            }
            assertThat(primary.count("INSERT 1")).isZero();
            assertThat(standby.count("INSERT 1")).isEqualTo(1);
        }
    }

    @Test
    void cancelsABatchWhoseServerIsBeingGivenTheSessionsSettings() throws Exception {
        var cancelled = new CountDownLatch(1);
        standby.on("statement_timeout", (wire, message) -> {
            await(cancelled);
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connectCancellable()) {
            var wire = client.wire();
            wire.send(query("SET statement_timeout = 1"));
            answers(wire, 1);
            wire.send(query("SELECT 18"));
            Until.isTrue(() -> standby.count("statement_timeout") > 0);
            client.cancel();
            cancelled.countDown();
            assertThat(error(answers(wire, 1)).field('C')).isEqualTo("57014");
            assertThat(standby.count("SELECT 18")).isZero();
            wire.send(query("SELECT 19"));
            assertThat(row(answers(wire, 1))).isEqualTo("standby");
        }
    }

    @Test
    void letsAClientGoThatSaysGoodbyeInAFailedBatch() throws Exception {
        fails("SELECT 20");
        try (var client = connectWarm()) {
            client.send(parsed("SELECT 20").message('H'));
            assertThat(next(client)).isEqualTo('E');
            client.send(new WireBytes().message('X'));
            assertThat(client.read()).isNull();
            Until.isTrue(() -> rig.leasedServers() == 0);
            assertThat(rig.leasedServers()).isZero();
        }
    }

    @Test
    void runsNothingOfAFailedBatchWhoseServerIsLostBeforeItsEnd() throws Exception {
        fails("SELECT 21");
        primary.on("INSERT 22", (wire, message) -> true);
        try (var client = connectWarm()) {
            client.send(parsed("SELECT 21").message('H').append(query("INSERT 22")));
            assertThat(next(client)).isEqualTo('E');
            int logins = primary.logins();
            primary.drop();
            Until.isTrue(() -> rig.leasedServers() == 0);
            client.send(query("INSERT 23").append(extended("INSERT 24")).append(query("INSERT 25")));
            assertThat(types(answers(client, 2))).isEqualTo("ZTDCZ");
            assertThat(primary.logins()).isEqualTo(logins + 1);
            assertThat(primary.count("INSERT 24")).isZero();
        }
    }

    @Test
    void leavesTheEndOfABatchThatMayFailToItsClient() throws Exception {
        primary.on("SELECT 26", (wire, message) -> {
            wire.send(ScriptedServer.error("42601", "not that"));
            return true;
        });
        primary.on("INSERT 27", (wire, message) -> true);
        primary.on("EXECUTE other", (wire, message) -> true);
        try (var client = connectWarm()) {
            client.send(parsed("SELECT 26")
                    .message('H')
                    .append(query("INSERT 27"))
                    .append(query("EXECUTE other"))
                    .message('S')
                    .append(query("SELECT 28")));
            assertThat(types(answers(client, 2))).isEqualTo("EZTDCZ");
            assertThat(primary.received()).containsOnlyOnce("S");
        }
    }

    @Test
    void givesAServerTheNamesThatAreStillOnTheirWayBeforeSqlUsesThem() throws Exception {
        try (var client = connectWarm()) {
            client.send(new WireBytes()
                    .message('P', "mine", "INSERT 29", (short) 0)
                    .message('S')
                    .append(query("PREPARE mine AS SELECT 30")));
            answers(client, 2);
            var statements = List.copyOf(primary.statements());
            int prepared = statements.indexOf("PREPARE mine AS SELECT 30");
            assertThat(statements.subList(0, prepared))
                    .filteredOn("INSERT 29"::equals)
                    .hasSize(2);
        }
    }

    @Test
    void discardsADeallocateInAFailedBatch() throws Exception {
        fails("SELECT 31");
        primary.on("DEALLOCATE mine", (wire, message) -> true);
        try (var client = connectWarm()) {
            client.send(
                    new WireBytes().message('P', "mine", "INSERT 32", (short) 0).message('S'));
            answers(client, 1);
            client.send(parsed("SELECT 31").message('H'));
            assertThat(next(client)).isEqualTo('E');
            client.send(query("DEALLOCATE mine").message('S').append(query("SELECT 33")));
            assertThat(types(answers(client, 2))).isEqualTo("ZTDCZ");
        }
    }

    @Test
    void knowsWhatAPortalRunsAlthoughAnotherBatchHasEndedSinceItWasBound() throws Exception {
        var asked = new CountDownLatch(1);
        primary.on("INSERT 34", (wire, message) -> {
            await(asked);
            wire.send(new WireBytes().message('C', "INSERT 0 1").message('Z', 'I'));
            return true;
        });
        try (var client = connectWarm()) {
            client.send(query("INSERT 34")
                    .append(parsed("SET statement_timeout = 1"))
                    .message('B', "", "", (short) 0, (short) 0, (short) 0));
            Until.isTrue(() -> primary.count("INSERT 34") > 0);
            rig.settle();
            asked.countDown();
            answers(client, 1);
            client.send(new WireBytes().message('E', "", 0).message('S'));
            answers(client, 1);
            client.send(query("SELECT 35"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            assertThat(standby.count("SET statement_timeout = 1")).isEqualTo(1);
        }
    }

    /// Nobody can ask for the parameters that a block has set, if they are custom ones.
    @Test
    void keepsTheServerWhereSettingsOfUnknownNamesWereMadeWhateverIsAskedLater() throws Exception {
        try (var client = connectWarm()) {
            client.send(query("DO 'whatever'"));
            answers(client, 1);
            client.send(query("SELECT 37 FROM nobody_knows_it"));
            answers(client, 1);
            client.send(query("SELECT 38"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void knowsTheStatementsOfAServerThatHasDiscardedTheirRenewal() throws Exception {
        fails("SELECT 40");
        try (var client = connectWarm()) {
            client.send(
                    new WireBytes().message('P', "mine", "INSERT 39", (short) 0).message('S'));
            answers(client, 1);
            client.send(parsed("SELECT 40").message('H'));
            assertThat(next(client)).isEqualTo('E');
            client.send(new WireBytes()
                    .message('C', 'S', "mine")
                    .message('P', "mine", "INSERT 39", (short) 0)
                    .message('S'));
            answers(client, 1);
            client.send(new WireBytes()
                    .message('P', "other", "INSERT 39", (short) 0)
                    .message('S'));
            answers(client, 1);
            assertThat(primary.received()).endsWith("CPDS");
        }
    }

    @Test
    void preparesAStatementAgainWithTheSettingsThatItWasPreparedWith() throws Exception {
        try (var client = connectWarm()) {
            client.send(query("SET TimeZone = 'Asia/Tokyo'"));
            answers(client, 1);
            client.send(query("INSERT 43")
                    .message('P', "mine", "SELECT 41", (short) 0)
                    .message('S')
                    .append(query("SET TimeZone = 'UTC'")));
            answers(client, 3);
            client.send(new WireBytes()
                    .message('B', "", "mine", (short) 0, (short) 0, (short) 0)
                    .message('E', "", 0)
                    .message('S'));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            assertThat(List.copyOf(standby.statements()))
                    .containsSubsequence(
                            "SET TimeZone = 'UTC'", "SET TimeZone = 'Asia/Tokyo'", "SELECT 41", "SET TimeZone = 'UTC'");
        }
    }

    @Test
    void isNotTiedToAServerByAStatementThatFails() throws Exception {
        primary.on("DO 'fails'", (wire, message) -> {
            wire.send(ScriptedServer.error("P0001", "no").message('Z', 'I'));
            return true;
        });
        try (var client = connectWarm()) {
            client.send(query("DO 'fails'"));
            answers(client, 1);
            client.send(query("SELECT 42"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
        }
    }

    private static char next(Wire client) throws Exception {
        return Objects.requireNonNull(client.read()).type();
    }

    private void fails(String text) {
        primary.on(text, (wire, message) -> {
            wire.send(ScriptedServer.error("42601", "not that"));
            return true;
        });
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// The data has come in part, and the batch may not go where the read is under way.
    @Test
    void copiesBehindAReadOnAStandby() throws Exception {
        var end = new CountDownLatch(1);
        standby.on("SELECT 23", (wire, message) -> {
            await(end);
            wire.send(standby.rows().message('C', "SELECT 1").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SELECT 23"));
            Until.isTrue(() -> standby.count("SELECT 23") > 0);
            client.send(parsed("COPY t FROM STDIN").append(bound()).append(new byte[] {'d', 0, 0, 0, 9, '1'}));
            rig.settle();
            end.countDown();
            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
            client.send(new WireBytes()
                    .append(new byte[] {'1', '1', '1', '\n'})
                    .message('c')
                    .message('S'));
            assertThat(types(answers(client, 1))).isEqualTo("12nDCZ");
            assertThat(primary.received()).endsWith("PBDEdcS");
        }
    }
}
