package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Ear.outcomes;
import static org.pgdrover.it.exactness.Ear.types;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.bindBinary;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.io.EOFException;
import java.io.IOException;
import java.net.SocketException;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.config.PoolMode;
import org.pgdrover.it.exactness.Ear.Heard;

/// LISTEN and NOTIFY of clients that share server connections, as they are without a proxy.
@Timeout(120)
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ListenTest {
    /// A user with one server connection for all its clients.
    private static final String SINGLE = "single";
    private static final String WIDE = "wide";
    /// A user who may have no connection besides the one of the pool.
    private static final String LIMITED = "limited";

    private @Nullable Rig rig;

    @BeforeAll
    void start() throws Exception {
        rig = newRig();
    }

    private static Rig newRig() throws Exception {
        return new Rig(
                Rig.Target.PROXY,
                PoolMode.TRANSACTION,
                Map.of(SINGLE, 1, WIDE, 4, LIMITED, 1),
                primary -> primary.sql(
                        Rig.PROXIED,
                        "ALTER ROLE limited CONNECTION LIMIT 1",
                        "CREATE DATABASE alone",
                        "CREATE TABLE noisy (x text)",
                        "GRANT ALL ON noisy TO public",
                        """
                        CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql
                        AS $$ BEGIN PERFORM pg_notify('noise', NEW.x); RETURN NEW; END $$""",
                        "CREATE TRIGGER shouts AFTER INSERT ON noisy FOR EACH ROW EXECUTE FUNCTION shout()"));
    }

    @AfterAll
    void stop() throws Exception {
        if (rig != null) rig.close();
    }

    private Rig rig() {
        return Objects.requireNonNull(rig);
    }

    private Ear client(String user) throws IOException {
        return new Ear(rig().proxyPort(), user, Rig.PROXIED);
    }

    private Ear direct() throws IOException {
        return new Ear(rig().directPort(), WIDE, Rig.PROXIED);
    }

    private static void listen(Ear client, String... channels) throws IOException {
        for (var channel : channels)
            assertThat(outcomes(client.query("LISTEN " + channel))).containsExactly("LISTEN");
    }

    @Test
    void everyClientHearsWhatItListensToWhicheverUserItIs() throws Exception {
        try (var one = client(SINGLE);
                var other = client(WIDE);
                var third = client(WIDE);
                var sender = direct()) {
            listen(one, "news");
            listen(other, "NEWS", "\"Odd \"\"name\"\" 'é'\"");
            listen(third, "weather");

            sender.query("NOTIFY news, 'first'; NOTIFY weather, 'rain'");
            sender.query("NOTIFY \"Odd \"\"name\"\" 'é'\", 'grüße'");

            assertThat(one.next()).isEqualTo(new Heard(sender.processId(), "news", "first"));
            assertThat(other.next()).isEqualTo(new Heard(sender.processId(), "news", "first"));
            assertThat(other.next()).isEqualTo(new Heard(sender.processId(), "Odd \"name\" 'é'", "grüße"));
            assertThat(third.next()).isEqualTo(new Heard(sender.processId(), "weather", "rain"));
            assertThat(one.hearsWithin(100) || other.hearsWithin(1) || third.hearsWithin(1))
                    .isFalse();
        }
    }

    @Test
    void isRolledBackWithItsTransaction() throws Exception {
        try (var client = client(SINGLE);
                var sender = direct()) {
            listen(client, "last");
            client.query("BEGIN");
            listen(client, "rolled_back");
            client.query("ROLLBACK");
            client.query("BEGIN");
            client.query("SAVEPOINT s");
            listen(client, "back_to_savepoint");
            client.query("ROLLBACK TO s");
            listen(client, "kept");
            sender.query("NOTIFY kept, 'too early'");
            client.query("COMMIT");
            assertThat(outcomes(client.query("BEGIN; SELECT 1/0"))).contains("22012");
            assertThat(outcomes(client.query("LISTEN failed"))).containsExactly("25P02");
            client.query("ROLLBACK");

            sender.query(
                    "NOTIFY rolled_back, 'a'; NOTIFY back_to_savepoint, 'b'; NOTIFY failed, 'c'; NOTIFY kept, 'd'");
            sender.query("NOTIFY last, 'end'");

            assertThat(client.payloadsUpTo("end")).containsExactly("d", "end");
        }
    }

    /// What a savepoint takes back has not changed who hears its own notification.
    @ParameterizedTest
    @ValueSource(
            strings = {
                "LISTEN own|BEGIN|SAVEPOINT a|UNLISTEN own|ROLLBACK TO a|NOTIFY own, '1'|LISTEN own|COMMIT",
                "BEGIN|SAVEPOINT a|LISTEN own|ROLLBACK TO a|NOTIFY own, '1'|LISTEN own|COMMIT",
                "LISTEN own|BEGIN; UNLISTEN own; LISTEN own; NOTIFY own, '1'; COMMIT",
                "LISTEN own|BEGIN; NOTIFY own, '1'; UNLISTEN *; LISTEN own; COMMIT",
                "BEGIN; SAVEPOINT a; LISTEN own; ROLLBACK TO a; NOTIFY own, '1'; LISTEN own; COMMIT",
                "LISTEN own|BEGIN; NOTIFY other, 'p'; LISTEN own; COMMIT|BEGIN|SAVEPOINT a|UNLISTEN own|ROLLBACK TO a"
                        + "|NOTIFY own, '1'|COMMIT",
                "LISTEN own|BEGIN; NOTIFY other, 'p'; LISTEN own; COMMIT"
                        + "|BEGIN; SAVEPOINT a; UNLISTEN own; SAVEPOINT b; RELEASE SAVEPOINT a; ROLLBACK; NOTIFY own, '1'",
                "LISTEN own|BEGIN|UNLISTEN own|SAVEPOINT \"A\"|LISTEN own|SAVEPOINT a|UNLISTEN own"
                        + "|ROLLBACK WORK TO SAVEPOINT a|NOTIFY own, '1'|COMMIT",
                "LISTEN own|DO $$ BEGIN EXECUTE 'LISTEN own'; END $$|BEGIN|SAVEPOINT a|UNLISTEN own|ROLLBACK TO a"
                        + "|NOTIFY own, '1'|COMMIT"
            })
    void hearsItselfOnceWhateverASavepointTakesBack(String conversation) throws Exception {
        try (var client = client(SINGLE);
                var sender = direct()) {
            for (var each : conversation.split("\\|")) client.query(each);
            sender.query("NOTIFY own, 'end'");

            assertThat(client.payloadsUpTo("end")).containsExactly("1", "end");
            client.query("SELECT 1");
            assertThat(client.hearsWithin(100)).isFalse();
        }
    }

    /// The savepoint takes back what has told the listener whose transaction it is.
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void hearsItselfUnderItsOwnProcessIdBehindASavepoint(boolean atOnce) throws Exception {
        var statements = List.of(
                "BEGIN",
                "LISTEN own",
                "SAVEPOINT a",
                "UNLISTEN own",
                "NOTIFY own, 'never'",
                "ROLLBACK TO a",
                "NOTIFY own, '1'",
                "COMMIT");
        try (var client = client(SINGLE)) {
            if (atOnce) client.wire().send(statements.stream().map(Sent::query).toArray(Sent[]::new));
            for (var each : statements) {
                if (atOnce) client.answer();
                else client.query(each);
            }

            assertThat(client.next()).isEqualTo(new Heard(client.processId(), "own", "1"));
        }
    }

    @Test
    void endsWithUnlisten() throws Exception {
        try (var client = client(SINGLE);
                var sender = direct()) {
            listen(client, "last", "a", "b", "c", "d");
            assertThat(outcomes(client.query("UNLISTEN a"))).containsExactly("UNLISTEN");
            sender.query("NOTIFY a, 'a'; NOTIFY b, 'b1'");
            client.query("BEGIN");
            client.query("UNLISTEN b");
            client.query("ROLLBACK");
            sender.query("NOTIFY b, 'b2'; NOTIFY last, 'end 1'");
            assertThat(client.payloadsUpTo("end 1")).containsExactly("b1", "b2", "end 1");

            assertThat(outcomes(client.query("SELECT 1; UNLISTEN c"))).containsExactly("SELECT 1", "UNLISTEN");
            sender.query("NOTIFY c, 'c'; NOTIFY d, 'd'; NOTIFY last, 'end 2'");
            assertThat(client.payloadsUpTo("end 2")).containsExactly("d", "end 2");

            assertThat(outcomes(client.query("UNLISTEN *"))).containsExactly("UNLISTEN");
            sender.query("NOTIFY d, 'd'");
            listen(client, "last");
            client.query("SELECT pg_advisory_unlock_all(); CLOSE ALL; UNLISTEN *; RESET ALL;");
            sender.query("NOTIFY last, 'to nobody'");
            listen(client, "last");
            client.query("DISCARD ALL");
            sender.query("NOTIFY last, 'to nobody'");
            assertThat(client.hearsWithin(300)).isFalse();
        }
    }

    @Test
    void aTransactionHearsNothingBeforeItsEnd() throws Exception {
        try (var client = client(WIDE);
                var sender = direct()) {
            listen(client, "held");
            client.query("BEGIN");
            sender.query("NOTIFY held, 'in between'");
            assertThat(client.hearsWithin(200)).isFalse();
            assertThat(types(client.query("SELECT 1"))).isEqualTo("TDCZ");
            assertThat(types(client.query("COMMIT"))).isEqualTo("CAZ");
            assertThat(client.next().payload()).isEqualTo("in between");

            client.query("BEGIN");
            sender.query("NOTIFY held, 'without a statement'");
            assertThat(client.hearsWithin(200)).isFalse();
            assertThat(types(client.query("COMMIT"))).isEqualTo("CAZ");
            assertThat(client.next().payload()).isEqualTo("without a statement");
        }
    }

    @Test
    void hearsItselfBeforeItIsReadyAndUnderItsOwnProcessId() throws Exception {
        for (var user : List.of(SINGLE, WIDE)) {
            try (var client = client(user);
                    var other = client(user)) {
                listen(client, "own");
                listen(other, "own");

                assertThat(types(client.query("NOTIFY own, 'a'"))).isEqualTo("CAZ");
                assertThat(types(client.query("SELECT pg_notify('own', 'b')"))).isEqualTo("TDCAZ");
                assertThat(types(client.run(
                                parse("", "NOTIFY own, 'c'"), bind("", ""), describe('P', ""), execute("", 0), sync())))
                        .isEqualTo("12nCAZ");
                client.query("BEGIN");
                assertThat(types(client.query("NOTIFY own, 'd'"))).isEqualTo("CZ");
                client.query("NOTIFY own, 'e'");
                assertThat(types(client.query("COMMIT"))).isEqualTo("CAAZ");
                client.query("BEGIN; NOTIFY own, 'never'; ROLLBACK");
                other.query("NOTIFY own, 'z'");

                for (var payload : List.of("a", "b", "c", "d", "e"))
                    assertThat(client.next()).isEqualTo(new Heard(client.processId(), "own", payload));
                var last = client.next();
                assertThat(last.payload()).isEqualTo("z");
                assertThat(last.processId()).isNotEqualTo(client.processId());
                for (var payload : List.of("a", "b", "c", "d", "e")) {
                    var heard = other.next();
                    assertThat(heard.payload()).isEqualTo(payload);
                    assertThat(heard.processId()).isNotEqualTo(other.processId());
                }
                assertThat(other.next()).isEqualTo(new Heard(other.processId(), "own", "z"));
            }
        }
    }

    @Test
    void aTransactionThatNotifiesAndListensHearsAllOfIt() throws Exception {
        try (var client = client(WIDE)) {
            client.query("BEGIN");
            listen(client, "first");
            client.query("NOTIFY first, 'a'");
            assertThat(types(client.query("COMMIT"))).isEqualTo("CAZ");
            client.query("BEGIN");
            client.query("NOTIFY second, 'b'");
            listen(client, "second");
            assertThat(types(client.query("COMMIT"))).isEqualTo("CAZ");
            assertThat(client.next()).isEqualTo(new Heard(client.processId(), "first", "a"));
            assertThat(client.next()).isEqualTo(new Heard(client.processId(), "second", "b"));
        }
    }

    @Test
    void speaksTheExtendedProtocol() throws Exception {
        try (var client = client(SINGLE);
                var other = client(SINGLE);
                var sender = direct()) {
            assertThat(types(client.run(
                            parse("", "LISTEN plain"), bind("", ""), describe('P', ""), execute("", 0), sync())))
                    .isEqualTo("12nCZ");
            var prepared = client.run(
                    parse("named", "LISTEN named"), describe('S', "named"), bind("", "named"), execute("", 0), sync());
            assertThat(types(prepared)).isEqualTo("1tn2CZ");
            assertThat(outcomes(prepared)).containsExactly("LISTEN");
            client.run(parse("off", "UNLISTEN named"), sync());
            for (int i = 0; i < 7; i++) {
                assertThat(outcomes(client.run(bind("", "off"), execute("", 0), sync())))
                        .containsExactly("UNLISTEN");
                other.query("SELECT 1");
                assertThat(outcomes(client.run(bind("p", "named"), execute("p", 0), sync())))
                        .containsExactly("LISTEN");
            }
            // A pipeline, with something that fails in it.
            client.wire()
                    .send(
                            query("BEGIN"),
                            parse("", "LISTEN in_pipeline"),
                            bind("", ""),
                            execute("", 0),
                            parse("", "SELECT 1"),
                            bind("", ""),
                            execute("", 0),
                            sync(),
                            query("COMMIT"),
                            bind("", "named", "superfluous"),
                            execute("", 0),
                            sync(),
                            query("SELECT 2"));
            assertThat(types(client.answer())).isEqualTo("CZ");
            assertThat(types(client.answer())).isEqualTo("12C12DCZ");
            assertThat(types(client.answer())).isEqualTo("CZ");
            assertThat(outcomes(client.answer())).containsExactly("08P01");
            assertThat(types(client.answer())).isEqualTo("TDCZ");
            assertThat(outcomes(other.run(parse("", "LISTEN in_pipeline"), bind("", ""), execute("", 0), sync())))
                    .containsExactly("LISTEN");

            sender.query("NOTIFY plain, 'a'; NOTIFY named, 'b'; NOTIFY in_pipeline, 'c'");
            assertThat(client.payloadsUpTo("c")).containsExactly("a", "b", "c");
            assertThat(other.payloadsUpTo("c")).containsExactly("c");
        }
    }

    @Test
    void leavesToTheServerWhatOnlyTheServerUnderstands() throws Exception {
        try (var client = client(WIDE);
                var sender = direct()) {
            assertThat(outcomes(client.query("LISTEN select"))).containsExactly("42601");
            assertThat(outcomes(client.query("LISTEN \"\""))).containsExactly("42601");
            assertThat(outcomes(client.query("SELECT 1; LISTEN of_string"))).containsExactly("SELECT 1", "LISTEN");
            listen(client, "alone");
            sender.query("NOTIFY of_string, 'a'; NOTIFY alone, 'b'");
            assertThat(client.payloadsUpTo("b")).containsExactly("a", "b");
            client.query("UNLISTEN *");
            sender.query("NOTIFY of_string, 'a'; NOTIFY alone, 'b'");
            assertThat(client.hearsWithin(200)).isFalse();
        }
    }

    @Test
    void hearsWhatATriggerNotifies() throws Exception {
        try (var client = client(SINGLE);
                var other = client(SINGLE)) {
            listen(client, "noise");
            other.query("INSERT INTO noisy VALUES ('a')");
            client.query("INSERT INTO noisy VALUES ('b')");
            assertThat(client.payloadsUpTo("b")).containsExactly("a", "b");
        }
    }

    @Test
    void leavesOtherEncodingsToTheServer() throws Exception {
        try (var client = client(WIDE);
                var sender = direct()) {
            client.query("SET client_encoding = 'LATIN1'");
            listen(client, "latin");
            sender.query("NOTIFY latin, 'é'");
            var message = client.wire().require(5_000);
            assertThat(message.type()).isEqualTo('A');
            assertThat(message.body()).endsWith(new byte[] {(byte) 0xE9, 0});
        }
    }

    @Test
    void listensOnTheServerIfTheListenerCannotLogIn() throws Exception {
        try (var client = new Ear(rig().proxyPort(), LIMITED, "alone");
                var sender = new Ear(rig().directPort(), WIDE, "alone")) {
            listen(client, "somewhere");
            sender.query("NOTIFY somewhere, 'a'");
            assertThat(client.next().payload()).isEqualTo("a");
        }
    }

    @Test
    void fiftyListenersNeedNoServerOfTheirOwn() throws Exception {
        var ears = new ArrayList<Ear>();
        try (var worker = client(SINGLE)) {
            for (int i = 0; i < 50; i++) {
                ears.add(client(SINGLE));
                listen(ears.getLast(), "crowd");
                // As asyncpg does.
                var bound = i % 2 == 0 ? bind("", "") : bindBinary("", "");
                assertThat(outcomes(ears.getLast().run(parse("", "LISTEN own_" + i), bound, execute("", 0), sync())))
                        .containsExactly("LISTEN");
            }
            for (int i = 0; i < 20; i++)
                assertThat(outcomes(worker.query("SELECT " + i))).containsExactly("SELECT 1");
            worker.query("NOTIFY crowd, 'all'");
            worker.query("SELECT pg_notify('own_' || n, 'only ' || n) FROM generate_series(0, 49) n");
            for (int i = 0; i < 50; i++)
                assertThat(ears.get(i).payloadsUpTo("only " + i)).containsExactly("all", "only " + i);
            assertThat(worker.query("SELECT pg_listening_channels()").stream().filter(each -> each.type() == 'D'))
                    .isEmpty();
        } finally {
            for (var ear : ears) ear.close();
        }
    }

    /// The client's server listens on the channel already, for a statement before has shown that.
    @Test
    void hearsItselfOnAChannelThatWasShown() throws Exception {
        try (var client = client(SINGLE);
                var sender = direct()) {
            listen(client, "shown");
            client.query("SELECT pg_listening_channels()");
            client.query("UNLISTEN shown");
            client.query("BEGIN");
            client.query("LISTEN shown; NOTIFY other");
            client.query("ROLLBACK");
            sender.query("NOTIFY shown, 'to nobody'");
            client.query("SELECT 1");

            assertThat(types(client.query("LISTEN shown; NOTIFY shown, 'at once'")))
                    .isEqualTo("CCAZ");

            assertThat(client.next()).isEqualTo(new Heard(client.processId(), "shown", "at once"));
        }
    }

    @Test
    void reachesNoStranger() throws Exception {
        try (var sender = direct();
                var stranger = client(SINGLE)) {
            try (var client = client(SINGLE)) {
                listen(client, "private");
                stranger.query("SELECT 1");
                sender.query("NOTIFY private, 'a'");
                assertThat(client.next().payload()).isEqualTo("a");
                // Leaves in the middle of a LISTEN.
                client.wire().send(query("LISTEN also_private"));
            }
            for (int i = 0; i < 20; i++) {
                stranger.query("SELECT 1");
                sender.query("NOTIFY private, 'b'; NOTIFY also_private, 'c'");
            }
            assertThat(stranger.hearsWithin(200)).isFalse();
        }
    }

    @Test
    void keepsTheOrderOfThePrimary() throws Exception {
        int each = 2_500;
        try (var client = client(SINGLE);
                var reference = direct()) {
            listen(client, "burst", "burst2");
            listen(reference, "burst", "burst2");
            var senders = new ArrayList<Thread>();
            for (int s = 0; s < 4; s++) {
                int sender = s;
                senders.add(Thread.ofVirtual().start(() -> burst(sender, each)));
            }
            for (var sender : senders) sender.join();
            var expected = new ArrayList<Heard>();
            var heard = new ArrayList<Heard>();
            for (int i = 0; i < 4 * each; i++) {
                expected.add(reference.next());
                heard.add(client.next());
            }
            assertThat(heard).isEqualTo(expected);
        }
    }

    private void burst(int sender, int count) {
        try (var client = direct()) {
            for (int i = 0; i < count; i += 25) {
                var sql = new StringBuilder();
                for (int j = i; j < i + 25; j++)
                    sql.append("NOTIFY ")
                            .append(j % 3 == 0 ? "burst2" : "burst")
                            .append(", '")
                            .append(sender)
                            .append('.')
                            .append(j)
                            .append("';");
                client.query(sql.toString());
            }
        } catch (IOException lost) {
            throw new IllegalStateException(lost);
        }
    }

    @Test
    void aClientThatDoesNotReadIsEndedAlone() throws Exception {
        try (var deaf = client(WIDE);
                var inTransaction = client(WIDE);
                var client = client(WIDE);
                var sender = direct()) {
            listen(deaf, "flood");
            listen(inTransaction, "flood");
            listen(client, "flood");
            inTransaction.query("BEGIN");
            int rounds = 60;
            for (int i = 0; i < rounds; i++) {
                sender.query("SELECT pg_notify('flood', repeat('x', 7900) || n) FROM generate_series(1, 40) n");
                for (int n = 1; n <= 40; n++)
                    assertThat(client.next().payload()).endsWith("x" + n);
            }
            listen(client, "dry");
            sender.query("NOTIFY dry, 'still here'");
            assertThat(client.next().payload()).isEqualTo("still here");
            assertThat(end(inTransaction)).isEqualTo("53400");
            assertThat(end(deaf)).isIn("53400", "closed");
        }
    }

    private static String end(Ear client) throws IOException {
        try {
            while (true) {
                var message = client.wire().require(10_000);
                if (message.type() == 'E') return message.sqlState();
            }
        } catch (EOFException | SocketException closed) {
            return "closed";
        }
    }

    @Test
    void goesOnAfterItsConnectionIsTerminated() throws Exception {
        try (var client = client(SINGLE);
                var sender = direct()) {
            listen(client, "again");
            terminateListeners();
            assertThat(awaitHeard(client, sender, "again")).isTrue();
            assertThat(client.warnings()).isOne();
            listen(client, "another");
            sender.query("NOTIFY another, 'x'");
            assertThat(client.payloadsUpTo("x")).endsWith("x");
        }
    }

    private void terminateListeners() throws SQLException {
        rig().primary()
                .sql(
                        Rig.PROXIED,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'pgdrover listener'");
    }

    /// Notifies until the client hears of it.
    private static boolean awaitHeard(Ear client, Ear sender, String channel) throws IOException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (System.nanoTime() < end) {
            sender.query("NOTIFY " + channel + ", 'awaited'");
            if (client.hearsWithin(50)) return true;
        }
        return false;
    }

    @Test
    void goesOnAfterAFailover() throws Exception {
        try (var own = newRig();
                var client = new Ear(own.proxyPort(), SINGLE, Rig.PROXIED);
                var sender = new Ear(own.proxyPort(), WIDE, Rig.PROXIED)) {
            listen(client, "lasting");
            sender.query("NOTIFY lasting, 'before'");
            assertThat(client.next().payload()).isEqualTo("before");

            own.primary().kill();

            assertThat(awaitHeard(client, sender, "lasting")).isTrue();
            listen(client, "later");
            sender.query("NOTIFY later, 'after'");
            assertThat(client.payloadsUpTo("after")).endsWith("after");
            assertThat(types(client.query("NOTIFY lasting, 'mine'"))).endsWith("AZ");
        }
    }
}
