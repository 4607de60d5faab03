package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.ask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.AuthConfig.LoginLimits;
import org.pgdrover.config.AuthConfig.OAuth;
import org.pgdrover.config.AuthConfig.Query;
import org.pgdrover.config.PoolMode;
import org.pgdrover.server.PasswordQuery;
import org.pgdrover.server.Reloadable;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// Who comes in, and with what the proxy then logs in to the servers, on a real cluster that asks for
/// SCRAM.
class AuthenticationTest {
    private static final LoginLimits QUICK = new LoginLimits(1000, 0, Duration.ofMillis(1), Duration.ofMillis(1));

    @TempDir
    static Path directory = Path.of(".");

    private static EmbeddedCluster cluster;

    @BeforeAll
    static void start() throws Exception {
        cluster = EmbeddedCluster.start(new EmbeddedCluster.Options(1, 18, false));
        var primary = cluster.nodes().getFirst();
        primary.sql("postgres", PasswordQuery.functionFor(EmbeddedCluster.PROXY_USER));
        primary.sql(
                "postgres",
                "CREATE ROLE boss LOGIN PASSWORD 'boss'",
                "CREATE ROLE staff",
                "CREATE ROLE clerk LOGIN PASSWORD 'clerk' IN ROLE staff",
                "CREATE ROLE retired LOGIN PASSWORD 'retired' VALID UNTIL '2020-01-01'");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static Proxied proxy(String hba, String users, boolean query) throws IOException, InterruptedException {
        return proxy(hba, users, query, QUICK);
    }

    private static Proxied proxy(String hba, String users, boolean query, LoginLimits limits)
            throws IOException, InterruptedException {
        var hbaFile = Files.writeString(Files.createTempFile(directory, "hba", ".conf"), hba);
        var userList = Files.writeString(Files.createTempFile(directory, "users", ".txt"), users);
        var usual = Query.DEFAULT;
        var auth = new AuthConfig(
                hbaFile,
                userList,
                null,
                Duration.ofSeconds(10),
                4096,
                false,
                limits,
                new Query(query, null, null, null, usual.sql(), usual.cache()),
                OAuth.DEFAULT,
                null);
        return new Proxied(cluster, PoolMode.TRANSACTION, "", config -> config.with(auth));
    }

    private record Refusal(String sqlState, String message) {}

    private static Refusal refusal(Proxied proxy, String user, String password) {
        try (var connection = proxy.connectAs(user, password)) {
            throw new AssertionError("came in: " + connection);
        } catch (SQLException refused) {
            return new Refusal(String.valueOf(refused.getSQLState()), String.valueOf(refused.getMessage()));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"scram-sha-256", "password", "md5"})
    void logsInToTheServersWithWhatTheClientProved(String method) throws Exception {
        try (var proxy = proxy("host all all all " + method + "\n", "", true)) {
            try (var connection = proxy.connect()) {
                assertThat(ask(connection, "SELECT current_user")).isEqualTo("demo");
            }
            assertThat(refusal(proxy, "demo", "wrong").sqlState()).isEqualTo("28P01");
            assertThat(refusal(proxy, "retired", "retired").sqlState()).isEqualTo("28P01");
        }
    }

    @Test
    void takesAChangedPasswordAfterOneFailure() throws Exception {
        try (var proxy = proxy("host all all all scram-sha-256\n", "", true);
                var old = proxy.connectAs("boss", "boss")) {
            assertThat(ask(old, "SELECT 1")).isEqualTo("1");
            cluster.nodes().getFirst().sql("postgres", "ALTER ROLE boss PASSWORD 'chief'");

            assertThat(refusal(proxy, "boss", "chief").sqlState()).isEqualTo("28P01");
            try (var fresh = proxy.connectAs("boss", "chief")) {
                assertThat(ask(fresh, "SELECT 2")).isEqualTo("2");
                var all = new ArrayList<AutoCloseable>();
                for (int i = 0; i < 5; i++) {
                    // Each in a transaction, so that the pool has to open more connections.
                    var another = proxy.connectAs("boss", "chief");
                    all.add(another);
                    another.setAutoCommit(false);
                    assertThat(ask(another, "SELECT 3")).isEqualTo("3");
                }
                for (var each : all) each.close();
            }
            assertThat(ask(old, "SELECT 4")).isEqualTo("4");
            assertThat(refusal(proxy, "boss", "boss").sqlState()).isEqualTo("28P01");
        } finally {
            cluster.nodes().getFirst().sql("postgres", "ALTER ROLE boss PASSWORD 'boss'");
        }
    }

    @Test
    void takesAPasswordAtOnceThatWasChangedThroughTheProxy() throws Exception {
        try (var proxy = proxy("host all all all scram-sha-256\n", "", true);
                var boss = proxy.connectAs("boss", "boss");
                var statement = boss.createStatement()) {
            for (int i = 0; i < 3; i++) {
                var password = "chief" + i;
                statement.execute("ALTER ROLE boss PASSWORD '" + password + "'");
                try (var fresh = proxy.connectAs("boss", password)) {
                    assertThat(ask(fresh, "SELECT 2")).isEqualTo("2");
                }
            }
        } finally {
            cluster.nodes().getFirst().sql("postgres", "ALTER ROLE boss PASSWORD 'boss'");
        }
    }

    @Test
    void tellsUnknownUsersAndWrongPasswordsAlike() throws Exception {
        for (var method : new String[] {"scram-sha-256", "password", "md5"}) {
            try (var proxy = proxy("host all all all " + method + "\n", "\"known\" \"secret\"\n", true)) {
                for (var user : new String[] {"known", "nobody", "demo", "retired"}) {
                    var refused = refusal(proxy, user, "wrong");
                    assertThat(refused.sqlState()).isEqualTo("28P01");
                    assertThat(refused.message())
                            .isEqualTo("FATAL: password authentication failed for user \"" + user + "\"");
                }
            }
        }
    }

    @Test
    void needsNothingButAVerifierThatTheServersHaveToo() throws Exception {
        var verifier =
                cluster.nodes().getFirst().ask("postgres", "SELECT rolpassword FROM pg_authid WHERE rolname = 'clerk'");
        try (var proxy = proxy("host all all all scram-sha-256\n", "\"clerk\" \"" + verifier + "\"\n", false);
                var connection = proxy.connectAs("clerk", "clerk")) {
            assertThat(ask(connection, "SELECT current_user")).isEqualTo("clerk");
        }
    }

    @Test
    void saysWhatIsMissingWhenTheServersWantMoreThanItKnows() throws Exception {
        try (var proxy = proxy("host all all all trust\n", "", true)) {
            var refused = refusal(proxy, "demo", "any");
            assertThat(refused.sqlState()).isEqualTo("28000");
            assertThat(refused.message()).contains("scram-sha-256", "none is known");
        }
    }

    @Test
    void readsMembershipsFromTheCluster() throws Exception {
        try (var proxy = proxy(
                "host all +staff all scram-sha-256\nhost samerole all all trust\nhost all all all reject\n",
                "",
                true)) {
            Proxied.await(() -> comesIn(proxy), "memberships read");
            assertThat(refusal(proxy, "boss", "boss").message()).contains("pool_hba.conf rejects connection");

            cluster.nodes().getFirst().sql("postgres", "GRANT staff TO boss");
            Proxied.await(() -> comesIn(proxy, "boss", "boss"), "the new membership read");
        } finally {
            cluster.nodes().getFirst().sql("postgres", "REVOKE staff FROM boss");
        }
    }

    private static boolean comesIn(Proxied proxy) {
        return comesIn(proxy, "clerk", "clerk");
    }

    private static boolean comesIn(Proxied proxy, String user, String password) {
        try (var connection = proxy.connectAs(user, password)) {
            return ask(connection, "SELECT 1").equals("1");
        } catch (SQLException notYet) {
            return false;
        }
    }

    @Test
    void readsTheFilesAgainUnlessTheyHaveMistakes() throws Exception {
        var hba = Files.writeString(directory.resolve("again.conf"), "host all all all reject\n");
        var users = Files.writeString(directory.resolve("again.txt"), "");
        var auth = new AuthConfig(hba, users, Duration.ofSeconds(10));
        try (var proxy = new Proxied(cluster, PoolMode.TRANSACTION, "", config -> config.with(auth))) {
            assertThat(refusal(proxy, "demo", "demo").sqlState()).isEqualTo("28000");

            Files.writeString(hba, "host all all all scram-sha-256\n");
            Files.writeString(users, "\"demo\" \"demo\"\n");
            proxy.server().reloadables().forEach(Reloadable::reload);
            try (var connection = proxy.connect()) {
                assertThat(ask(connection, "SELECT 1")).isEqualTo("1");

                Files.writeString(hba, "host all all all scrum\n");
                proxy.server().reloadables().forEach(Reloadable::reload);
                assertThat(ask(connection, "SELECT 2")).isEqualTo("2");
                assertThat(comesIn(proxy, "demo", "demo")).isTrue();
            }
        }
    }

    @Test
    void keepsStrangersWithinTheirLimits() throws Exception {
        var limits = new LoginLimits(1000, 2, Duration.ofMillis(200), Duration.ofMillis(800));
        try (var proxy = proxy("host all all all scram-sha-256\n", "\"demo\" \"demo\"\n", false, limits)) {
            long[] millis = new long[4];
            for (int i = 0; i < millis.length; i++) {
                long began = System.nanoTime();
                refusal(proxy, "demo", "wrong");
                millis[i] = (System.nanoTime() - began) / 1_000_000;
            }
            assertThat(millis[0]).isBetween(200L, 400L);
            assertThat(millis[1]).isBetween(400L, 700L);
            assertThat(millis[2]).isBetween(800L, 1200L);
            assertThat(millis[3]).isBetween(800L, 1200L);

            try (var first = proxy.connect();
                    var second = proxy.connect()) {
                assertThat(ask(first, "SELECT 1") + ask(second, "SELECT 2")).isEqualTo("12");
                var refused = refusal(proxy, "demo", "demo");
                assertThat(refused.sqlState()).isEqualTo("53300");
                assertThat(refused.message()).contains("max-clients-per-address");
            }
        }
    }
}
