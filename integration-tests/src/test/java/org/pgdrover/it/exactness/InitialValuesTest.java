package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.config.PoolMode;

/// What a session has begun with stays, whatever the servers begin with on which its statements run.
@Timeout(120)
class InitialValuesTest {
    private static final String USER = "single";
    private static final int SOON = 10_000;
    private static final String SHOWN =
            "current_setting('TimeZone'), current_setting('DateStyle'), current_setting('search_path'), '\\n'";
    private static final String ON_PRIMARY = "SELECT concat_ws(' ', " + SHOWN + ") FROM txid_current()";
    private static final String ON_STANDBY = "SELECT timestamptz '2024-01-01 05:00+00'";
    private static final String READ = "2024-01-01 05:00:00+00";
    private static final String BEGUN = "GMT ISO, MDY \"$user\", public \\n";
    private static final String RELOADED = BEGUN.replace("GMT", "Asia/Tokyo");
    /// The answer depends on the time zone in which the statement was parsed.
    private static final String PARSED =
            "SELECT extract(hour FROM timestamptz '2024-01-01 05:00' AT TIME ZONE 'UTC')::int";

    private Rig rig;
    /// What clients have been told last.
    private final Map<WireClient, String> timeZones = new HashMap<>();

    @BeforeEach
    void start() throws Exception {
        rig = new Rig(Rig.Target.PROXY, PoolMode.TRANSACTION, Map.of(USER, 1), _ -> {});
    }

    @AfterEach
    void stop() throws IOException {
        rig.close();
    }

    private WireClient client() throws IOException {
        return WireClient.ready(rig.proxyPort(), Map.of("user", USER, "database", Rig.PROXIED));
    }

    @Test
    void staysWhenTheRoleBeginsOtherwise() throws Exception {
        try (var old = client()) {
            assertThat(ask(old, query(ON_PRIMARY))).isEqualTo(BEGUN);
            ask(old, parse("p", PARSED), sync());
            assertThat(ask(old, bind("", "p"), execute("", 0), sync())).isEqualTo("5");

            rig.primary()
                    .sql(
                            Rig.PROXIED,
                            "ALTER ROLE single SET TimeZone = 'Asia/Tokyo'",
                            "ALTER ROLE single SET DateStyle = 'German'",
                            "ALTER ROLE single SET search_path = 'elsewhere, public'",
                            "ALTER ROLE single SET standard_conforming_strings = off",
                            "ALTER ROLE single SET backslash_quote = on");
            awaitNew("Asia/Tokyo German, DMY \"elsewhere, public\" \n");

            assertThat(ask(old, query(ON_PRIMARY))).isEqualTo(BEGUN);
            assertThat(ask(old, query(ON_STANDBY))).isEqualTo(READ);
            assertThat(ask(old, bind("", "p"), execute("", 0), sync())).isEqualTo("5");
            for (var reset : new String[] {"RESET ALL", "DISCARD ALL", "RESET TimeZone", "SET DateStyle TO DEFAULT"}) {
                ask(old, query(reset));
                assertThat(ask(old, query(ON_PRIMARY))).as(reset).isEqualTo(BEGUN);
            }
            ask(old, query("SET TimeZone = 'Asia/Kolkata'"));
            assertThat(ask(old, query(ON_STANDBY))).isEqualTo("2024-01-01 10:30:00+05:30");
            try (var other = client()) {
                ask(other, parse("p", PARSED), sync());
                assertThat(ask(other, bind("", "p"), execute("", 0), sync())).isEqualTo("20");
                ask(old, query("RESET TimeZone"));
                ask(old, parse("q", PARSED), sync());
                assertThat(ask(old, bind("", "q"), execute("", 0), sync())).isEqualTo("5");
                assertThat(ask(other, bind("", "p"), execute("", 0), sync())).isEqualTo("20");
            }
        }
    }

