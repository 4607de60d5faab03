package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;
import static org.pgdrover.it.exactness.Sent.query;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Tables that a client could believe to be its own new ones: what the triggers of another client set there reaches
/// nobody but the client that inserts.
///
/// No catalog has the tables yet, for they have just been made.
@Timeout(120)
class TakenForNewTest {
    private static final int SOON = 5_000;
    /// The catalog has been read so long behind a definition, as a rule.
    private static final int READ_MILLIS = 1_500;
    private static final String TRIGGER =
            "CREATE TRIGGER sets BEFORE INSERT ON %1$s FOR EACH ROW EXECUTE FUNCTION sets_timeout();";

    private static OneServer one;
    private static int count;

    private String table;
    private WireClient client;
    private WireClient other;

    @BeforeAll
    static void start() throws Exception {
        one = new OneServer("""
                CREATE FUNCTION sets_timeout() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN PERFORM set_config('statement_timeout', '700s', false); RETURN NEW; END $$""", "GRANT ALL ON SCHEMA public TO public");
    }

    @AfterAll
    static void stop() throws Exception {
        one.close();
    }

    @BeforeEach
    void connect() throws IOException {
        table = "fresh" + count++;
        client = one.client();
        other = one.client();
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
                "CREATE TEMP TABLE %1$s (a int); DO 'BEGIN DROP TABLE %1$s; END'",
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

    /// What was there before sets something as soon as the client's own table leads to it, or it to that, or as a name
    /// of both means the other one.
    @ParameterizedTest
    @MethodSource({"leads", "twice"})
    void leadsToWhatSets(List<String> before, List<String> mine) throws Exception {
        for (var each : before) run(other, each);
        Thread.sleep(READ_MILLIS);
        run(client, "BEGIN");
        for (var each : mine) run(client, each);
        run(client, "COMMIT");
        look();
    }

    static Stream<Arguments> leads() {
        var function = "CREATE OR REPLACE FUNCTION %1$s_f() RETURNS int LANGUAGE plpgsql AS 'BEGIN %%s RETURN 1; END'";
        var harmless = function.replace("%%s", "");
        var sets = function.replace("%%s", "PERFORM set_config(''statement_timeout'', ''700s'', false);");
        var insert = "INSERT INTO %1$s VALUES (1)";
        var trigger = TRIGGER.replace("%1$s", "%1$s_p");
        return Stream.of(
                arguments(
                        List.of("CREATE TABLE %1$s_p (a int); " + trigger),
                        List.of(
                                "CREATE TABLE %1$s (a int) PARTITION BY LIST (a)",
                                "ALTER TABLE %1$s ATTACH PARTITION %1$s_p FOR VALUES IN (1)", insert)),
                arguments(
                        List.of("CREATE TABLE %1$s_p (a int) PARTITION BY LIST (a); " + trigger),
                        List.of(
                                "CREATE TABLE %1$s (a int)",
                                "ALTER TABLE %1$s_p ATTACH PARTITION %1$s FOR VALUES IN (1)", insert)),
                arguments(
                        List.of("CREATE TABLE %1$s_p (a int, b int) PARTITION BY LIST (a)", sets),
                        List.of(
                                "CREATE TABLE %1$s PARTITION OF %1$s_p (b DEFAULT %1$s_f()) FOR VALUES IN (1)",
                                "INSERT INTO %1$s (a) VALUES (1)")),
                arguments(
                        List.of(sets, "CREATE TABLE %1$s_k (a int)", "CREATE TABLE %1$s_p (b int DEFAULT %1$s_f())"),
                        List.of("CREATE TABLE %1$s () INHERITS (%1$s_k, %1$s_p)", "INSERT INTO %1$s (a) VALUES (1)")),
                arguments(
                        List.of(harmless), List.of("CREATE TABLE %1$s (a int, b int DEFAULT %1$s_f())", sets, insert)),
                arguments(
                        List.of(harmless),
                        List.of("CREATE TEMP TABLE %1$s (a int, b int DEFAULT %1$s_f()) ON COMMIT DROP", sets, insert)),
                arguments(
                        List.of("CREATE TABLE %1$s_p (a int); " + trigger, "CREATE SCHEMA IF NOT EXISTS s"),
                        List.of("CREATE TABLE s.%1$s (a int)", "ALTER TABLE %1$s_p RENAME TO %1$s", insert)),
                arguments(List.of(harmless), List.of(sets, "SELECT pg_sleep(1.5)", "SELECT %1$s_f()")));
    }

    /// One name, two tables: a string is judged before its first statement has run.
    static Stream<Arguments> twice() {
        var sets = "CREATE FUNCTION %1$s_f() RETURNS int LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM set_config(''statement_timeout'', ''700s'', false); RETURN 1; END'";
        var insert = "INSERT INTO %1$s VALUES (1)";
        var path = "CREATE SCHEMA IF NOT EXISTS first; SET LOCAL search_path = first, public";
        return Stream.of(
                arguments(there(sets), List.of(path, "CREATE TABLE %1$s (a int)", "DROP TABLE %1$s; " + insert)),
                arguments(
                        there(sets),
                        List.of(path, "SAVEPOINT a", "CREATE TABLE %1$s (a int)", "ROLLBACK TO a; " + insert)),
                arguments(
                        there(sets),
                        List.of(path, "CREATE TABLE %1$s (a int)", "SET LOCAL search_path = public; " + insert)),
                arguments(
                        List.of(sets, "CREATE TABLE %1$s_p (a int, b int DEFAULT %1$s_f())"),
                        List.of(
                                "CREATE TABLE %1$s (a int)",
                                "DROP TABLE %1$s; ALTER TABLE %1$s_p RENAME TO %1$s; " + insert)),
                arguments(
                        List.of(
                                sets,
                                "CREATE TABLE %1$s_p (a int, b int DEFAULT %1$s_f())",
                                "CREATE TABLE %1$s (a int)"),
                        List.of("DROP TABLE %1$s; ALTER TABLE %1$s_p RENAME TO %1$s; " + insert)),
                arguments(
                        List.of(sets),
                        List.of(
                                "CREATE TEMP TABLE %1$s (a int, b int DEFAULT %1$s_f())",
                                "CREATE TABLE %1$s (a int)", insert, "DROP TABLE pg_temp.%1$s")),
                arguments(
                        List.of(sets, "CREATE DOMAIN %1$s_d AS int DEFAULT %1$s_f()"),
                        List.of("CREATE TEMP TABLE %1$s (a int, b %1$s_d)", insert, "DROP TABLE %1$s")),
                arguments(
                        List.of(
                                sets,
                                "CREATE FUNCTION %1$s_alter(int) RETURNS int LANGUAGE plpgsql AS 'BEGIN"
                                        + " ALTER TABLE %1$s ALTER a SET DEFAULT %1$s_f(); RETURN 1; END'"),
                        List.of(
                                "DECLARE c CURSOR FOR SELECT CASE i WHEN 2 THEN %1$s_alter(i) END FROM"
                                        + " generate_series(1, 3) i",
                                "FETCH 1 FROM c",
                                "CREATE TEMP TABLE %1$s (a int)",
                                "FETCH 1 FROM c",
                                "INSERT INTO %1$s DEFAULT VALUES",
                                "DROP TABLE %1$s")));
    }

    /// A table whose default sets something.
    private static List<String> there(String sets) {
        return List.of(sets, "CREATE TABLE %1$s (a int, b int DEFAULT public.%1$s_f())");
    }

    private void insertAndLook() throws Exception {
        run(client, "INSERT INTO %1$s VALUES (1)");
        look();
    }

    /// What is known to set parameters keeps its server until its client leaves.
    private void look() throws Exception {
        assertThat(timeout(client)).isEqualTo("700s");
        client.close();
        assertThat(timeout(other)).isEqualTo("0");
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
