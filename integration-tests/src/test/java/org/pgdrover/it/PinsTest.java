package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.pgdrover.it.Proxied.ask;

import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// Which sessions need a server of their own, and for how long: each pool has one.
@Timeout(120)
class PinsTest {
    private static @Nullable EmbeddedCluster cluster;
    private static @Nullable Proxied proxy;

    @BeforeAll
    static void start() throws Exception {
        var running = EmbeddedCluster.start(
                new EmbeddedCluster.Options(0, EmbeddedCluster.Options.DEFAULT.postgres(), false));
        cluster = running;
        running.nodes()
                .getFirst()
                .sql(
                        "demo",
                        "CREATE TABLE kept (n int)",
                        "CREATE TABLE hiding (n int)",
                        """
                        CREATE FUNCTION runs(text) RETURNS text LANGUAGE plpgsql AS
                            $$BEGIN EXECUTE $1; RETURN $1; END$$
                        """,
                        """
                        CREATE FUNCTION hides(text) RETURNS text LANGUAGE plpgsql AS
                            $$BEGIN EXECUTE format('SET app.hidden = %L', $1); RETURN $1; END$$
                        """,
                        """
                        CREATE PROCEDURE hides_too(text) LANGUAGE plpgsql AS
                            $$BEGIN EXECUTE format('SET app.hidden = %L', $1); COMMIT; END$$
                        """,
                        """
                        CREATE FUNCTION hides_late() RETURNS trigger LANGUAGE plpgsql AS
                            $$BEGIN EXECUTE 'SELECT set_config(''app.hidden'', $1, false)' USING 'x'; RETURN NEW; END$$
                        """,
                        "CREATE TRIGGER t BEFORE INSERT ON hiding FOR EACH ROW EXECUTE FUNCTION hides_late()",
                        "CREATE VIEW view_hides AS SELECT hides('x')",
                        "GRANT ALL ON kept, hiding, view_hides TO demo");
        var started =
                new Proxied(running, PoolMode.TRANSACTION, "host all all 127.0.0.1/32 scram-sha-256\n", onlyOne());
        proxy = started;
        awaitCatalog(started);
    }

    private static void awaitCatalog(Proxied proxy) throws Exception {
        try (var client = connect()) {
            for (int i = 0; i < 100; i++) {
                ask(client, "SELECT count(*) AS known" + i + " FROM kept");
                if (!proxy.last("known" + i).reason().contains("catalog is still being read")) return;
                TimeUnit.MILLISECONDS.sleep(50);
            }
        }
        throw new AssertionError("the catalog is not read within 5 s");
    }

    /// A pool of one server, and a short wait for it.
    private static UnaryOperator<ProxyConfig> onlyOne() {
        var pool = new PoolSettings(
                PoolMode.TRANSACTION, 1, 0, Duration.ofSeconds(2), Duration.ofMinutes(10), Duration.ofHours(1));
        return config -> config.with(new PoolConfig(pool, 0, Map.of(), Map.of(), 100));
    }

    @AfterAll
    static void stop() throws Exception {
        if (proxy != null) proxy.close();
        if (cluster != null) cluster.close();
    }

    private static Connection connect(String... options) throws SQLException {
        var running = Objects.requireNonNull(proxy);
        var all = Arrays.copyOf(options, options.length + 1);
        all[options.length] = "preferQueryMode=simple";
        return running.connect(all);
    }

    private static void run(Connection connection, String... statements) throws SQLException {
        try (var statement = connection.createStatement()) {
            for (var sql : statements) statement.execute(sql);
        }
    }