    /// The statement is judged once more on a server that begins otherwise.
    @Test
    void listensWithoutAServerOfItsOwn() throws Exception {
        try (var old = client()) {
            assertThat(ask(old, query(ON_PRIMARY))).isEqualTo(BEGUN);
            rig.primary().sql(Rig.PROXIED, "ALTER ROLE single SET TimeZone = 'Asia/Tokyo'");
            awaitNew(BEGUN.replace("GMT", "Asia/Tokyo"));

            ask(old, query("LISTEN ch"));

            try (var other = client()) {
                ask(other, query("NOTIFY ch, 'heard'"));
                assertThat(old.require(5_000).type()).isEqualTo('A');
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void isThatOfThePrimaryOnEveryNode(boolean meanwhile) throws Exception {
        try (var client = client()) {
            if (meanwhile) for (int i = 0; i < 10; i++) ask(client, query(ON_STANDBY));
            reloadStandbys();
            TimeUnit.SECONDS.sleep(1);
            // Whoever is served when a server reads its configuration sees that.
            if (meanwhile) for (int i = 0; i < 10; i++) ask(client, query(ON_STANDBY));
            for (int i = 0; i < 10; i++) {
                assertThat(ask(client, query(ON_STANDBY))).isEqualTo(READ);
                assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(BEGUN);
            }
        }
    }

    private void reloadStandbys() throws Exception {
        for (var node : rig.nodes()) {
            if (node == rig.primary()) continue;
            Files.writeString(
                    node.data().resolve("postgresql.conf"),
                    "\nTimeZone = 'Asia/Tokyo'\nDateStyle = 'German'\n",
                    StandardOpenOption.APPEND);
            node.sql("postgres", "SELECT pg_reload_conf()");
        }
    }

    /// A server reads its configuration when the next command has come, and reports behind the command.
    @Test
    void isWhatAReloadHasTold() throws Exception {
        try (var client = client();
                var second = client()) {
            ask(client, parse("p", PARSED), sync());
            awaitSettled(client);
            reload("Asia/Tokyo");
            awaitOn(client, RELOADED);
            assertThat(timeZones.get(client)).isEqualTo("Asia/Tokyo");

            assertThat(ask(second, query(ON_PRIMARY))).isEqualTo(RELOADED);
            assertThat(timeZones.get(second)).isEqualTo("Asia/Tokyo");
            terminateServers();

            for (var each : List.of(client, second)) {
                assertThat(ask(each, query(ON_PRIMARY))).isEqualTo(RELOADED);
                ask(each, query("RESET ALL"));
                assertThat(ask(each, query(ON_PRIMARY))).isEqualTo(RELOADED);
            }
            assertThat(ask(client, bind("", "p"), execute("", 0), sync())).isEqualTo("5");
            ask(client, parse("q", PARSED), sync());
            assertThat(ask(client, bind("", "q"), execute("", 0), sync())).isEqualTo("20");
        }
    }

    /// What the server reports behind a BEGIN that waits for its transaction's first statement is told too.
    @Test
    void isTheConfigurationsBehindABegin() throws Exception {
        try (var client = client()) {
            ask(client, query("SET statement_timeout = '1min'"));
            awaitSettled(client);
            reload("Asia/Tokyo");
            TimeUnit.SECONDS.sleep(1);
            ask(client, query("BEGIN"));
            assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(RELOADED);
            assertThat(timeZones.get(client)).isEqualTo("Asia/Tokyo");
            ask(client, query("ROLLBACK"));
            terminateServers();
            assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(RELOADED);
        }
    }

    /// A value that a client has set hides the configuration's from the client only.
    @Test
    void isTheConfigurationsForOthersWhileOneHasSetIt() throws Exception {
        try (var client = client();
                var second = client()) {
            ask(client, query("SET TimeZone = 'Asia/Kolkata'"));
            awaitSettled(client);
            reload("Asia/Tokyo");
            TimeUnit.SECONDS.sleep(1);
            var own = BEGUN.replace("GMT", "Asia/Kolkata");
            assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(own);
            assertThat(ask(second, query(ON_PRIMARY))).isEqualTo(RELOADED);
            assertThat(timeZones.get(second)).isEqualTo("Asia/Tokyo");
            assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(own);
            terminateServers();
            ask(client, query("RESET TimeZone"));
            assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(RELOADED);
            assertThat(timeZones.get(client)).isEqualTo("Asia/Tokyo");
        }
    }

    /// Returns when the server is one that was opened after the roles and their settings were known.
    private void awaitSettled(WireClient client) throws Exception {
        var pid = "SELECT pg_backend_pid() FROM txid_current()";
        var last = ask(client, query(pid));
        for (int same = 0; same < 10; ) {
            TimeUnit.MILLISECONDS.sleep(200);
            var now = ask(client, query(pid));
            same = now.equals(last) ? same + 1 : 0;
            last = now;
        }
    }

    private void reload(String timeZone) throws Exception {
        rig.primary().sql("postgres", "ALTER SYSTEM SET TimeZone = '" + timeZone + "'", "SELECT pg_reload_conf()");
    }

    private void terminateServers() throws Exception {
        rig.primary()
                .sql(
                        "postgres",
                        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE usename = '" + USER + "'");
    }

    private void awaitOn(WireClient client, String begun) throws Exception {
        for (int i = 0; i < 50 && !ask(client, query(ON_PRIMARY)).equals(begun); i++) TimeUnit.MILLISECONDS.sleep(100);
        assertThat(ask(client, query(ON_PRIMARY))).isEqualTo(begun);
    }

    /// Returns when a session that begins now begins like this.
    private void awaitNew(String begun) throws Exception {
        for (int i = 0; i < 100; i++) {
            try (var fresh = client()) {
                if (ask(fresh, query(ON_PRIMARY)).equals(begun)) return;
            }
            TimeUnit.MILLISECONDS.sleep(100);
        }
        throw new AssertionError("new sessions do not begin with " + begun);
    }

    /// The first column of the last row, or the error.
    private String ask(WireClient client, Sent... messages) throws IOException {
        client.send(messages);
        String answer = "";
        for (var message = client.require(SOON); message.type() != 'Z'; message = client.require(SOON)) {
            if (message.type() == 'D') answer = message.column(0);
            if (message.type() == 'S') {
                var reported = message.read();
                if (Received.string(reported).equals("TimeZone")) timeZones.put(client, Received.string(reported));
            }
            if (message.type() == 'E') answer = message.fields().toString();
        }
        return answer;
    }
}
