package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashSet;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.PoolMode;

/// Where statements go, and what a session sees of its own writes.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class RoutingCases {
    private Proxied proxy;

    /// A running one with two standbys, its primary first.
    abstract ClusterConfig cluster();

    @BeforeAll
    void startProxy() throws Exception {
        Proxied.sql(
                cluster().nodes().getFirst(),
                "demo",
                "CREATE TABLE seen (n int)",
                "INSERT INTO seen VALUES (0)",
                "GRANT ALL ON seen TO demo",
                "CREATE FUNCTION harmless() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'",
                "CREATE FUNCTION harmful() RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'",
                "CREATE FUNCTION on_standby() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT pg_is_in_recovery()'");
        proxy = new Proxied(cluster(), PoolMode.TRANSACTION);
    }

    @AfterAll
    void stopProxy() throws Exception {
        proxy.close();
    }

    /// How far the standbys' replay lags behind on purpose.
    private void delayReplay(int seconds) throws SQLException {
        for (var standby : cluster().nodes().subList(1, 3))
            Proxied.sql(
                    standby,
                    "postgres",
                    "ALTER SYSTEM SET recovery_min_apply_delay = '" + seconds + "s'",
                    "SELECT pg_reload_conf()");
    }

    /// Runs a statement until the standbys have what went before.
    private String settledNode(String sql) throws SQLException, InterruptedException {
        try (var connection = proxy.connect("preferQueryMode=simple")) {
            ask(connection, sql);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            while (proxy.last(sql).node().equals("pg1") && System.nanoTime() < end) {
                TimeUnit.MILLISECONDS.sleep(20);
                ask(connection, sql);
            }
            return proxy.last(sql).node();
        }
    }

    @Test
    void sendsProvedReadsToStandbysAndTheRestToThePrimary() throws Exception {
        assertThat(settledNode("SELECT harmless() AS a")).isIn("pg2", "pg3");
        assertThat(settledNode("SELECT count(*) AS b FROM seen")).isIn("pg2", "pg3");
        assertThat(settledNode("WITH x AS (SELECT 1) SELECT * FROM x AS c")).isIn("pg2", "pg3");
        try (var connection = proxy.connect("preferQueryMode=simple")) {
            for (var sql : new String[] {
                "SELECT harmful() AS d",
                "SELECT n FROM seen AS e FOR UPDATE",
                "UPDATE seen SET n = 1 RETURNING 1",
                "WITH x AS (DELETE FROM seen WHERE n IS NULL RETURNING n) SELECT count(*) FROM x AS f",
                "SELECT count(*) FROM pg_stat_activity AS g"
            }) {
                ask(connection, sql);
                assertThat(proxy.last(sql).node()).describedAs(sql).isEqualTo("pg1");
            }
        }
    }

    @Test
    void spreadsReadsOverTheStandbys() throws Exception {
        var nodes = new HashSet<String>();
        for (int i = 0; i < 40; i++) nodes.add(settledNode("SELECT " + i + " AS spread"));
        assertThat(nodes).containsExactlyInAnyOrder("pg2", "pg3");
    }

    @Test
    void sendsReadOnlyTransactionsToAStandbyAndOthersToThePrimary() throws Exception {
        try (var connection = proxy.connect()) {
            connection.setAutoCommit(false);
            assertThat(ask(connection, "SELECT on_standby()")).isEqualTo("f");
            connection.commit();
            connection.setReadOnly(true);
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(5);
            boolean onStandby;
            do {
                // What reads write on the primary, as hint bits, an idle primary sends only with the next commit, or
                // after 5 s.
                Proxied.sql(cluster().nodes().getFirst(), "demo", "COMMENT ON TABLE seen IS 'flushed'");
                ask(connection, "SELECT count(*) FROM seen");
                onStandby = ask(connection, "SELECT on_standby()").equals("t");
                connection.commit();
            } while (!onStandby && System.nanoTime() < end);
            assertThat(onStandby)
                    .describedAs(proxy.last("SELECT count(*) FROM seen").reason())
                    .isTrue();
            // What a standby answers otherwise takes the transaction to the primary, if the transaction begins with it.
            assertThat(ask(connection, "SELECT on_standby()")).isEqualTo("f");
            connection.commit();
        }
    }

    /// One sample every 100 ms, as without a hurry, would take two seconds.
    @Test
    void samplesPositionsAtOnceWhenSomebodyWaits() throws Exception {
        var topology = proxy.server().topology();
        long begin = System.nanoTime();
        for (int i = 0; i < 20; i++) {
            long asked = System.nanoTime();
            Proxied.await(
                    () -> {
                        topology.sampleSoon();
                        return topology.insertPositionSampledAfter(asked) > 0;
                    },
                    "a sample");
        }
        assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofMillis(1500));
    }

    /// A DO block may have done anything; once all settings are reset nothing of it is left.
    @Test
    void leavesTheServerOnceTheSettingsOfADoBlockAreReset() throws Exception {
        try (var connection = proxy.connect("preferQueryMode=simple")) {
            connection.createStatement().execute("DO $$ BEGIN EXECUTE 'SELECT 1'; END $$");
            connection.createStatement().execute("RESET ALL");
            ask(connection, "SELECT 1 AS after_do");
            assertThat(proxy.last("AS after_do").reason()).doesNotContain("pinned");
        }
    }

    /// Every read sees the session's own last write, although the standbys replay late.
    @Test
    void readsDatesOnStandbysAsOnThePrimary() throws Exception {
        settledNode("SELECT 'here' AS h");
        try (var connection = proxy.connect("preferQueryMode=simple")) {
            connection.createStatement().execute("SET datestyle TO dmy");
            connection.createStatement().execute("SET datestyle TO iso");
            assertThat(ask(connection, "SELECT date '02/03/2004'::text AS i")).isEqualTo("2004-03-02");
            assertThat(proxy.last("AS i").node()).isIn("pg2", "pg3");
        }
    }

    @Test
    void readsItsOwnWrites() throws Exception {
        try (var connection = proxy.connect()) {
            for (int i = 1; i <= 300; i++) {
                ask(connection, "UPDATE seen SET n = " + i + " RETURNING 1");
                assertThat(ask(connection, "SELECT n FROM seen")).isEqualTo(Integer.toString(i));
            }
        }
    }

    @Test
    void readsItsOwnWritesFromALaggingStandby() throws Exception {
        delayReplay(1);
        try (var connection = proxy.connect()) {
            for (int i = 1; i <= 20; i++) {
                ask(connection, "UPDATE seen SET n = -" + i + " RETURNING 1");
                assertThat(ask(connection, "SELECT n FROM seen")).isEqualTo("-" + i);
                TimeUnit.MILLISECONDS.sleep(60);
            }
        } finally {
            delayReplay(0);
        }
    }

    @Test
    void learnsOfNewFunctions() throws Exception {
        try (var connection = proxy.connectAs("postgres", "postgres", "preferQueryMode=simple")) {
            connection
                    .createStatement()
                    .execute("CREATE OR REPLACE FUNCTION fresh() RETURNS int STABLE LANGUAGE sql AS 'SELECT 1'");
        }
        assertThat(settledNode("SELECT fresh()")).isIn("pg2", "pg3");
    }

    @Test
    void refusesAWrongPasswordAndAnUnknownUserAlike() {
        for (var user : new String[] {"demo", "nobody"})
            assertThatThrownBy(() -> proxy.connectAs(user, "wrong").close())
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("password authentication failed for user \"" + user + "\"")
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("28P01");
    }

    @Test
    void refusesWhomNoRuleLetsIn() throws Exception {
        try (var closed = new Proxied(
                cluster(), PoolMode.TRANSACTION, "host all somebody 127.0.0.1/32 scram-sha-256\n", config -> config)) {
            assertThatThrownBy(() -> closed.connect().close())
                    .hasMessageContaining("no pool_hba.conf entry for host \"127.0.0.1\", user \"demo\"")
                    .extracting(failure -> ((SQLException) failure).getSQLState())
                    .isEqualTo("28000");
        }
    }

    @Test
    void letsClientsInByMd5PasswordAndTrust() throws Exception {
        for (var method : new String[] {"md5", "password", "trust"}) {
            try (var open = new Proxied(
                            cluster(),
                            PoolMode.TRANSACTION,
                            "host demo demo samehost " + method + "\n",
                            config -> config);
                    var connection = open.connect()) {
                assertThat(ask(connection, "SELECT 1")).isEqualTo("1");
            }
        }
    }

    @Test
    void reportsPostgresOwnErrorWhenItCannotLogInToAServer() throws Exception {
        try (var open = new Proxied(cluster(), PoolMode.TRANSACTION, "host all all all trust\n", config -> config)) {
            assertThatThrownBy(() -> open.connectAs("pgdrover", "any").close())
                    .hasMessageContaining("password authentication failed for user \"pgdrover\"");
        }
    }
}
