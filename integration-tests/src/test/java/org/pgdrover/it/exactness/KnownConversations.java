package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.copyDone;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.functionCall;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.pgdrover.it.exactness.Scenario.Actor;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Scenario.Turn;
import org.pgdrover.it.exactness.Step.Until;

/// The conversations in which a proxy once answered otherwise than PostgreSQL.
final class KnownConversations {
    private static final String LARGE = "/*" + " ".repeat(300_000) + "*/ ";
    private static final int SET_CONFIG = 2078;
    private static final String PREPARED = "SELECT name, from_sql FROM pg_prepared_statements ORDER BY name";
    private final Map<String, String> startup;
    private final String schemas;
    private final List<Scenario> all = new ArrayList<>();

    /// @param schemas what the names of the clients' schemas begin with
    KnownConversations(String schemas) {
        this.schemas = schemas;
        startup = Map.of("search_path", schemas + "0", "application_name", "known");
        ofSettings();
        ofTransactions();
        ofPreparedStatements();
        ofTheUnnamedStatement();
        ofMessages();
        ofReads();
        all.addAll(new LeftBehind(schemas).all());
    }

    List<Scenario> all() {
        return List.copyOf(all);
    }

    private void alone(String name, Step... steps) {
        alone(name, startup, steps);
    }

    private void alone(String name, Map<String, String> startup, Step... steps) {
        var turns = Stream.of(steps).map(step -> new Turn(0, step)).toList();
        all.add(new Scenario(name, List.of(new Actor(startup, Ending.TERMINATE)), turns));
    }

    private static Step ask(Sent... messages) {
        return Step.of(Until.READY, messages);
    }

    private static Step behind(Sent... messages) {
        return Step.of(Until.NOTHING, messages);
    }

    private static Step flushed(Sent... messages) {
        return Step.of(Until.FLUSHED, messages);
    }

    private static Sent[] run(String sql) {
        return new Sent[] {parse("", sql), bind("", ""), execute("", 0), sync()};
    }

    private void ofSettings() {
        var travelled = Map.of("search_path", schemas + "0", "application_name", "known", "TimeZone", "Asia/Tokyo");
        var unnamed = Map.of("search_path", schemas + "0");
        var asOptions = Map.of("options", "-c search_path=" + schemas + "0", "application_name", "known");
        alone("startup without application_name", unnamed, ask(query("SHOW application_name")));
        alone("RESET of what the startup message set", travelled, ask(query("RESET TimeZone")), ask(query("SHOW TimeZone")));
        alone("RESET ALL", travelled, ask(query("RESET ALL")), ask(query("SHOW TimeZone; SHOW search_path")));
        alone("DISCARD ALL", travelled, ask(query("DISCARD ALL")), ask(query("SHOW TimeZone; SHOW search_path")));
        alone("DISCARD ALL with a statement behind it", ask(query("DISCARD ALL"), query("SELECT count(*) FROM t")));
        alone("settings in options", asOptions, ask(query("SELECT count(*) FROM t")), ask(query("RESET search_path; SHOW search_path")));
        alone("RESET ALL rolled back", ask(query("SET app.tenant = 'a'")), ask(query("BEGIN")), ask(query("RESET ALL")),
                ask(query("ROLLBACK")), ask(query("SHOW app.tenant; SHOW search_path")));
        alone("RESET ALL rolled back in one string", ask(query("SET app.tenant = 'a'; BEGIN; RESET ALL; ROLLBACK")),
                ask(query("SHOW app.tenant; SHOW search_path")));
        alone("RESET application_name", ask(query("RESET application_name")), ask(query("SHOW application_name")));
        alone("SET in a read-only transaction", ask(query("BEGIN READ ONLY; SET app.tenant = 'alice'; COMMIT")), ask(query("SHOW app.tenant")));
        alone("FunctionCall of set_config", ask(functionCall(SET_CONFIG, "app.tenant", "called", "f")), ask(query("SHOW app.tenant")));
        alone("set_config in a large string", ask(query(LARGE + "SELECT set_config('app.tenant', 'large', false)")), ask(query("SHOW app.tenant")));
        alone("set_config under a Unicode name", ask(query("SELECT U&\"set\\005Fconfig\"('app.tenant', 'u', false)")), ask(query("SHOW app.tenant")));
        alone("set_config in a function", ask(query("SELECT f_hidden('mine')")), ask(query("SELECT current_setting('app.hidden', true)")));
        alone("SET of a name in Unicode", ask(query("SET U&\"app\".U&\"tenan\\0074\" = 'u'")), ask(query("SHOW app.tenant")));
        alone("SET standard_conforming_strings", ask(query("SET standard_conforming_strings = off")), ask(query("SELECT 'a\\\\b'")));
        alone("pg_settings names what a session has set", ask(query("SET app.tenant = 'a'")), ask(query("SELECT count(*) FROM pg_settings WHERE name LIKE 'app.%'")));
    }

