package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.LARGE;
import static org.pgdrover.it.exactness.Script.SET_CONFIG;
import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.flushed;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.copyDone;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.functionCall;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.pgdrover.it.exactness.Scenario.Turn;
import org.pgdrover.it.exactness.Step.Until;

/// The conversations in which a proxy once answered otherwise than PostgreSQL.
final class KnownConversations {
    private final Script script;

    private KnownConversations(Script script) {
        this.script = script;
    }

    /// @param schemas what the names of the clients' schemas begin with
    static List<Scenario> all(String schemas) {
        var script = new Script(schemas);
        new KnownConversations(script).write();
        new StatementConversations(script).write();
        new ChangedMeaningConversations(script).write();
        new ChannelConversations(script).write();
        new OwnNamesConversations(script).write();
        new ResetConversations(script).write();
        new LocalSettingsConversations(script).write();
        new OwnMessagesConversations(script).write();
        new PipelineConversations(script).write();
        new LeftBehind(script).write();
        return script.all();
    }

    private void write() {
        ofSettings();
        ofHiddenState();
        ofTransactions();
        ofMessages();
        ofReads();
    }

    private void ofSettings() {
        var schema = Objects.requireNonNull(script.startup().get("search_path"));
        var travelled = script.startup("TimeZone", "Asia/Tokyo");
        var unnamed = Map.of("search_path", schema);
        var asOptions = Map.of("options", "-c search_path=" + schema, "application_name", "known");
        script.alone("startup without application_name", unnamed, ask(query("SHOW application_name")));
        script.alone(
                "RESET of what the startup message set",
                travelled,
                ask(query("RESET TimeZone")),
                ask(query("SHOW TimeZone")));
        script.alone("RESET ALL", travelled, ask(query("RESET ALL")), ask(query("SHOW TimeZone; SHOW search_path")));
        script.alone(
                "DISCARD ALL", travelled, ask(query("DISCARD ALL")), ask(query("SHOW TimeZone; SHOW search_path")));
        script.alone(
                "DISCARD ALL with a statement behind it", ask(query("DISCARD ALL"), query("SELECT count(*) FROM t")));
        script.alone(
                "DISCARD ALL with a DateStyle of the startup message",
                Map.of("search_path", schema, "DateStyle", "German"),
                ask(query("DISCARD ALL")),
                ask(query("SHOW DateStyle")));
        script.alone(
                "settings in options",
                asOptions,
                ask(query("SELECT count(*) FROM t")),
                ask(query("RESET search_path; SHOW search_path")));
        script.alone(
                "RESET ALL rolled back",
                ask(query("SET app.tenant = 'a'")),
                ask(query("BEGIN")),
                ask(query("RESET ALL")),
                ask(query("ROLLBACK")),
                ask(query("SHOW app.tenant; SHOW search_path")));
        script.alone(
                "RESET ALL rolled back in one string",
                ask(query("SET app.tenant = 'a'; BEGIN; RESET ALL; ROLLBACK")),
                ask(query("SHOW app.tenant; SHOW search_path")));
        script.alone(
                "RESET application_name", ask(query("RESET application_name")), ask(query("SHOW application_name")));
        script.alone(
                "SET in a read-only transaction",
                ask(query("BEGIN READ ONLY; SET app.tenant = 'alice'; COMMIT")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "FunctionCall of set_config",
                ask(functionCall(SET_CONFIG, "app.tenant", "called", "f")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "set_config in a large string",
                ask(query(LARGE + "SELECT set_config('app.tenant', 'large', false)")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "set_config under a Unicode name",
                ask(query("SELECT U&\"set\\005Fconfig\"('app.tenant', 'u', false)")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "set_config in a function",
                ask(query("SELECT f_hidden('mine')")),
                ask(query("SELECT current_setting('app.hidden', true)")));
        script.alone(
                "SET of a name in Unicode",
                ask(query("SET U&\"app\".U&\"tenan\\0074\" = 'u'")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "SET standard_conforming_strings",
                ask(query("SET standard_conforming_strings = off")),
                ask(query("SELECT 'a\\\\b'")));
        script.alone(
                "pg_settings names what a session has set",
                ask(query("SET app.tenant = 'a'")),
                ask(query("SELECT count(*) FROM pg_settings WHERE name LIKE 'app.%'")));
    }

    private void ofHiddenState() {
        script.alone("RESET ALL with another statement in the string", ask(query("RESET ALL; SELECT count(*) FROM t")));
        script.alone(
                "RESET ALL with another statement behind it in the pipeline",
                ask(parse("", "RESET ALL"), bind("", ""), execute("", 0), parse("", "SELECT count(*) FROM t"), sync()));
        script.alone(
                "DISCARD ALL with another statement behind it in the pipeline",
                ask(parse("", "DISCARD ALL"), bind("", ""), execute("", 0), parse("", "SELECT * FROM t"), sync()));
        script.alone(
                "DISCARD ALL before an error in the pipeline",
                ask(parse("", "DISCARD ALL"), bind("c", ""), execute("c", 0), execute("c", 0), sync()),
                ask(query("SHOW search_path")));
        script.alone(
                "DISCARD ALL twice in the pipeline",
                ask(
                        parse("p", "DISCARD ALL"),
                        bind("", "p"),
                        execute("", 0),
                        parse("", "DISCARD ALL"),
                        bind("", ""),
                        execute("", 0),
                        sync()),
                ask(query("SHOW search_path")));
        script.alone(
                "DISCARD ALL with a statement that is run behind it in the pipeline",
                ask(
                        parse("", "DISCARD ALL"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "SELECT count(*) FROM t"),
                        bind("", ""),
                        execute("", 0),
                        sync()));
        script.alone(
                "RESET behind a change of the encoding in the pipeline",
                ask(
                        parse("", "SET client_encoding = 'LATIN1'"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "RESET search_path"),
                        bind("", ""),
                        execute("", 0),
                        sync()));
        script.alone(
                "a session that terminates itself",
                ask(query("SELECT 1")),
                ask(query("SELECT pg_terminate_backend(pg_backend_pid())")));
        script.alone(
                "SET LOCAL of a custom parameter outside a transaction",
                ask(query("SET LOCAL app.tenant = 'local'")),
                ask(query("SHOW app.tenant")));
        script.alone(
                "a custom parameter set in COPY, and DISCARD ALL",
                ask(query("COPY (SELECT set_config('app.tenant', 'copied', false)) TO STDOUT"), query("DISCARD ALL")),
                ask(query("SELECT current_setting('app.tenant', true)")));
        script.alone("RESET ALL in SJIS", ask(query("SET client_encoding = 'SJIS'")), ask(query("RESET ALL")));
        script.alone(
                "DEALLOCATE in SJIS",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("SET client_encoding = 'SJIS'"), query("DEALLOCATE p")));
        script.alone(
                "DEALLOCATE ALL bound twice, and not executed",
                ask(parse("s1", "DEALLOCATE ALL"), sync()),
                ask(bind("", "s1"), bind("", "s1"), sync()));
        script.alone(
                "COPY from the client behind FunctionCall in one write",
                ask(
                        functionCall(SET_CONFIG, "app.tenant", "called", "f"),
                        parse("", "COPY t (id, v) FROM STDIN"),
                        bind("", ""),
                        execute("", 0),
                        copyData("503\tcopied\n"),
                        copyDone(),
                        sync()));
        script.alone(
                "a role of a function stays",
                ask(query("SELECT f_role()")),
                ask(query("SELECT current_user = session_user")),
                ask(query("COPY t (id, v) FROM STDIN"), copyDone()));
        for (var wrong : new String[] {"SELECT f_role()", "DO $$ BEGIN SET ROLE other; END $$", "SET ROLE other"})
            for (var reset : new String[] {"RESET ALL", "RESET ALL; SELECT 1", "SELECT 1"})
                for (var first : new String[] {"SET ROLE owner", "SELECT 2"}) {
                    script.alone(
                            "a role behind " + first + ", " + wrong + " and " + reset + ", pipelined",
                            ask(query(first), query(wrong), query(reset)),
                            ask(query("SELECT current_user, nextval('sq') > 0")));
                    script.alone(
                            "a role behind " + first + ", " + wrong + " and " + reset,
                            ask(query(first)),
                            ask(query(wrong)),
                            ask(query(reset)),
                            ask(query("SELECT current_user, nextval('sq') > 0")));
                }
        Sent[] look = {parse("", "SELECT current_user"), bind("", ""), execute("", 0)};
        script.alone(
                "a role in a batch in pieces that deallocates",
                ask(query("SET ROLE other")),
                flushed(parse("p", "DELETE FROM t WHERE id > 4"), flush()),
                ask(look[0], look[1], look[2], parse("", "DEALLOCATE s"), bind("", ""), execute("", 0), sync()),
                ask(look[0], look[1], look[2], sync()));
        script.alone(
                "a role that SET SESSION AUTHORIZATION has taken back, before pg_cursors",
                ask(query("DO $$ BEGIN SET ROLE other; END $$")),
                ask(parse("p", "INSERT INTO t (id, v) VALUES (400, 'bound')"), sync()),
                ask(query("SET app.tenant = 'second'")),
                ask(
                        parse("", "SET SESSION AUTHORIZATION DEFAULT"),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        parse("", "SELECT name, is_holdable FROM pg_cursors ORDER BY name")),
                ask(query("SELECT current_user")),
                ask(sync()),
                ask(query("SELECT current_user")));
        for (var wrong : new String[] {"SET ROLE other", "SELECT f_role()"})
            script.alone(
                    "a role behind " + wrong + ", ROLLBACK TO and RESET ALL",
                    ask(query("SET ROLE owner")),
                    ask(query("BEGIN")),
                    ask(query("SAVEPOINT a")),
                    ask(query(wrong)),
                    ask(query("ROLLBACK TO a")),
                    ask(query("RESET ALL")),
                    ask(query("SELECT current_user, nextval('sq') > 0")),
                    ask(query("COMMIT")),
                    ask(query("SELECT current_user, nextval('sq') > 0")));
        for (boolean extended : new boolean[] {false, true})
            for (var asks : List.of(describe('P', ""), execute("", 0), describe('S', ""), bind("", "")))
                script.alone(
                        "what " + (extended ? "an extended" : "a simple") + " BEGIN leaves behind an error: " + asks,
                        ask(query("SELECT txid_current() > 0")),
                        extended ? ask(run("BEGIN")) : ask(query("BEGIN")),
                        ask(query("SELECT 1 FROM nowhere")),
                        ask(asks, sync()),
                        ask(query("ROLLBACK")));
        script.alone(
                "a role of DO stays",
                ask(query("DO $$ BEGIN SET ROLE other; END $$")),
                ask(query("SELECT current_user = session_user")),
                ask(query("INSERT INTO t2 (v) VALUES ('x')")));
        script.alone(
                "a setting by FunctionCall is seen by views",
                ask(functionCall(SET_CONFIG, "app.tenant", "alice", "f")),
                ask(query("SELECT tenant FROM v_tenant")),
                ask(query("SELECT id FROM secured")),
                ask(run("SELECT tenant FROM v_tenant")));
        script.alone(
                "a setting of a function is seen by functions",
                ask(query("SELECT f_hidden('mine')")),
                ask(query("SELECT 1")),
                ask(run("SELECT current_setting('app.hidden', true)")));
        script.alone(
                "a setting of a function whose name is a word of the grammar is seen by functions",
                ask(query("SELECT search('mine')")),
                ask(query("SELECT 1")),
                ask(run("SELECT current_setting('app.hidden', true)")));
        script.alone(
                "a setting by text that a function runs is seen by functions",
                ask(query("SELECT f_hidden_text('mine')")),
                ask(query("SELECT 1")),
                ask(run("SELECT current_setting('app.hidden', true)")));
        script.alone(
                "a block that sets nothing",
                ask(query("SET app.tenant = 'kept'")),
                ask(query("DO $$ BEGIN PERFORM count(*) FROM t; END $$")),
                ask(query("SELECT tenant FROM v_tenant")));
        script.alone(
                "a statement prepared in DO",
                ask(query("DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT 8'; END $$")),
                ask(query("EXECUTE p")),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "a temporary table of a function stays",
                ask(query("SELECT f_temp()")),
                ask(query("SELECT 1")),
                ask(query("SELECT count(*) FROM f_temp")));
        script.alone(
                "an advisory lock of a function stays",
                ask(query("SELECT f_lock(7)")),
                ask(query("SELECT 1")),
                ask(query("SELECT pg_advisory_unlock(7)")));
    }

    private void ofTransactions() {
        script.alone(
                "LOCK TABLE in a mode that a standby refuses",
                ask(query("BEGIN READ ONLY")),
                ask(query("LOCK TABLE t IN EXCLUSIVE MODE")),
                ask(query("COMMIT")));
        script.alone(
                "COPY from the client in a read-only transaction",
                ask(query("BEGIN READ ONLY")),
                ask(query("COPY t (id, v) FROM STDIN")),
                ask(query("COMMIT")));
        script.alone("Terminate in a failed transaction", ask(query("BEGIN; SELECT 1/0; COMMIT")));
        script.together(
                "SET SESSION AUTHORIZATION takes the role back",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(query("SET ROLE other"))),
                new Turn(0, ask(query("SET SESSION AUTHORIZATION DEFAULT"))),
                new Turn(1, ask(query("UPDATE t SET n = 1"))),
                new Turn(0, ask(query("INSERT INTO t VALUES (77, 'x'); SELECT current_user = session_user"))));
        script.alone(
                "SET ROLE rolled back",
                ask(query("BEGIN; SET ROLE other; ROLLBACK")),
                ask(query("SELECT current_user = session_user")));
        var hidden = "DO $$ BEGIN EXECUTE 'LISTEN hidden'; END $$";
        for (var behind : List.of("UNLISTEN *", "UNLISTEN hidden"))
            script.alone(
                    behind + " behind a LISTEN of DO in one batch",
                    ask(query("LISTEN other")),
                    pipeline(hidden, behind, "SELECT pg_notify('hidden', 'called')"),
                    pipeline("SELECT pg_notify('hidden', 'again')"),
                    pipeline("SELECT pg_notify('other', 'last')"));
        script.alone(
                "LISTEN in a read-only transaction",
                ask(query("BEGIN READ ONLY")),
                ask(query("LISTEN x")),
                ask(query("COMMIT")));
        script.alone(
                "SET TRANSACTION READ WRITE first",
                ask(query("BEGIN READ ONLY")),
                ask(query("SET TRANSACTION READ WRITE")),
                ask(query("UPDATE t SET n = 1 WHERE id = 1")),
                ask(query("COMMIT")));
        script.alone(
                "txid_current() in a read-only transaction",
                ask(query("BEGIN READ ONLY")),
                ask(query("SELECT txid_current() > 0")),
                ask(query("COMMIT")));
        script.alone(
                "LOCK TABLE in a read-only transaction",
                ask(query("BEGIN READ ONLY")),
                ask(query("LOCK TABLE t IN ACCESS SHARE MODE")),
                ask(query("COMMIT")));
        script.alone(
                "an exported snapshot in a read-only transaction",
                ask(query("BEGIN READ ONLY")),
                ask(query("SELECT pg_export_snapshot() IS NOT NULL")),
                ask(query("COMMIT")));
        script.alone(
                "serializable by default, read only",
                ask(query("SET default_transaction_isolation = serializable")),
                ask(query("BEGIN READ ONLY")),
                ask(query("SELECT 1")),
                ask(query("COMMIT")));
        script.alone(
                "a read-only transaction, pipelined with Flush",
                ask(
                        query("BEGIN READ ONLY"),
                        parse("", "SELECT 1"),
                        bind("", ""),
                        execute("", 0),
                        flush(),
                        parse("", "SELECT 2"),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        query("COMMIT"),
                        query("SELECT 3")));
        script.alone(
                "SET, BEGIN and ROLLBACK, pipelined",
                ask(query("BEGIN"), query("SET app.tenant = 'a'"), query("ROLLBACK"), query("SHOW search_path")));
        script.alone(
                "a portal across Syncs",
                ask(query("BEGIN")),
                ask(parse("", "SELECT generate_series(1, 5)"), bind("c1", ""), execute("c1", 2), sync()),
                ask(execute("c1", 0), sync()),
                ask(query("COMMIT")),
                ask(execute("c1", 0), sync()));
        script.alone(
                "a cursor WITH HOLD",
                ask(query("BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT generate_series(1, 5); COMMIT")),
                ask(query("FETCH 2 FROM h")),
                ask(query("CLOSE h")));
        script.alone(
                "a read-only default in the session",
                ask(query("SET default_transaction_read_only = on")),
                ask(query("INSERT INTO t2 (v) VALUES ('x')")),
                ask(query("SELECT 1")));
    }

    private void ofMessages() {
        script.alone("an error flushed, then Sync", flushed(describe('S', ""), flush()), ask(sync()));
        script.alone(
                "an error flushed, then more and Sync",
                flushed(parse("p", "SELECT 1"), bind("c2", "s1"), execute("c2", 1), flush()),
                ask(run("SELECT 1")));
        script.alone(
                "an answer flushed, then more and Sync",
                flushed(parse("", "SELECT 1"), bind("", ""), execute("", 0), flush()),
                ask(run("SELECT 1")));
        script.alone(
                "COPY from the client in one write",
                ask(
                        parse("", "COPY t (id, v) FROM STDIN"),
                        bind("", ""),
                        execute("", 0),
                        copyData("501\tx\n"),
                        copyDone(),
                        sync()));
        script.alone(
                "COPY from the client, asked first",
                Step.of(Until.COPY_IN, parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), flush()),
                ask(copyData("501\tx\n"), copyDone(), sync()));
        script.alone(
                "COPY from the client, with a Sync too many",
                Step.of(Until.COPY_IN, parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), sync()),
                ask(copyData("501\tx\n"), copyDone(), sync()));
        script.alone("LISTEN and NOTIFY of one's own", ask(query("LISTEN ch; NOTIFY ch, 'x'")));
        script.alone("an empty query", ask(query("")), ask(query(";;")), ask(run("")));
    }

    private void ofReads() {
        script.alone("lastval() behind nextval()", ask(query("SELECT nextval('sq')")), ask(query("SELECT lastval()")));
        script.alone(
                "currval() behind DEFAULT",
                ask(query("INSERT INTO t2 (v) VALUES ('x')")),
                ask(query("SELECT currval('t2_id_seq')")));
        script.alone(
                "an unlogged table, six times",
                Stream.concat(
                                Stream.of(ask(parse("m", "SELECT count(*) FROM unlogged"), sync())),
                                Stream.generate(() -> ask(bind("", "m"), execute("", 0), sync()))
                                        .limit(6))
                        .toArray(Step[]::new));
        script.alone(
                "pg_is_in_recovery() in views and functions",
                ask(query("SELECT pg_is_in_recovery(), f_recovery(), r FROM v_recovery")));
        script.alone(
                "the last value of a sequence",
                ask(query("SELECT nextval('sq')")),
                ask(query("SELECT last_value, is_called FROM sq")));
        script.alone(
                "a view that writes",
                ask(query("SELECT n FROM v_write")),
                ask(query("SELECT n FROM v_write")),
                ask(query("SELECT last_value FROM sq")));
        script.alone("a function that writes", ask(query("SELECT f_write(1)")), ask(query("SELECT count(*) FROM t")));
        script.alone("a hidden write as the second statement", ask(query("SELECT 1; SELECT n FROM v_write")));
    }
}
