package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.exactness.Sent.query;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.pgdrover.config.PoolMode;

/// Tables that a client could believe to be its own new ones: what the triggers of another client set there reaches
/// nobody but the client that inserts.
///
/// No catalog has the tables yet, for they have just been made.
@Timeout(120)
class TakenForNewTest {
    private static final String USER = "single";
    private static final int SOON = 5_000;
    private static final String TRIGGER =
            "CREATE TRIGGER sets BEFORE INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION sets_timeout();";

    private static Rig rig;
    private static int count;

    private String table;
    private WireClient client;
    private WireClient other;

    @BeforeAll
    static void start() throws Exception {
        rig = new Rig(
                Rig.Target.PROXY,
                PoolMode.TRANSACTION,
                Map.of(USER, 1),
                primary -> primary.sql(Rig.PROXIED, """
                CREATE FUNCTION sets_timeout() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM set_config('statement_timeout', '700s', false); RETURN NEW; END $$""", "GRANT ALL ON SCHEMA public TO public"));
    }

    @AfterAll
    static void stop() throws Exception {
        rig.close();
    }

    @BeforeEach
    void connect() throws IOException {
        var startup = Map.of("user", USER, "database", Rig.PROXIED);
        table = "fresh" + count++;
        client = WireClient.ready(rig.proxyPort(), startup);
        other = WireClient.ready(rig.proxyPort(), startup);
    }

    @AfterEach
    void leave() throws IOException {
        client.close();
        other.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "CREATE TABLE IF NOT EXISTS %1$s (a int)",
                "CREATE TABLE IF NOT EXISTS %1$s AS SELECT 1 AS a",
                "BEGIN; DROP TABLE %1$s; CREATE TABLE %1$s (a int); ROLLBACK",
                "BEGIN; CREATE TEMP TABLE %1$s (a int) ON COMMIT DROP; COMMIT",
                "CREATE TEMP TABLE %1$s (a int); DISCARD TEMP",
            })
    void isAnothersThatWasThere(String mine) throws Exception {
        run(other, "CREATE TABLE %1$s (a int); " + TRIGGER);
        run(client, mine);
        insertAndLook();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "DROP TABLE %1$s; CREATE TABLE %1$s (a int); " + TRIGGER,
                TRIGGER,
            })
    void isAnothersByNow(String theirs) throws Exception {
        run(client, "CREATE TABLE %1$s (a int)");
        run(other, theirs);
        insertAndLook();
    }

    @ParameterizedTest
    @ValueSource(strings = {"ATTACH PARTITION %1$s_p FOR VALUES IN (1)"})
    void hasAnothersPartition(String action) throws Exception {
        run(other, "CREATE TABLE %1$s_p (a int); " + TRIGGER.replace("%1$s", "%1$s_p"));
        run(client, "BEGIN");
        run(client, "CREATE TABLE %1$s (a int) PARTITION BY LIST (a)");
        run(client, "ALTER TABLE %1$s " + action);
        run(client, "INSERT INTO %1$s VALUES (1)");
        run(client, "COMMIT");
        look();
    }

    private void insertAndLook() throws Exception {
        run(client, "INSERT INTO %1$s VALUES (1)");
        look();
    }

    private void look() throws Exception {
        assertThat(timeout(other)).isEqualTo("0");
        assertThat(timeout(client)).isEqualTo("700s");
    }

    private String timeout(WireClient of) throws IOException {
        run(of, "BEGIN");
        var shown = run(of, "SHOW statement_timeout").get(1).column(0);
        run(of, "COMMIT");
        return shown;
    }

    private List<Received> run(WireClient by, String sql) throws IOException {
        by.send(query(sql.formatted(table)));
        var all = new ArrayList<Received>();
        do all.add(by.require(SOON));
        while (all.getLast().type() != 'Z');
        assertThat(all).noneMatch(each -> each.type() == 'E');
        return all;
    }
}
