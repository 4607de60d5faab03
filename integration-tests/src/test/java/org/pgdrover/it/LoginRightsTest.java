package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.await;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketException;
import java.sql.SQLException;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.config.PoolMode;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// Pooled servers serve only the role and the database that a name means now.
@Timeout(value = 90, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LoginRightsTest {
    private static final String ON_PRIMARY = " || set_config('a.b', '', true)";
    /// A read, which goes to the standby.
    private static final String ANYWHERE = "SELECT session_user";
    private static final String WHO = "SELECT session_user" + ON_PRIMARY;

    private static EmbeddedCluster cluster;

    /// Every test begins with serve().
    @SuppressWarnings("NullAway.Init")
    private Proxied proxy;

    @BeforeAll
    static void start() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(1, 18, false));
    }

    @AfterAll
    static void stop() throws IOException {
        cluster.close();
    }

    @BeforeEach
    void serve() throws Exception {
        proxy = new Proxied(cluster, PoolMode.TRANSACTION, "host all all 127.0.0.1/32 trust\n", config -> config);
        past("CREATE DATABASE other");
    }

    @AfterEach
    void end() throws Exception {
        proxy.close();
        past("DROP DATABASE IF EXISTS other WITH (FORCE)");
    }

    private static void past(String... statements) throws Exception {
        cluster.nodes().getFirst().sql("demo", statements);
    }

    private StartupClient connect(String user, String database) throws IOException {
        var client = StartupClient.tcp(proxy.server().address(), InetAddress.getLoopbackAddress(), null);
        assertThat(client.start(Map.of("user", user, "database", database)).error())
                .isEmpty();
        return client;
    }

    /// What a client that comes now hears: the first column, or the message of the error.
    private String ask(String database, String sql) {
        try (var client = connect("demo", database)) {
            client.awaitReady();
            return client.ask(sql);
        } catch (IOException refused) {
            return String.valueOf(refused.getMessage());
        }
    }

    private static int standbysServers() {
        try {
            var standby = cluster.nodes().get(1);
            return Integer.parseInt(
                    standby.ask("postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'demo'"));
        } catch (SQLException failure) {
            throw new IllegalStateException(failure);
        }
    }

    private void through(String... statements) throws IOException {
        try (var superuser = connect("postgres", "postgres")) {
            superuser.awaitReady();
            for (var each : statements) superuser.ask(each);
        }
    }

    @Test
    void logsInTheRoleThatHasTheNameNow() throws Exception {
        assertThat(ask("demo", WHO)).isEqualTo("demo");
        await(() -> ask("demo", ANYWHERE).equals("demo") && standbysServers() > 0, "a server of the standby");
        try {
            through("ALTER ROLE demo RENAME TO demo_old", "CREATE ROLE demo LOGIN PASSWORD 'demo'");
            assertThat(ask("demo", WHO)).isEqualTo("demo");
            for (int i = 0; i < 50; i++) {
                assertThat(ask("demo", ANYWHERE)).isEqualTo("demo");
                TimeUnit.MILLISECONDS.sleep(50);
            }
            assertThat(standbysServers()).as("reads go to the standby again").isPositive();
        } finally {
            past("DROP ROLE IF EXISTS demo", "ALTER ROLE demo_old RENAME TO demo");
        }
        await(() -> ask("demo", WHO).equals("demo"), "the old role again, past the proxy");
    }

    @Test
    void seesWhatATransactionHasChanged() throws Exception {
        assertThat(ask("demo", WHO)).isEqualTo("demo");
        try {
            through("BEGIN", "ALTER ROLE demo NOLOGIN");
            through("BEGIN", "ALTER ROLE demo NOLOGIN", "SELECT pg_sleep(0.3)", "COMMIT");
            assertThat(ask("demo", WHO)).isEqualTo("role \"demo\" is not permitted to log in");
        } finally {
            through("ALTER ROLE demo LOGIN");
        }
        assertThat(ask("demo", WHO)).isEqualTo("demo");
    }

    @Test
    void refusesWhoMayNotConnectAnyMore() throws Exception {
        assertThat(ask("other", WHO)).isEqualTo("demo");

        through("REVOKE CONNECT ON DATABASE other FROM PUBLIC");
        assertThat(ask("other", WHO)).isEqualTo("permission denied for database \"other\"");
        through("GRANT CONNECT ON DATABASE other TO demo");
        assertThat(ask("other", WHO)).isEqualTo("demo");

        through("ALTER DATABASE other ALLOW_CONNECTIONS false");
        assertThat(ask("other", WHO)).isEqualTo("database \"other\" is not currently accepting connections");
        past("UPDATE pg_database SET datallowconn = true WHERE datname = 'other'");
        await(() -> ask("other", WHO).equals("demo"), "the database, past the proxy");
    }

    @Test
    void takesADatabaseAtOnceThatHasBeenMade() throws Exception {
        for (int i = 0; i < 4; i++) {
            through("DROP DATABASE other WITH (FORCE)");
            assertThat(ask("other", WHO)).isEqualTo("database \"other\" does not exist");
            through("CREATE DATABASE other");
            assertThat(ask("other", WHO)).isEqualTo("demo");
            through("ALTER DATABASE other RENAME TO another");
            assertThat(ask("other", WHO)).isEqualTo("database \"other\" does not exist");
            through("ALTER DATABASE another RENAME TO other");
            assertThat(ask("other", WHO)).isEqualTo("demo");
        }
    }

    @Test
    void endsWhoseDatabaseIsNoMore() throws Exception {
        try (var client = connect("demo", "other")) {
            client.awaitReady();
            assertThat(client.ask(WHO)).isEqualTo("demo");

            through("DROP DATABASE other WITH (FORCE)");

            assertThatThrownBy(() -> client.ask(WHO)).hasMessage("terminating connection due to administrator command");
            assertThatThrownBy(() -> client.ask(WHO)).isInstanceOfAny(EOFException.class, SocketException.class);
        }
    }

    @Test
    void keepsServersOfWhomAChangeDoesNotConcern() throws Exception {
        var sql = "SELECT pg_backend_pid()" + ON_PRIMARY;
        try (var client = connect("demo", "demo")) {
            client.awaitReady();
            // Before the catalog is read, what the function leaves is unknown, and costs the connection.
            await(() -> same(client, sql), "the catalog");
            var before = client.ask(sql);

            through("CREATE ROLE one LOGIN", "ALTER ROLE one NOLOGIN", "DROP ROLE one");
            through("REVOKE CONNECT ON DATABASE other FROM PUBLIC", "GRANT TEMPORARY ON DATABASE demo TO PUBLIC");
            TimeUnit.MILLISECONDS.sleep(1500);

            // The pool may have another one by now, and may lend that.
            var there = "SELECT count(*) || set_config('a.b', '', true) FROM pg_stat_activity WHERE pid = " + before;
            assertThat(client.ask(there)).isEqualTo("1");
        }
    }

    private static boolean same(StartupClient client, String sql) {
        try {
            return client.ask(sql).equals(client.ask(sql));
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }
}
