package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.frontend.relay.RelayRig.answers;
import static org.pgdrover.frontend.relay.RelayRig.bound;
import static org.pgdrover.frontend.relay.RelayRig.error;
import static org.pgdrover.frontend.relay.RelayRig.extended;
import static org.pgdrover.frontend.relay.RelayRig.parsed;
import static org.pgdrover.frontend.relay.RelayRig.query;
import static org.pgdrover.frontend.relay.RelayRig.row;
import static org.pgdrover.frontend.relay.RelayRig.types;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;

/// What a client hears when the answer to its work is lost with a server.
@Timeout(120)
class LossTest {
    private static final String UNKNOWN = "08007";

    private final RelayRig rig;
    private final ScriptedServer primary;

    LossTest() throws Exception {
        rig = new RelayRig();
        primary = rig.primary();
    }

    @AfterEach
    void close() throws Exception {
        rig.close();
    }

    private static WireBytes fatal(String sqlState, String message) {
        return new WireBytes().message('E', 'S', "FATAL", 'V', "FATAL", 'C', sqlState, 'M', message, (char) 0);
    }

    /// No stack and no list may be too short for them.
    @Test
    void answersAHundredThousandStatementsThatWereOutstanding() throws Exception {
        int many = 100_000;
        var sent = new CountDownLatch(1);
        primary.on("INSERT first", (wire, message) -> {
            ScriptedServer.await(sent);
            return false;
        });
        try (var client = rig.connect()) {
            var all = query("INSERT first");
            for (int i = 1; i < many; i++) all.append(query("INSERT"));
            var writing = CompletableFuture.runAsync(() -> {
                try {
                    client.send(all);
                } catch (IOException failed) {
                    throw new UncheckedIOException(failed);
                }
            });
            Until.isTrue(() -> primary.count("INSERT first") > 0);
            rig.settle();
            sent.countDown();

            var answers = answers(client, many);

            writing.get(20, TimeUnit.SECONDS);
            assertThat(answers.stream().filter(each -> each.type() == 'Z')).hasSize(many);
            assertThat(error(answers).field('C')).isEqualTo(UNKNOWN);
        }
    }