    private void ofTransactions() {
        alone("Terminate in a failed transaction", ask(query("BEGIN; SELECT 1/0; COMMIT")));
        alone("SET ROLE rolled back", ask(query("BEGIN; SET ROLE other; ROLLBACK")), ask(query("SELECT current_user = session_user")));
        alone("LISTEN in a read-only transaction", ask(query("BEGIN READ ONLY")), ask(query("LISTEN x")), ask(query("COMMIT")));
        alone("LISTEN in a read-only transaction that has read", ask(query("BEGIN READ ONLY")), ask(query("SELECT 1")), ask(query("LISTEN x")), ask(query("COMMIT")));
        alone("SET TRANSACTION READ WRITE first", ask(query("BEGIN READ ONLY")), ask(query("SET TRANSACTION READ WRITE")), ask(query("UPDATE t SET n = 1 WHERE id = 1")), ask(query("COMMIT")));
        alone("txid_current() in a read-only transaction", ask(query("BEGIN READ ONLY")), ask(query("SELECT txid_current() > 0")), ask(query("COMMIT")));
        alone("LOCK TABLE in a read-only transaction", ask(query("BEGIN READ ONLY")), ask(query("LOCK TABLE t IN ACCESS SHARE MODE")), ask(query("COMMIT")));
        alone("an exported snapshot in a read-only transaction", ask(query("BEGIN READ ONLY")), ask(query("SELECT pg_export_snapshot() IS NOT NULL")), ask(query("COMMIT")));
        alone("serializable by default, read only", ask(query("SET default_transaction_isolation = serializable")), ask(query("BEGIN READ ONLY")), ask(query("SELECT 1")), ask(query("COMMIT")));
        alone("a read-only transaction, pipelined with Flush", ask(
                query("BEGIN READ ONLY"), parse("", "SELECT 1"), bind("", ""), execute("", 0), flush(),
                parse("", "SELECT 2"), bind("", ""), execute("", 0), sync(), query("COMMIT"), query("SELECT 3")));
        alone("SET, BEGIN and ROLLBACK, pipelined", ask(query("BEGIN"), query("SET app.tenant = 'a'"), query("ROLLBACK"), query("SHOW search_path")));
        alone("a portal across Syncs", ask(query("BEGIN")), ask(parse("", "SELECT generate_series(1, 5)"), bind("c1", ""), execute("c1", 2), sync()),
                ask(execute("c1", 0), sync()), ask(query("COMMIT")), ask(execute("c1", 0), sync()));
        alone("a cursor WITH HOLD", ask(query("BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT generate_series(1, 5); COMMIT")),
                ask(query("FETCH 2 FROM h")), ask(query("CLOSE h")));
        alone("a read-only default in the session", ask(query("SET default_transaction_read_only = on")), ask(query("INSERT INTO t2 (v) VALUES ('x')")), ask(query("SELECT 1")));
    }

