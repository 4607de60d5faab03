package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.WireBytes;

/// Tests that a transaction begins with its first statement, on the node which that needs.
class DeferredBeginTest {
    private RelayRig rig;
    private ScriptedServer primary;
    private ScriptedServer standby;

    @BeforeEach
    void start() throws Exception {
        rig = new RelayRig();
        rig.stopClock();
        primary = rig.primary();
        standby = rig.standby();
        for (var server : List.of(primary, standby)) {
            for (var begin : List.of("BEGIN", "START TRANSACTION")) command(server, begin, begin, 'T');
            command(server, "UPDATE", "UPDATE 1", 'T');
            command(server, "COMMIT", "COMMIT", 'I');
            command(server, "ROLLBACK", "ROLLBACK", 'I');
        }
    }

    private static void command(ScriptedServer server, String text, String tag, char status) {
        server.on(text, (wire, message) -> {
            wire.send(new WireBytes().message('C', tag).message('Z', status));
            return true;
        });
    }

    @AfterEach
    void stop() throws Exception {
        rig.close();
    }

    private static String statuses(List<Message> answers) {
        var all = new StringBuilder();
        for (var each : answers) if (each.type() == 'Z') all.append((char) each.body()[0]);
        return all.toString();
    }

    @Test
    void needsNoServerForATransactionWithoutStatements() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("COMMIT")).append(query("start transaction read only")));
            client.send(query("ROLLBACK WORK"));
            var answers = answers(client, 4);
            assertThat(types(answers)).isEqualTo("CZCZCZCZ");
            assertThat(statuses(answers)).isEqualTo("TITI");
            assertThat(answers.get(4).text(0)).isEqualTo("START TRANSACTION");
            assertThat(primary.count("BEGIN")).isZero();
            assertThat(rig.leasedServers()).isZero();
        }
    }

    @Test
    void beginsBeforeTheFirstStatement() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN ISOLATION LEVEL REPEATABLE READ"));
            assertThat(statuses(answers(client, 1))).isEqualTo("T");
            assertThat(rig.leasedServers()).isZero();

            client.send(query("UPDATE t").append(query("COMMIT")));
            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("CZCZ");
            assertThat(statuses(answers)).isEqualTo("TI");
            assertThat(primary.count("BEGIN ISOLATION LEVEL REPEATABLE READ")).isEqualTo(1);
        }
    }

    @Test
    void answersTheExtendedProtocolToo() throws Exception {
        try (var client = rig.connect()) {
            client.send(extended("BEGIN"));
            var begun = answers(client, 1);
            assertThat(types(begun)).isEqualTo("12nCZ");
            assertThat(statuses(begun)).isEqualTo("T");
            client.send(extended("ROLLBACK"));
            var over = answers(client, 1);
            assertThat(types(over)).isEqualTo("12nCZ");
            assertThat(statuses(over)).isEqualTo("I");
            assertThat(rig.leasedServers()).isZero();
        }
    }

    @Test
    void goesInOneWriteWithTheFirstStatement() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("UPDATE t")).append(query("COMMIT")));
            assertThat(statuses(answers(client, 3))).isEqualTo("TTI");
            client.send(query("BEGIN").append(extended("DELETE FROM t")).append(query("COMMIT")));
            var answers = answers(client, 3);
            assertThat(types(answers)).isEqualTo("CZ12nDCZCZ");
            assertThat(primary.received()).isEqualTo("PBECQQPBECPBDESQ");
        }
    }

    /// A server that nobody has heard of for a while may be gone.
    @Test
    void goesAloneToAServerThatWasIdle() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("UPDATE t"));
            answers(client, 1);
            client.send(query("BEGIN"));
            answers(client, 1);
            rig.advance(Duration.ofMillis(200));
            client.send(query("UPDATE t"));
            assertThat(statuses(answers(client, 1))).isEqualTo("T");
            assertThat(primary.received()).isEqualTo("QQQ");
        }
    }

    /// Otherwise the statement would be carried out alone.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void runsNothingIfTheTransactionCannotBegin(boolean idle) throws Exception {
        refuseBegin("57014");
        try (var client = rig.connect()) {
            client.send(query("BEGIN"));
            answers(client, 1);
            if (idle) rig.advance(Duration.ofMillis(200));
            client.send(query("UPDATE t"));
            var failed = answers(client, 1);
            assertThat(error(failed).field('C')).isEqualTo("57014");
            assertThat(statuses(failed)).isEqualTo("E");
            client.send(query("UPDATE u"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("25P02");
            client.send(query("ROLLBACK AND CHAIN").append(query("COMMIT")));
            var over = answers(client, 2);
            assertThat(types(over)).isEqualTo("EZCZ");
            assertThat(over.get(2).text(0)).isEqualTo("ROLLBACK");
            assertThat(statuses(over)).isEqualTo("EI");
            assertThat(primary.count("UPDATE")).isZero();
        }
    }

    private void refuseBegin(String sqlState) {
        primary.refuseBegin(sqlState);
        primary.on("BEGIN", (wire, message) -> {
            wire.send(ScriptedServer.error(sqlState, "no transaction").message('Z', 'I'));
            return true;
        });
    }

    @Test
    void runsNothingThatStandsBehindInTheSameWrite() throws Exception {
        refuseBegin("57014");
        try (var client = rig.connect()) {
            client.send(query("BEGIN")
                    .append(extended("UPDATE t"))
                    .append(query("UPDATE u"))
                    .append(query("COMMIT"))
                    .append(query("UPDATE v")));
            var answers = answers(client, 4);
            assertThat(types(answers)).isEqualTo("CZEZEZCZ");
            assertThat(statuses(answers)).isEqualTo("TEEI");
            var last = answers(client, 1);
            assertThat(types(last)).isEqualTo("CZ");
            assertThat(primary.count("UPDATE v")).isEqualTo(1);
            assertThat(primary.count("UPDATE")).isEqualTo(1);
        }
    }

    /// A server's last words in place of BEGIN prove that it has run nothing.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void beginsElsewhereIfTheServerEndsBeforeIt(boolean extended) throws Exception {
        primary.refuseBegin("57P01");
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(extended ? extended("DELETE FROM t") : query("UPDATE t")));
            answers(client, 1);
            Until.isTrue(() -> primary.logins() >= 2);
            primary.refuseBegin(null);
            assertThat(statuses(answers(client, 1))).isEqualTo("T");
            client.send(query("COMMIT"));
            assertThat(statuses(answers(client, 1))).isEqualTo("I");
        }
    }

    /// The data has come from the client at once, before anybody knows whether the transaction begins.
    @Test
    void copiesAsSoonAsTheTransactionHasBegun() throws Exception {
        primary.on("COPY t FROM", (wire, message) -> {
            wire.send(new WireBytes().message('G', (char) 0, (short) 1, (short) 0));
            int rows = 0;
            for (var next = wire.read(); next != null && next.type() == 'd'; next = wire.read()) rows++;
            wire.send(new WireBytes().message('C', "COPY " + rows).message('Z', 'T'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN")
                    .append(query("COPY t FROM STDIN"))
                    .append(new WireBytes().message('d', "row\n").message('c')));
            answers(client, 1);

            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("GCZ");
            assertThat(answers.get(1).text(0)).isEqualTo("COPY 1");
        }
    }

    @Test
    void isLostWithTheFirstStatement() throws Exception {
        primary.on("DELETE FROM w", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("DELETE FROM w")));
            var answers = answers(client, 2);
            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(statuses(answers)).isEqualTo("TE");
            client.send(query("COMMIT"));
            var over = answers(client, 1);
            assertThat(over.getFirst().text(0)).isEqualTo("ROLLBACK");
            assertThat(primary.count("DELETE FROM w")).isEqualTo(1);
        }
    }

    @Test
    void readsOnAStandbyWhatATransactionThatOnlyReadsBeginsWith() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN READ ONLY").append(query("SELECT abs(1)")));
            assertThat(row(answers(client, 2))).isEqualTo("standby");
            assertThat(standby.count("BEGIN READ ONLY")).isEqualTo(1);
        }
    }

    @Test
    void runsOnThePrimaryWhatOnlyAPrimaryCan() throws Exception {
        for (var first : List.of(
                "UNLISTEN a",
                "LOCK TABLE t",
                "SELECT txid_current()",
                "SET TRANSACTION READ WRITE",
                "SET LOCAL transaction_read_only = off",
                "SET TRANSACTION SNAPSHOT 'a'",
                "COPY t FROM STDIN")) {
            try (var client = rig.connect()) {
                client.send(query("BEGIN READ ONLY").append(query(first)));
                answers(client, 2);
                assertThat(primary.count(first)).describedAs(first).isEqualTo(1);
                assertThat(standby.count(first)).describedAs(first).isZero();
            }
        }
    }

    @Test
    void listensInATransactionThatReads() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN READ ONLY").append(query("LISTEN a")));
            answers(client, 2);
            assertThat(primary.count("LISTEN \"a\"")).isEqualTo(1);
            assertThat(primary.count(" + 61 ")).isEqualTo(1);
            assertThat(standby.count("pgdrover_")).isZero();
        }
    }

    @Test
    void asksThePrimaryIfTheStandbyRefusesTheFirstStatement() throws Exception {
        standby.on("SELECT abs(2)", (wire, message) -> {
            wire.send(ScriptedServer.error("25006", "cannot execute in a read-only transaction")
                    .message('Z', 'E'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN READ ONLY").append(query("SELECT abs(2)")));
            assertThat(row(answers(client, 2))).isEqualTo("primary");
            assertThat(primary.count("BEGIN READ ONLY")).isEqualTo(1);
        }
    }

    @Test
    void leavesAnUnknownBeginToTheServer() throws Exception {
        primary.on("BEGIN NONSENSE", (wire, message) -> {
            wire.send(ScriptedServer.error("42601", "syntax error").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN NONSENSE"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("42601");
        }
    }

    @Test
    void warnsOfASecondBeginAsTheServerDoes() throws Exception {
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("BEGIN")));
            assertThat(statuses(answers(client, 2))).isEqualTo("TT");
            assertThat(primary.count("BEGIN")).isEqualTo(2);
        }
    }
}