    /// What applications and drivers say, as one string for each message; the client stays, and others
    /// are served.
    @ParameterizedTest
    @ValueSource(
            strings = {
                // Django
                "SELECT set_config('TimeZone', 'Asia/Tokyo', false)",
                // PostgREST
                "BEGIN|SELECT set_config('request.jwt.claims', '{}', true), set_config('role', 'demo', true)|COMMIT",
                "BEGIN|SELECT set_config(k, v, true) FROM (VALUES ('jwt.sub', '1'), ('role', 'demo')) s (k, v)|COMMIT",
                // psqlODBC
                "SET DateStyle = 'ISO';SET extra_float_digits = 2;SHOW transaction_isolation",
                // Sequelize
                "SET standard_conforming_strings=on;SET client_min_messages TO warning;SET TIME ZONE INTERVAL '+00:00' HOUR TO MINUTE",
                // psycopg2, SQLAlchemy
                "BEGIN|SET statement_timeout = '5s'|COMMIT",
                "BEGIN;SET app.tenant = 'a';COMMIT",
                "SELECT pg_advisory_lock(1)|SELECT pg_advisory_unlock(1)",
                "SELECT pg_advisory_lock(1)|SELECT pg_advisory_unlock_all()",
                "BEGIN|SELECT pg_advisory_xact_lock(1)|COMMIT",
                "BEGIN|CREATE TEMP TABLE x (a int) ON COMMIT DROP|INSERT INTO x VALUES (1)|COMMIT",
                "CREATE TEMP TABLE x (a int)|DROP TABLE x",
                "LISTEN news",
                "LISTEN news|UNLISTEN *",
                "BEGIN|DECLARE h CURSOR WITH HOLD FOR SELECT 1|COMMIT|CLOSE h",
                "SET ROLE demo|RESET ROLE",
                "SET ROLE demo",
                "PREPARE p AS SELECT 1|DEALLOCATE p",
                // HikariCP with another isolation
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ",
                "BEGIN READ ONLY|SET app.tenant = 'a'|COMMIT",
                "SET app.tenant = 'a'|RESET ALL",
                "SET app.tenant = 'a'|DISCARD ALL",
                "SELECT runs('SELECT 1')",
                "SELECT name, setting FROM pg_settings WHERE name = 'work_mem'",
                "DO $$ BEGIN NULL; END $$",
                """
                DO LANGUAGE plpgsql $x$
                DECLARE m int := 1;
                BEGIN
                    IF NOT EXISTS (SELECT FROM kept WHERE n IN (1, 2)) THEN
                        SELECT count(*) INTO m FROM kept;
                        RAISE NOTICE '%', format('there are %s', coalesce(m, 0));
                    END IF;
                END $x$
                """,
                "DO $$ BEGIN PERFORM runs('SELECT 1'); END $$"
            })
    void leavesItsServerToOthers(String conversation) throws Exception {
        try (var client = connect();
                var other = connect()) {
            run(client, conversation.split("\\|"));
            assertThat(ask(other, "SELECT 'served' FROM (SELECT count(*) FROM kept) x"))
                    .isEqualTo("served");
            assertThat(ask(client, "SELECT 'served too' FROM (SELECT count(*) FROM kept) x"))
                    .isEqualTo("served too");
        }
    }