    private void ofPreparedStatements() {
        alone("EXECUTE of a statement of the protocol", ask(parse("p", "SELECT 1"), sync()), ask(query("EXECUTE p")));
        alone("EXECUTE of a statement of the protocol, pipelined", behind(parse("p", "SELECT 1"), sync()), ask(query("EXECUTE p")));
        alone("PREPARE of a name that the protocol uses", ask(parse("p", "SELECT 1"), sync()), ask(query("PREPARE p AS SELECT 2")));
        alone("Parse of a name that SQL uses", ask(query("PREPARE p AS SELECT 2")), ask(parse("p", "SELECT 1"), sync()));
        alone("Bind of a statement prepared by SQL", ask(query("PREPARE p AS SELECT 2")), ask(bind("", "p"), execute("", 0), sync()));
        alone("DEALLOCATE in the extended protocol", ask(parse("p", "SELECT 1"), sync()), ask(run("DEALLOCATE p")), ask(bind("", "p"), sync()));
        alone("DEALLOCATE in a string with others", ask(parse("p", "SELECT 1"), sync()), ask(query("SELECT 1; DEALLOCATE p")), ask(bind("", "p"), sync()));
        alone("DEALLOCATE behind Parse without Sync", ask(parse("p", "SELECT 1"), query("DEALLOCATE p")));
        alone("DEALLOCATE ALL with another statement", ask(parse("p", "SELECT 1"), sync()), ask(query("DEALLOCATE ALL; SELECT 1")), ask(bind("", "p"), sync()));
        alone("DEALLOCATE ALL in DO", ask(parse("p", "SELECT 1"), sync()), ask(query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")), ask(bind("", "p"), sync()));
        alone("DEALLOCATE ALL before an error", ask(parse("p", "SELECT 1"), sync()), ask(query("DEALLOCATE ALL; SELECT 1/0")), ask(bind("", "p"), sync()));
        alone("pg_prepared_statements", ask(parse("p", "SELECT 1"), sync()), ask(query(PREPARED)));
        alone("pg_prepared_statements in the same write", ask(parse("p", "SELECT 1"), sync(), query(PREPARED)));
        alone("the statement's name in an error", ask(parse("p", "SELECT $1::int"), bind("", "p"), sync()));
        alone("Parse twice behind an error", ask(bind("", "missing"), parse("b", "SELECT 1"), sync(), parse("b", "SELECT 2"), sync(), bind("", "b"), execute("", 0), sync()));
        alone("a skipped Parse runs nothing", ask(bind("", "missing"), parse("b", "INSERT INTO t VALUES (77)"), sync(), parse("b", "SELECT 1"), bind("", "b"), execute("", 0), sync()),
                ask(query("SELECT count(*) FROM t")));
        alone("Parse in a failed transaction", ask(query("BEGIN; SELECT 1/0")), ask(parse("z", "SELECT 1"), sync()), ask(query("ROLLBACK")), ask(bind("", "z"), sync()));
        alone("a large named statement", ask(parse("b", LARGE + "SELECT 1"), sync()), ask(bind("", "b"), execute("", 0), sync()), ask(query("SELECT name FROM pg_prepared_statements")));
        alone("columns changed under a statement", ask(parse("m", "SELECT * FROM migrated ORDER BY id"), bind("", "m"), execute("", 0), sync()),
                ask(query("ALTER TABLE migrated DROP COLUMN price, ADD COLUMN price int DEFAULT 7")),
                ask(bind("", "m"), execute("", 0), sync()), ask(bind("", "m"), describe('P', ""), execute("", 0), sync()));
        alone("a table dropped under a statement", ask(parse("m", "SELECT id FROM migrated"), sync()), ask(query("DROP TABLE migrated")),
                ask(parse("n", "SELECT id FROM migrated"), sync()), ask(bind("", "m"), execute("", 0), sync()));
        alone("Close and Parse again", ask(parse("p", "SELECT 1"), sync()), ask(close('S', "p"), parse("p", "SELECT 'two'"), bind("", "p"), execute("", 0), sync()));
    }

    private void ofTheUnnamedStatement() {
        alone("a failed Parse of the unnamed statement", ask(parse("", "SELECT 1"), sync()), ask(parse("", "SELECT 1; SELECT 2"), sync()), ask(describe('S', ""), sync()));
        alone("a simple query between Parse and Bind", ask(parse("", "SELECT 1"), sync()), ask(query("SELECT 2")), ask(bind("", ""), execute("", 0), sync()));
        alone("the empty unnamed statement", ask(parse("", ""), sync()), ask(bind("", ""), sync()), ask(bind("", ""), execute("", 0), sync()));
        alone("a large unnamed statement across Syncs", ask(parse("", LARGE + "SELECT 1"), sync()), ask(bind("", ""), execute("", 0), sync()));
        for (var text : List.of("SELECT n FROM same", LARGE + "SELECT n FROM same")) {
            var actors = List.of(new Actor(startup, Ending.TERMINATE), new Actor(Map.of("search_path", schemas + "1"), Ending.TERMINATE));
            all.add(new Scenario("the unnamed statements of two clients, " + text.length() + " characters", actors, List.of(
                    new Turn(0, ask(parse("", text), sync())), new Turn(1, ask(parse("", text + " AS other"), sync())), new Turn(1, ask(query("SELECT 1"))),
                    new Turn(0, ask(bind("", ""), execute("", 0), sync())), new Turn(1, ask(bind("", ""), execute("", 0), sync())))));
        }
        for (var setting : List.of("TimeZone=Asia/Tokyo", "DateStyle=German", "IntervalStyle=iso_8601", "search_path=shared", "client_encoding=LATIN1")) {
            var pair = setting.split("=");
            var other = new HashMap<>(startup);
            other.put(pair[0], pair[1]);
            var sql = "SELECT count(*), '1 day'::interval::text, max(at)::text, (SELECT n FROM same), chr(233) FROM shared.ref WHERE at < '2024-01-01 05:00'";
            all.add(new Scenario("the same text under another " + pair[0], List.of(new Actor(startup, Ending.TERMINATE), new Actor(other, Ending.TERMINATE)), List.of(
                    new Turn(0, ask(parse("s", sql), bind("", "s"), execute("", 0), sync())), new Turn(1, ask(parse("s", sql), bind("", "s"), execute("", 0), sync())),
                    new Turn(0, ask(bind("", "s"), execute("", 0), sync())), new Turn(1, ask(run(sql))))));
        }
    }

    private void ofMessages() {
        alone("an error flushed, then Sync", flushed(describe('S', ""), flush()), ask(sync()));
        alone("an error flushed, then more and Sync", flushed(parse("p", "SELECT 1"), bind("c2", "s1"), execute("c2", 1), flush()), ask(run("SELECT 1")));
        alone("an answer flushed, then more and Sync", flushed(parse("", "SELECT 1"), bind("", ""), execute("", 0), flush()), ask(run("SELECT 1")));
        alone("COPY from the client in one write", ask(parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), copyData("501\tx\n"), copyDone(), sync()));
        alone("COPY from the client, asked first", Step.of(Until.COPY_IN, parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), flush()),
                ask(copyData("501\tx\n"), copyDone(), sync()));
        alone("COPY from the client, with a Sync too many", Step.of(Until.COPY_IN, parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), sync()),
                ask(copyData("501\tx\n"), copyDone(), sync()));
        alone("LISTEN and NOTIFY of one's own", ask(query("LISTEN ch; NOTIFY ch, 'x'")));
        alone("an empty query", ask(query("")), ask(query(";;")), ask(run("")));
    }

    private void ofReads() {
        alone("lastval() behind nextval()", ask(query("SELECT nextval('sq')")), ask(query("SELECT lastval()")));
        alone("currval() behind DEFAULT", ask(query("INSERT INTO t2 (v) VALUES ('x')")), ask(query("SELECT currval('t2_id_seq')")));
        alone("an unlogged table, six times", Stream.concat(Stream.of(ask(parse("m", "SELECT count(*) FROM unlogged"), sync())),
                Stream.generate(() -> ask(bind("", "m"), execute("", 0), sync())).limit(6)).toArray(Step[]::new));
        alone("pg_is_in_recovery() in views and functions", ask(query("SELECT pg_is_in_recovery(), f_recovery(), r FROM v_recovery")));
        alone("the last value of a sequence", ask(query("SELECT nextval('sq')")), ask(query("SELECT last_value, is_called FROM sq")));
        alone("a view that writes", ask(query("SELECT n FROM v_write")), ask(query("SELECT n FROM v_write")), ask(query("SELECT last_value FROM sq")));
        alone("a function that writes", ask(query("SELECT f_write(1)")), ask(query("SELECT count(*) FROM t")));
        alone("a hidden write as the second statement", ask(query("SELECT 1; SELECT n FROM v_write")));
    }
}