    /// Whoever is told 40001 runs it again, and it may be committed.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "INSERT lost; COMMIT",
                "INSERT lost; END",
                "COMMIT; BEGIN; SELECT lost",
                "COMMIT AND CHAIN; SELECT lost",
                "COMMIT; SELECT lost",
                "ROLLBACK; INSERT lost",
                "ROLLBACK; SELECT 1; SELECT lost()",
                "PREPARE TRANSACTION 'lost'",
                "COMMIT; SELECT 1 AS U&\"lost\"",
                "COMMIT -- lost"
            })
    void isUnknownWhatBecameOfACommitInAnyForm(String sql) throws Exception {
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE", (wire, message) -> {
            wire.send(new WireBytes().message('C', "UPDATE 1").message('Z', 'T'));
            return true;
        });
        // Of several scripts that fit, any may be played.
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("START TRANSACTION").append(query("UPDATE 1")));
            answers(client, 2);
            client.send(query(sql.replace("BEGIN", "START TRANSACTION")));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo(UNKNOWN);
            assertThat(answers.getLast().body()).containsExactly('I');
            assertThat(primary.count("lost")).isEqualTo(1);
        }
    }

    /// PostgreSQL 18 keeps a transaction that nobody has begun open behind a Query of one statement. Several statements
    /// in one string commit the transaction.
    @ParameterizedTest
    @CsvSource({"SELECT 1; INSERT lost,08007", "INSERT lost,40001"})
    void isUnknownWhetherAStringHasCommittedWhatNobodyHasBegun(String sql, String sqlState) throws Exception {
        primary.on("INSERT open", (wire, message) -> {
            wire.send(new WireBytes().message('C', "INSERT 0 1").message('Z', 'T'));
            return true;
        });
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(new WireBytes()
                    .message('P', "", "INSERT first", (short) 0)
                    .message('B', "", "", (short) 0, (short) 0, (short) 0)
                    .message('E', "", 0)
                    .message('H')
                    .append(query("INSERT open")));
            assertThat(types(answers(client, 1))).isEqualTo("12DCCZ");
            client.send(query(sql));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo(sqlState);
            assertThat(answers.getLast().body()).containsExactly('I');
        }
    }

    /// The batch has ended the block, and has begun another transaction, which the next Sync commits.
    @ParameterizedTest
    @CsvSource({"COMMIT,08007", "ROLLBACK,08007", "COMMIT AND CHAIN,40001"})
    void isUnknownWhetherASyncHasCommittedWhatStandsBehindTheEndOfABlock(String end, String sqlState) throws Exception {
        completes(primary, "INSERT open", 'T');
        try (var client = inABlock()) {
            client.send(endAndInsert(end).append(query("INSERT open")));
            answers(client, 1);

            client.send(extended("INSERT lost"));

            assertThat(error(answers(client, 1)).field('C')).isEqualTo(sqlState);
        }
    }

    /// The client has heard that its block is over, and has begun no other one.
    @ParameterizedTest
    @ValueSource(strings = {"COMMIT", "ROLLBACK"})
    void isInNoTransactionBehindTheEndOfABlock(String end) throws Exception {
        try (var client = inABlock()) {
            client.send(endAndInsert(end).message('H'));
            for (int completed = 0; completed < 2; )
                if (Objects.requireNonNull(client.read()).type() == 'C') completed++;

            primary.drop();
            client.send(extended("INSERT 2"));

            var answers = answers(client, 1);
            assertThat(error(answers).field('C')).isEqualTo(UNKNOWN);
            assertThat(answers.getLast().body()).containsExactly('I');
        }
    }

    /// A client whose server ends at a text with "lost".
    private Wire inABlock() throws IOException {
        completes(primary, "BEGIN", 'T');
        completes(primary, "INSERT 1", 'T');
        primary.on("lost", (wire, message) -> false);
        var client = rig.connect();
        client.send(query("BEGIN").append(query("INSERT 1")));
        answers(client, 2);
        return client;
    }

    private static WireBytes endAndInsert(String end) {
        return parsed(end).append(bound()).append(parsed("INSERT first")).append(bound());
    }

    static List<WireBytes> listening() {
        return List.of(
                query("LISTEN news"),
                extended("LISTEN news"),
                parsed("LISTEN news").append(bound()).append(query("SELECT 1")).message('S'));
    }

    /// The server that has such a transaction open is lost before it has got what the client has sent.
    @ParameterizedTest
    @MethodSource("listening")
    void failsWhatHasWaitedForTheListenerWhenATransactionIsLostThatNobodyHasBegun(WireBytes waiting) throws Exception {
        primary.on("INSERT open", (wire, message) -> {
            wire.send(new WireBytes().message('C', "INSERT 0 1").message('Z', 'T'));
            return true;
        });
        primary.on("LISTEN \"news\"", (wire, message) -> {
            primary.drop();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(parsed("INSERT first").append(bound()).message('H').append(query("INSERT open")));
            assertThat(types(answers(client, 1))).isEqualTo("12nDCCZ");

            client.send(waiting);
            var answers = answers(client, 1);
            client.send(query("INSERT last"));

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(answers.getLast().body()).containsExactly('I');
            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
        }
    }

    /// The end of a batch waits for the listener, and its server is lost: the client still gets its ReadyForQuery.
    @ParameterizedTest
    @CsvSource({"true, true, Z, E", "true, false, Z, I", "false, true, EZ, E", "false, false, EZ, I"})
    void isReadyBehindABatchWhoseEndHasWaitedForTheListener(boolean failed, boolean inside, String types, char status)
            throws Exception {
        completes(primary, "BEGIN", 'T');
        completes(primary, "INSERT 1", 'T');
        primary.on("INSERT bad", (wire, message) -> {
            wire.send(ScriptedServer.error("22012", "division by zero"));
            return true;
        });
        primary.on("LISTEN \"news\"", (wire, message) -> {
            primary.drop();
            return false;
        });
        try (var client = rig.connect()) {
            if (inside) {
                client.send(query("BEGIN").append(query("INSERT 1")));
                answers(client, 2);
            }
            var begun = parsed(failed ? "INSERT bad" : "INSERT good");
            client.send((failed ? begun : begun.append(bound())).message('H'));
            while (client.read() instanceof Message answer && answer.type() != 'C' && answer.type() != 'E') continue;

            client.send(extended("LISTEN news"));
            var answers = answers(client, 1);
            client.send(query("ROLLBACK"));

            assertThat(types(answers)).isEqualTo(types);
            assertThat(answers.getLast().body()).containsExactly(status);
            assertThat(types(answers(client, 1))).endsWith("CZ");
        }
    }

    /// A batch fails before its Sync, and the server discards a Query and what stands before the Sync of another batch.
    @Test
    void runsNothingThatTheServerHasDiscardedBeforeTheLoss() throws Exception {
        primary.on("INSERT bad", (wire, message) -> {
            wire.send(ScriptedServer.error("22012", "division by zero"));
            while (wire.read() instanceof Message next && next.type() != 'S') continue;
            wire.reset();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(parsed("INSERT bad").message('H'));
            assertThat(client.read())
                    .isNotNull()
                    .satisfies(answer -> assertThat(answer.type()).isEqualTo('E'));

            client.send(query("SELECT 1").append(extended("SELECT 2")).append(query("INSERT 1")));

            assertThat(types(answers(client, 1))).isEqualTo("Z");
            assertThat(types(answers(client, 1))).isEqualTo("EZ");
            assertThat(primary.count("SELECT 2")).isZero();
        }
    }

    /// Nothing is executed that is only prepared.
    @Test
    void hasNothingUnknownInWhatIsOnlyPrepared() throws Exception {
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            for (var sql : List.of("INSERT lost", "COMMIT -- lost", "SELECT U&\"lost\"")) {
                client.send(new WireBytes()
                        .message('P', "s", sql, (short) 0)
                        .message('D', 'S', "s")
                        .message('S'));

                var answers = answers(client, 1);

                assertThat(types(answers)).isEqualTo("EZ");
                assertThat(error(answers).field('C')).isEqualTo("08006");
            }
        }
    }

    /// A BEGIN that nobody executes opens no transaction: the Sync commits what is executed beside it.
    @ParameterizedTest
    @ValueSource(strings = {"BEGIN", "BEGIN READ ONLY", "START TRANSACTION"})
    void isUnknownWhatBecameOfAWriteBesideABeginThatIsOnlyPrepared(String begin) throws Exception {
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(new WireBytes()
                    .message('P', "", "INSERT lost", (short) 0)
                    .message('B', "", "", (short) 0, (short) 0, (short) 0)
                    .message('E', "", 0)
                    .message('P', "", begin, (short) 0)
                    .message('S'));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo(UNKNOWN);
            assertThat(answers.getLast().body()).containsExactly('I');
        }
    }

    /// The client has not rolled its transaction back.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isStillInATransactionWhoseRollbackIsOnlyPrepared(boolean described) throws Exception {
        for (var text : new String[] {"BEGIN", "INSERT 1"})
            primary.on(text, (wire, message) -> {
                wire.send(new WireBytes().message('C', "DONE").message('Z', 'T'));
                return true;
            });
        primary.on("ROLLBACK", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("INSERT 1")));
            answers(client, 2);
            var parse = new WireBytes().message('P', "s", "ROLLBACK", (short) 0);
            if (described) parse.message('D', 'S', "s");
            client.send(parse.message('S'));

            var answers = answers(client, 1);

            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(answers.getLast().body()).containsExactly('E');
        }
    }

    /// It may have been carried out, so the next read must be where it shows.
    @ParameterizedTest
    @ValueSource(strings = {"INSERT lost", "INSERT lost; COMMIT", "SELECT writes_lost()", "DO 'lost'"})
    void readsOnThePrimaryWhatMayHaveBeenWritten(String sql) throws Exception {
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("SELECT a FROM t"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            rig.samples(false);
            client.send(query(sql));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo(UNKNOWN);

            client.send(query("SELECT a FROM t"));

            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    /// A function may write anywhere, as through dblink.
    @ParameterizedTest
    @ValueSource(strings = {"SELECT unknown_lost()", "SELECT * FROM view_lost", "CALL lost()", "DO 'lost'"})
    void runsNothingTwiceThatIsNoProvedRead(String sql) throws Exception {
        primary.on("lost", (wire, message) -> {
            primary.die();
            return false;
        });
        rig.standby().on("lost", (wire, message) -> true);
        try (var client = rig.connect()) {
            client.send(extended(sql));

            assertThat(error(answers(client, 1)).field('C')).isEqualTo(UNKNOWN);
            assertThat(primary.count("lost")).isEqualTo(1);
            assertThat(rig.standby().count("lost")).isZero();
        }
    }

    /// The answer would show the write, if that was carried out.
    @Test
    void runsNoReadAgainBehindWhichAWriteWasSent() throws Exception {
        primary.on("lost", (wire, message) -> {
            wire.read();
            primary.die();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("INSERT 1"));
            answers(client, 1);
            rig.samples(false);

            client.send(query("SELECT lost FROM t").append(query("INSERT 2")));
            Until.isTrue(() -> primary.count("lost") > 0);
            rig.samples(true);
            rig.changeRoles();

            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("EZEZ");
            assertThat(answers.get(0).field('C')).isEqualTo("08006");
            assertThat(answers.get(0).field('M')).contains("before its answer");
            assertThat(answers.get(2).field('C')).isEqualTo(UNKNOWN);
            assertThat(rig.standby().count("lost")).isZero();
        }
    }

    /// A standby ends a transaction that stands in the way of recovery, and no client of a primary knows of that.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void losesOnlyTheTransactionThatAStandbyEndsForRecovery(boolean idle) throws Exception {
        var words = fatal("40001", "terminating connection due to conflict with recovery");
        rig.standby().on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        rig.standby().on("SELECT 1 FROM t", (wire, message) -> {
            wire.send(new WireBytes().message('C', "SELECT 0").message('Z', 'T'));
            if (idle) wire.send(words);
            return !idle;
        });
        rig.standby().on("SELECT 2 FROM t", (wire, message) -> {
            wire.send(words);
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN READ ONLY"));
            answers(client, 1);
            client.send(query("SELECT 1 FROM t"));
            answers(client, 1);
            if (idle) rig.settle();

            client.send(query("SELECT 2 FROM t"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(error(answers).field('S')).isEqualTo("ERROR");
            client.send(query("SELECT 3 FROM t"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("25P02");
            client.send(query("ROLLBACK"));
            assertThat(types(answers(client, 1))).isEqualTo("CZ");
        }
    }

    /// The server was idle for another client's taste, just before this client got the server.
    @Test
    void takesAnotherServerForOneThatEndsOfBeingIdle() throws Exception {
        primary.on("SET TimeZone", (wire, message) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
        primary.on("RESET", (wire, message) -> {
            wire.send(fatal("57P05", "terminating connection due to idle-session timeout"));
            return false;
        });
        try (var other = rig.connect();
                var client = rig.connect()) {
            other.send(query("SET TimeZone = 'Asia/Tokyo'"));
            answers(other, 1);
            // Until the server is given back.
            rig.settle();

            client.send(query("INSERT 1"));

            assertThat(types(answers(client, 1))).endsWith("CZ");
            assertThat(primary.count("RESET")).isEqualTo(1);
        }
    }

    /// It would end with the server's words, whoever has the server then.
    @Test
    void givesNobodyAServerThatAClientHasToldToEndOfBeingIdle() throws Exception {
        primary.on("SET ", (wire, message) -> {
            wire.send(new WireBytes().message('C', "SET").message('Z', 'I'));
            return true;
        });
        try (var client = rig.connect()) {
            client.send(query("SET idle_session_timeout = '1s'"));
            answers(client, 1);
            Until.isTrue(() -> primary.count("DISCARD ALL") == 1);
        }
    }

    private static void completes(ScriptedServer server, String text, char status) {
        server.on(text, (wire, message) -> {
            wire.send(new WireBytes().message('C', "DONE").message('Z', status));
            return true;
        });
    }

    /// What follows must not run alone.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "START TRANSACTION READ ONLY|SELECT lost FROM t",
                "BEGIN READ ONLY|SELECT lost FROM t",
                "START TRANSACTION READ ONLY; SELECT lost FROM t",
                "START TRANSACTION; INSERT lost",
                "SELECT 1 FROM t; START TRANSACTION; SELECT lost FROM t"
            })
    void isStillInATransactionWhoseFirstStatementIsLost(String sql) throws Exception {
        // Of several scripts that fit, any may be played.
        if (!sql.contains(";")) completes(primary, sql.substring(0, sql.indexOf(' ')), 'T');
        primary.on("lost", (wire, message) -> false);
        try (var client = rig.connect()) {
            client.send(query("INSERT 1"));
            answers(client, 1);
            rig.samples(false);

            for (var each : sql.split("\\|")) client.send(query(each));
            var answers = answers(client, sql.split("\\|").length);

            assertThat(error(answers).field('C')).isEqualTo("40001");
            assertThat(answers.getLast().body()).containsExactly('E');
            client.send(query("INSERT 2"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("25P02");
            assertThat(primary.count("INSERT 2")).isZero();
            client.send(query("ROLLBACK"));
            assertThat(types(answers(client, 1))).isEqualTo("CZ");
        }
    }

    /// The loss has done what ROLLBACK was to do.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isRolledBackIfTheAnswerToRollbackIsLost(boolean completed) throws Exception {
        completes(primary, "BEGIN", 'T');
        completes(primary, "INSERT 1", 'T');
        primary.on("ROLLBACK", (wire, message) -> {
            if (completed) wire.send(new WireBytes().message('C', "ROLLBACK"));
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("INSERT 1")));
            answers(client, 2);

            client.send(query("ROLLBACK"));

            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("CZ");
            assertThat(answers.getLast().body()).containsExactly('I');
            client.send(query("INSERT 2"));
            assertThat(types(answers(client, 1))).endsWith("CZ");
        }
    }

    /// One statement has one error.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void endsWhatHasFailedBeforeTheLoss(boolean inside) throws Exception {
        completes(primary, "BEGIN", 'T');
        completes(primary, "INSERT 1", inside ? 'T' : 'I');
        primary.on("INSERT bad", (wire, message) -> {
            wire.send(new WireBytes().message('E', 'S', "ERROR", 'C', "22012", 'M', "division by zero", (char) 0));
            return false;
        });
        try (var client = rig.connect()) {
            if (inside) client.send(query("BEGIN"));
            client.send(query("INSERT 1"));
            answers(client, inside ? 2 : 1);

            client.send(query("INSERT bad"));

            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("EZ");
            assertThat(error(answers).field('C')).isEqualTo("22012");
            assertThat(answers.getLast().body()).containsExactly(inside ? 'E' : 'I');
        }
    }

    /// The client's own behaviour ends the session, with the server's words.
    @ParameterizedTest
    @ValueSource(strings = {"25P03", "25P04"})
    void endsTheSessionWithTheServersWordsWhenATransactionTookTooLong(String sqlState) throws Exception {
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('C', "UPDATE 1")
                    .message('Z', 'T')
                    .append(fatal(sqlState, "terminating connection due to a timeout")));
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("UPDATE 1")));
            answers(client, 2);

            var last = answers(client, 1);

            assertThat(types(last)).isEqualTo("E");
            assertThat(error(last).field('S')).isEqualTo("FATAL");
            assertThat(error(last).field('C')).isEqualTo(sqlState);
            assertThat(error(last).field('M')).isEqualTo("terminating connection due to a timeout");
        }
    }

    /// The session had state on the server, so that it ends; 57P01 alone would say that nothing was carried out.
    @ParameterizedTest
    @CsvSource({
        "'', INSERT lost, 08007",
        "BEGIN, COMMIT lost, 08007",
        "'', BEGIN; INSERT lost; COMMIT, 08007",
        "BEGIN, INSERT lost, 57P01"
    })
    void endsTheSessionWithoutAWordThatItsWriteMayHaveBeenCarriedOut(String before, String running, String sqlState)
            throws Exception {
        if (!before.isEmpty()) completes(primary, before, 'T');
        primary.on("lost", (_, _) -> false);
        try (var client = rig.connect()) {
            client.send(query("DO 'sets something'"));
            answers(client, 1);
            Until.isTrue(() -> primary.count("'asked'") == 1);
            if (!before.isEmpty()) {
                completes(primary, "UPDATE 1", 'T');
                client.send(query(before).append(query("UPDATE 1")));
                answers(client, 2);
            }

            client.send(query(running));

            var last = Objects.requireNonNull(client.read());
            assertThat(last.field('S')).isEqualTo("FATAL");
            assertThat(last.field('C')).isEqualTo(sqlState);
            assertThat(client.read()).isNull();
        }
    }

    /// What may do anything stands beside it in the string, and the server is lost before it has told what is there.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "DO 'sets something'; CREATE TEMP TABLE t ()",
                "CREATE TEMP TABLE t (); DO 'sets something'",
            })
    void endsTheSessionWhoseStateIsCertain(String sql) throws Exception {
        primary.on("'asked'", (_, _) -> false);
        try (var client = rig.connect()) {
            client.send(query(sql));
            answers(client, 1);

            assertThat(Objects.requireNonNull(client.read()).field('S')).isEqualTo("FATAL");
        }
    }

    @Test
    void tellsTheServersWordsWhenItIsTerminated() throws Exception {
        primary.on("INSERT", (wire, message) -> {
            wire.send(fatal("57P01", "terminating connection due to administrator command"));
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("INSERT lost"));

            var answers = answers(client, 1);

            var words =
                    answers.stream().filter(each -> each.type() == 'E').map(each -> each.field('M') + each.field('D'));
            assertThat(String.join(" ", words.toList()))
                    .contains("terminating connection due to administrator command");
        }
    }

    /// That the connection was reset is no word of the server's, which may have come to the COMMIT.
    @Test
    void isUnknownWhatBecameOfACommitBehindAnotherStatementWhenTheConnectionIsReset() throws Exception {
        for (var text : new String[] {"BEGIN", "INSERT 1"})
            primary.on(text, (wire, message) -> {
                wire.send(new WireBytes().message('C', "DONE").message('Z', 'T'));
                return true;
            });
        primary.on("INSERT 2", (wire, message) -> {
            wire.read();
            wire.reset();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("INSERT 1")));
            answers(client, 2);

            client.send(query("INSERT 2").append(query("COMMIT")));

            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("EZEZ");
            for (int i = 0; i < 4; i += 2) assertThat(answers.get(i).field('C')).isEqualTo(UNKNOWN);
        }
    }

    /// It runs outside the transaction, and may have been carried out.
    @Test
    void isUnknownWhatBecameOfAWriteBehindRollback() throws Exception {
        for (var text : new String[] {"BEGIN", "INSERT 1"})
            primary.on(text, (wire, message) -> {
                wire.send(new WireBytes().message('C', "DONE").message('Z', 'T'));
                return true;
            });
        primary.on("ROLLBACK", (wire, message) -> {
            wire.read();
            wire.reset();
            return false;
        });
        try (var client = rig.connect()) {
            client.send(query("BEGIN").append(query("INSERT 1")));
            answers(client, 2);

            client.send(query("ROLLBACK").append(query("INSERT 2")));

            var answers = answers(client, 2);
            assertThat(types(answers)).isEqualTo("EZEZ");
            for (int i = 0; i < 4; i += 2) assertThat(answers.get(i).field('C')).isEqualTo(UNKNOWN);
        }
    }
}
