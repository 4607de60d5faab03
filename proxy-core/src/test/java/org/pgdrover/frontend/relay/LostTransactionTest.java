package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// What a client hears once its transaction is lost: as PostgreSQL in an aborted transaction, and
/// nothing is run.
@Timeout(60)
class LostTransactionTest {
    private static final String LOST = "40001";
    private static final String ABORTED = "25P02";

    private final RelayRig rig;
    private final ScriptedServer primary;

    LostTransactionTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
    }

    @BeforeEach
    void answerInTransactions() {
        command("BEGIN");
        command("UPDATE");
        primary.on("lose()", (wire, message) -> false);
    }

    private void command(String text) {
        primary.on(text, (wire, message) -> {
            wire.send(new WireBytes().message('C', text).message('Z', 'T'));
            return true;
        });
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    /// A client whose transaction is lost, and that has not heard of it.
    private Wire unheard() throws Exception {
        var client = rig.connect();
        client.send(query("BEGIN").append(query("UPDATE 1")));
        answers(client, 2);
        int open = rig.openServers();
        primary.drop();
        Until.isTrue(() -> rig.openServers() < open);
        return client;
    }

    /// A client that has heard of it.
    private Wire heard() throws Exception {
        var client = rig.connect();
        lose(client);
        return client;
    }

    private static void lose(Wire client) throws Exception {
        client.send(query("BEGIN").append(query("SELECT lose()")));
        var lost = answers(client, 2);
        assertThat(types(lost)).isEqualTo("CZEZ");
        assertThat(error(lost).field('C')).isEqualTo(LOST);
        assertThat(status(lost)).isEqualTo('E');
    }

    private static char status(List<Message> answers) {
        return (char) answers.getLast().body()[0];
    }

    private static List<Message> ask(Wire client, WireBytes messages) throws Exception {
        client.send(messages);
        return answers(client, 1);
    }

    private static WireBytes functionCall() {
        return new WireBytes().message('F', 1, (short) 0, (short) 0, (short) 0);
    }

    @ParameterizedTest
    @ValueSource(strings = {"query", "extended", "function call"})
    void tellsOfTheLossOnceAndThenThatTheTransactionIsAborted(String kind) throws Exception {
        try (var client = unheard()) {
            for (var sqlState : List.of(LOST, ABORTED, ABORTED)) {
                var answers = ask(
                        client,
                        switch (kind) {
                            case "query" -> query("UPDATE 2");
                            case "extended" -> extended("UPDATE 2");
                            default -> functionCall();
                        });
                assertThat(types(answers)).isEqualTo("EZ");
                assertThat(error(answers).field('C')).isEqualTo(sqlState);
                assertThat(status(answers)).isEqualTo('E');
            }
            assertThat(primary.count("UPDATE 2")).isZero();
        }
    }

    /// A COMMIT that is answered by anything but an error is committed, for its client.
    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "END", "COMMIT AND NO CHAIN", "PREPARE TRANSACTION 'a'"})
    void isNeverSaidToBeCommitted(String end) throws Exception {
        try (var client = unheard()) {
            var answers = ask(client, query(end));
            if (end.startsWith("PREPARE")) assertThat(types(answers)).isIn("EZ", "CZ");
            else assertThat(error(answers).field('C')).isEqualTo(LOST);
            for (var each : answers)
                if (each.type() == 'C') assertThat(each.text(0)).isEqualTo("ROLLBACK");
            assertThat(status(answers)).isEqualTo('I');
        }
        try (var client = unheard()) {
            var answers = ask(client, extended("COMMIT"));
            assertThat(types(answers)).isEqualTo("12nEZ");
            assertThat(status(answers)).isEqualTo('I');
        }
    }

    /// COMMIT is bound in one part of a batch, or in one batch, and run in another.
    @ParameterizedTest
    @ValueSource(chars = {'H', 'S'})
    void isNeverSaidToBeCommittedByAPortalThatWasBoundBefore(char between) throws Exception {
        try (var client = unheard()) {
            client.send(parsed("COMMIT")
                    .append(new WireBytes().message('B', "c", "", (short) 0, (short) 0, (short) 0))
                    .message(between));
            if (between == 'S') assertThat(types(answers(client, 1))).isEqualTo("12Z");

            var answers = ask(client, new WireBytes().message('E', "c", 0).message('S'));

            assertThat(error(answers).field('C')).isEqualTo(LOST);
            assertThat(status(answers)).isEqualTo('I');
        }
    }

    @Test
    void isNotEndedByAnotherPortalThanThatOfItsEnd() throws Exception {
        try (var client = heard()) {
            var answers = ask(
                    client,
                    parsed("ROLLBACK")
                            .append(new WireBytes().message('B', "c", "", (short) 0, (short) 0, (short) 0))
                            .message('E', "other", 0)
                            .message('S'));

            assertThat(types(answers)).isEqualTo("12EZ");
            assertThat(status(answers)).isEqualTo('E');
        }
    }

    private static WireBytes boundEnd(String portal) {
        return parsed("ROLLBACK").append(new WireBytes().message('B', portal, "", (short) 0, (short) 0, (short) 0));
    }

    private static WireBytes executed(String portal) {
        return new WireBytes().message('E', portal, 0).message('S');
    }

    @Test
    void knowsAClosedPortalNoMore() throws Exception {
        try (var client = heard()) {
            var answers = ask(client, boundEnd("c").message('C', 'P', "c").append(executed("c")));

            assertThat(types(answers)).isEqualTo("123EZ");
            assertThat(error(answers).field('C')).isEqualTo("34000");
            assertThat(status(answers)).isEqualTo('E');
            assertThat(types(ask(client, boundEnd("c").append(executed("c"))))).isEqualTo("12CZ");
        }
    }

    @Test
    void tellsOfTheLossBeforeItMissesAStatement() throws Exception {
        try (var client = unheard()) {
            for (var sqlState : List.of(LOST, "26000")) {
                var answers = ask(
                        client,
                        new WireBytes()
                                .message('B', "", "gone", (short) 0, (short) 0, (short) 0)
                                .message('S'));
                assertThat(error(answers).field('C')).isEqualTo(sqlState);
                assertThat(status(answers)).isEqualTo('E');
            }
        }
    }

    @Test
    void opensNoPortalTwice() throws Exception {
        try (var client = heard()) {
            var answers = ask(client, boundEnd("c").append(boundEnd("c")).message('S'));

            assertThat(types(answers)).isEqualTo("121EZ");
            assertThat(error(answers).field('C')).isEqualTo("42P03");
            assertThat(types(ask(client, boundEnd("").append(boundEnd("")).append(executed("")))))
                    .isEqualTo("1212CZ");
        }
    }

    @Test
    void answersAnEmptyQuery() throws Exception {
        try (var client = heard()) {
            assertThat(types(ask(client, query(" ; ")))).isEqualTo("IZ");
            assertThat(status(ask(client, query("")))).isEqualTo('E');
        }
    }

    /// A Query that fails for the transaction has failed makes no portal.
    @Test
    void keepsTheUnnamedPortalBehindAQueryThatFails() throws Exception {
        try (var client = heard()) {
            assertThat(types(ask(client, boundEnd("").message('S')))).isEqualTo("12Z");
            assertThat(types(ask(client, query("SELECT 1")))).isEqualTo("EZ");
            assertThat(types(ask(client, executed("")))).isEqualTo("CZ");
        }
    }

    /// Nothing of the extended protocol is under way that a Sync would end.
    @Test
    void answersAQueryBehindACommitThatWasOnlyBound() throws Exception {
        try (var client = unheard()) {
            ask(
                    client,
                    parsed("COMMIT")
                            .append(new WireBytes().message('B', "", "", (short) 0, (short) 0, (short) 0))
                            .message('S'));

            assertThat(error(ask(client, query("COMMIT"))).field('C')).isEqualTo(LOST);

            assertThat(types(ask(client, query("UPDATE 3")))).isEqualTo("CZ");
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "ROLLBACK", "END", "ABORT", "PREPARE TRANSACTION 'a'"})
    void isRolledBackByWhateverEndsIt(String end) throws Exception {
        try (var client = heard()) {
            var answers = ask(client, query(end));
            assertThat(types(answers)).isEqualTo("CZ");
            assertThat(answers.getFirst().text(0)).isEqualTo("ROLLBACK");
            assertThat(status(answers)).isEqualTo('I');

            lose(client);
            answers = ask(client, extended(end));
            assertThat(types(answers)).isEqualTo("12nCZ");
            assertThat(answers.get(3).text(0)).isEqualTo("ROLLBACK");
            assertThat(status(answers)).isEqualTo('I');
            assertThat(types(ask(client, query("SELECT 3")))).isEqualTo("TDCZ");
        }
        assertThat(primary.count(end)).isZero();
    }

    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "ROLLBACK"})
    void isNotEndedByABindThatGivesParameters(String end) throws Exception {
        try (var client = heard()) {
            var bind = new WireBytes().message('B', "", "", (short) 0, (short) 1, 1, 'x', (short) 0);

            var answers =
                    ask(client, parsed(end).append(bind).message('E', "", 0).message('S'));

            assertThat(types(answers)).isEqualTo("1EZ");
            assertThat(error(answers).field('C')).isEqualTo("08P01");
            assertThat(error(answers).field('M'))
                    .isEqualTo("bind message supplies 1 parameters, but prepared statement \"\" requires 0");
            assertThat(status(answers)).isEqualTo('E');
        }
    }

    /// What is to be prepared counts, and not what has the name already.
    @Test
    void takesNoStatementWhateverHasItsNameAlready() throws Exception {
        try (var client = rig.connect()) {
            var named = new WireBytes().message('P', "s", "COMMIT", (short) 0).message('S');
            assertThat(types(ask(client, named))).isEqualTo("1Z");
            lose(client);

            var other = new WireBytes().message('P', "s", "UPDATE 2", (short) 0).message('S');

            assertThat(error(ask(client, other)).field('C')).isEqualTo(ABORTED);
            assertThat(error(ask(client, named)).field('C')).isEqualTo("42P05");
        }
    }

    /// What follows in the same batch is run, as after any COMMIT.
    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "ROLLBACK"})
    void isOverForTheRestOfTheBatch(String end) throws Exception {
        try (var client = heard()) {
            var batch = parsed(end).append(bound()).append(parsed("SELECT 3")).append(bound());

            var answers = ask(client, batch.message('S'));

            assertThat(types(answers)).isEqualTo("12nC12nDCZ");
            assertThat(status(answers)).isEqualTo('I');
            assertThat(types(ask(client, query("SELECT 3")))).isEqualTo("TDCZ");
        }
        assertThat(primary.count(end)).isZero();
    }

    /// Nobody knows how the next transaction was to begin, and the savepoints are lost.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "COMMIT AND CHAIN",
                "ROLLBACK AND CHAIN",
                "ROLLBACK TO SAVEPOINT a",
                "BEGIN",
                "COMMIT PREPARED 'a'",
                "ROLLBACK PREPARED 'a'",
                "SHOW work_mem"
            })
    void isNotEndedByWhatLooksLikeItsEnd(String sql) throws Exception {
        try (var client = heard()) {
            var answers = ask(client, query(sql));
            assertThat(error(answers).field('C')).isEqualTo(ABORTED);
            assertThat(status(answers)).isEqualTo('E');
            assertThat(status(ask(client, extended(sql)))).isEqualTo('E');
        }
    }

    @Test
    void discardsTheRestOfABatchThatHadBegun() throws Exception {
        try (var client = rig.connect()) {
            int open = rig.openServers();
            client.send(query("BEGIN").append(parsed("SELECT lose()")).message('H'));
            Until.isTrue(() -> primary.count("lose()") == 1 && rig.openServers() < open);
            client.send(bound().append(parsed("UPDATE 4"))
                    .append(bound())
                    .append(query("UPDATE 5"))
                    .append(query("COMMIT"))
                    .message('S')
                    .append(query("ROLLBACK")));
            var answers = answers(client, 3);

            assertThat(types(answers)).isEqualTo("CZEZCZ");
            assertThat(error(answers).field('C')).isEqualTo(LOST);
            assertThat(primary.statements()).noneMatch(each -> each.contains("UPDATE") || each.equals("COMMIT"));
        }
    }

    /// Whatever comes gets the answers that PostgreSQL gives in an aborted transaction, and no server
    /// hears of it.
    @Test
    void answersWhateverComes() throws Exception {
        try (var client = rig.connect()) {
            for (long seed = 0; seed < 60; seed++) {
                var random = new Random(seed);
                lose(client);
                var sent = new WireBytes();
                var expected = new StringBuilder();
                boolean discarding = false;
                for (int i = random.nextInt(1, 12); i > 0; i--) {
                    switch (random.nextInt(6)) {
                        case 0 -> {
                            sent.append(query("UPDATE never"));
                            if (!discarding) expected.append("EZ");
                        }
                        case 1 -> {
                            sent.append(parsed("UPDATE never")).append(bound());
                            if (!discarding) expected.append('E');
                            discarding = true;
                        }
                        case 2 -> {
                            sent.append(functionCall());
                            if (!discarding) expected.append("EZ");
                        }
                        case 3 -> {
                            sent.message('C', 'S', "missing");
                            if (!discarding) expected.append('3');
                        }
                        case 4 -> sent.message('H');
                        default -> {
                            sent.message('S');
                            expected.append('Z');
                            discarding = false;
                        }
                    }
                }
                client.send(sent.message('S').append(query("ROLLBACK")));
                expected.append("ZCZ");
                int readies = (int) expected.chars().filter(c -> c == 'Z').count();

                var answers = answers(client, readies);
                assertThat(types(answers)).describedAs("seed " + seed).isEqualTo(expected.toString());
                for (var each : answers)
                    if (each.type() == 'E') assertThat(each.field('C')).isEqualTo(ABORTED);
                assertThat(status(answers)).isEqualTo('I');
            }
            assertThat(primary.count("never")).isZero();
        }
    }
}
