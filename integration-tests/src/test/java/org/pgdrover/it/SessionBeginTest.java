package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.await;

import java.io.IOException;
import java.net.InetAddress;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// A session through the proxy begins with what it would begin with at the server itself.
class SessionBeginTest {
    private static final String EVERYBODY = "host all all 127.0.0.1/32 trust\n";

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

    private void serve(PoolMode mode) throws Exception {
        proxy = new Proxied(cluster, mode, EVERYBODY, config -> config);
    }

    /// With more servers, clients on two I/O threads have a server each.
    private void serveWithOneServerANode() throws Exception {
        var one = new PoolSettings(
                PoolMode.TRANSACTION, 1, 0, Duration.ofSeconds(30), Duration.ofMinutes(10), Duration.ofHours(1));
        proxy = new Proxied(
                cluster,
                PoolMode.TRANSACTION,
                EVERYBODY,
                config -> config.with(new PoolConfig(one, 0, Map.of(), Map.of(), 100)));
    }

    @AfterEach
    void end() throws Exception {
        proxy.close();
        past(
                "ALTER ROLE demo RESET ALL",
                "ALTER DATABASE demo RESET ALL",
                "ALTER ROLE demo IN DATABASE demo RESET ALL");
    }

    private static void past(String... statements) throws Exception {
        cluster.nodes().getFirst().sql("demo", statements);
    }

    private StartupClient connect(String... parameters) throws IOException {
        return connectAs("demo", parameters);
    }

    private StartupClient connectAs(String user, String... parameters) throws IOException {
        var all = new LinkedHashMap<>(Map.of("user", user, "database", "demo"));
        for (int i = 0; i < parameters.length; i += 2) all.put(parameters[i], parameters[i + 1]);
        var client = StartupClient.tcp(proxy.server().address(), InetAddress.getLoopbackAddress(), null);
        assertThat(client.start(all).error()).isEmpty();
        client.awaitReady();
        return client;
    }

    private String askAnew(String sql) {
        try (var client = connect()) {
            return client.ask(sql);
        } catch (IOException failure) {
            throw new java.io.UncheckedIOException(failure);
        }
    }

    @ParameterizedTest
    @EnumSource(PoolMode.class)
    void hasNoApplicationNameUnlessTheClientGivesOne(PoolMode mode) throws Exception {
        serve(mode);
        assertThat(askAnew("SHOW application_name")).isEmpty();
        try (var named = connect("application_name", "mine")) {
            assertThat(named.ask("SHOW application_name")).isEqualTo("mine");
        }
        assertThat(askAnew("SHOW application_name")).isEmpty();
        try (var client = connect()) {
            client.ask("SET application_name = 'set'");
            client.ask("RESET application_name");
            assertThat(client.ask("SHOW application_name")).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource(PoolMode.class)
    void beginsWithWhatWasJustSetThroughTheProxy(PoolMode mode) throws Exception {
        serve(mode);
        for (int i = 1; i <= 20; i++) {
            askAnew("SELECT 1");
            try (var superuser = connectAs("postgres")) {
                superuser.ask("ALTER ROLE demo SET work_mem = '" + (i + 1) + "MB'");
                superuser.ask("ALTER ROLE demo IN DATABASE demo SET application_name = 'role " + i + "'");
            }
            assertThat(askAnew("SELECT current_setting('work_mem') || ' ' || set_config('a.b', 'c', true)"))
                    .isEqualTo((i + 1) + "MB c");
            assertThat(askAnew("SELECT current_setting('application_name') || set_config('a.b', '', true)"))
                    .isEqualTo("role " + i);
        }
    }

    @Test
    void beginsSoonWithWhatWasSetPastTheProxy() throws Exception {
        serve(PoolMode.TRANSACTION);
        try (var old = connect()) {
            assertThat(old.ask("SHOW work_mem")).isEqualTo("4MB");

            past("ALTER DATABASE demo SET work_mem = '9MB'");

            await(() -> askAnew("BEGIN; SELECT current_setting('work_mem')").equals("9MB"), "work_mem on the primary");
            await(() -> askAnew("SELECT current_setting('work_mem')").equals("9MB"), "work_mem on a standby");
            past("ALTER DATABASE demo SET work_mem = '11MB'");
            await(() -> askAnew("SHOW work_mem").equals("11MB"), "the next work_mem");
            past("ALTER DATABASE demo RESET work_mem");
        }
    }

    @Test
    void keepsServersOfWhomAChangeDoesNotConcern() throws Exception {
        serveWithOneServerANode();
        var sql = "SELECT pg_backend_pid() || set_config('a.b', '', true)";
        // Before the catalog is read, what the function leaves is unknown, and costs the connection.
        await(() -> askAnew(sql).equals(askAnew(sql)), "the catalog");
        var before = askAnew(sql);
        try (var superuser = connectAs("postgres")) {
            superuser.ask("ALTER ROLE postgres SET work_mem = '7MB'");
            superuser.ask("ALTER ROLE postgres RESET work_mem");
        }
        assertThat(askAnew(sql)).isEqualTo(before);
    }
}