    /// What only a server can have is not carried along.
    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "SELECT pg_advisory_lock(1) # SELECT pg_advisory_unlock(1)",
                "CREATE TEMP TABLE x (a int) # DROP TABLE x",
                "CREATE OPERATOR pg_temp.+ (LEFTARG = int, RIGHTARG = int, FUNCTION = int4mi) # DROP OPERATOR pg_temp.+ (int, int)",
                "CREATE COLLATION pg_temp.c FROM \"C\" # DROP COLLATION pg_temp.c",
                "CREATE TEXT SEARCH CONFIGURATION pg_temp.c (COPY = simple) # DROP TEXT SEARCH CONFIGURATION pg_temp.c",
                "CREATE TEXT SEARCH DICTIONARY pg_temp.d (TEMPLATE = simple) # DROP TEXT SEARCH DICTIONARY pg_temp.d",
                "CREATE CONVERSION pg_temp.c FOR 'UTF8' TO 'LATIN1' FROM utf8_to_iso8859_1 # DROP CONVERSION pg_temp.c",
                "CREATE DOMAIN pg_temp.d AS int # DISCARD TEMP",
                "BEGIN|DECLARE h CURSOR WITH HOLD FOR SELECT 1|COMMIT # CLOSE h",
                "PREPARE p AS SELECT 1 # DEALLOCATE p",
                "SELECT pg_advisory_lock(1) # DISCARD ALL",
                "SELECT hides('x') # RESET ALL",
                "CALL hides_too('x') # RESET ALL",
                "INSERT INTO hiding VALUES (1) # DISCARD ALL",
                "SELECT * FROM view_hides # RESET ALL",
                "DO $$ BEGIN PERFORM hides('x'); END $$ # RESET ALL",
                "DO $$ BEGIN EXECUTE 'SET app.hidden = 1'; END $$ # RESET ALL",
                "DO $$ BEGIN INSERT INTO hiding VALUES (1); END $$ # RESET ALL",
                "DO $$ BEGIN SET app.hidden = 1; END $$ # RESET ALL"
            })
    void keepsItsServerAsLongAsItMust(String begin, String end) throws Exception {
        try (var client = connect();
                var other = connect()) {
            run(client, begin.split("\\|"));
            assertThatThrownBy(() -> ask(other, "SELECT count(*) FROM kept"))
                    .isInstanceOfSatisfying(
                            SQLException.class,
                            refused -> assertThat(refused.getSQLState()).isEqualTo("53300"));
            run(client, end);
            assertThat(ask(other, "SELECT 'served' FROM (SELECT count(*) FROM kept) x"))
                    .isEqualTo("served");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "SELECT set_config('TimeZone', 'Asia/Tokyo', false) # SHOW TimeZone # Asia/Tokyo",
                "BEGIN|SET app.tenant = 'a'|COMMIT # SHOW app.tenant # a",
                "BEGIN READ ONLY|SET app.tenant = 'a'|COMMIT # SHOW app.tenant # a",
                "BEGIN READ ONLY;SET app.tenant = 'a';COMMIT # SHOW app.tenant # a",
                "SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ # SHOW transaction_isolation # repeatable read",
                "SET statement_timeout = '7s' # SHOW statement_timeout # 7s",
                "SET ROLE demo # SHOW role # demo"
            })
    void carriesItsSettingsAlongAndShowsThemToNobody(String conversation, String show, String value) throws Exception {
        try (var client = connect();
                var other = connect()) {
            var before = known(other, show);
            run(client, conversation.split("\\|"));
            for (int i = 0; i < 2; i++) {
                assertThat(known(other, show)).isEqualTo(before);
                assertThat(known(client, show)).isEqualTo(value);
            }
        }
    }

    /// The value, or the error that says that there is none.
    private static String known(Connection connection, String show) throws SQLException {
        try {
            return ask(connection, show);
        } catch (SQLException unknown) {
            return unknown.getSQLState();
        }
    }

    /// A timeout is of its session's statements alone.
    @Test
    void timesNobodyElseOut() throws Exception {
        try (var hasty = connect();
                var patient = connect("prepareThreshold=1")) {
            run(hasty, "SET statement_timeout = '300ms'");
            for (int i = 0; i < 3; i++) {
                assertThat(ask(patient, "SELECT 'slept' FROM (SELECT pg_sleep(0.5)) x"))
                        .isEqualTo("slept");
                assertThatThrownBy(() -> ask(hasty, "SELECT pg_sleep(1)"))
                        .isInstanceOfSatisfying(
                                SQLException.class,
                                late -> assertThat(late.getSQLState()).isEqualTo("57014"));
            }
        }
    }

    /// Idle connections of the proxy's own are nobody's reason to refuse.
    @Test
    void dropsAndCopiesDatabasesInWhichTheProxyHasIdleConnections() throws Exception {
        var running = Objects.requireNonNull(proxy);
        try (var boss = running.connectAs("postgres", "postgres", "preferQueryMode=simple")) {
            for (var database : new String[] {"first", "second"}) {
                run(boss, "CREATE DATABASE " + database + (database.equals("first") ? "" : " TEMPLATE first"));
                var url = "jdbc:postgresql://127.0.0.1:" + running.port() + "/" + database
                        + "?user=demo&password=demo&preferQueryMode=simple";
                try (var client = DriverManager.getConnection(url)) {
                    assertThat(ask(client, "SELECT current_database()")).isEqualTo(database);
                }
            }
            run(boss, "DROP DATABASE second", "DROP DATABASE first");
            assertThat(ask(boss, "SELECT count(*) FROM pg_database WHERE datname IN ('first', 'second')"))
                    .isEqualTo("0");
        }
    }
}
