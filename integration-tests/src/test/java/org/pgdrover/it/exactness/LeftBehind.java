package org.pgdrover.it.exactness;

import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.pgdrover.it.exactness.Scenario.Ending;
import org.pgdrover.it.exactness.Scenario.Turn;

/// The conversations in which a stranger once found what a client had left in its server.
final class LeftBehind {
    /// What shows that somebody else was there.
    private static final List<String> PROBES = List.of(
            "SHOW app.tenant",
            "SELECT current_setting('app.hidden', true), current_setting('app.triggered', true), current_setting('app.ruled', true)",
            "SELECT current_user = session_user",
            "SHOW TimeZone",
            "SHOW search_path",
            "SHOW default_transaction_read_only",
            Script.PREPARED,
            "SELECT name FROM pg_cursors WHERE name <> ''",
            "SELECT pg_listening_channels()",
            "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()",
            "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() ORDER BY relname",
            "SELECT pg_temp.missing()",
            "SELECT lastval()");

    private final Script script;

    LeftBehind(Script script) {
        this.script = script;
    }

    void write() {
        settings();
        objects();
        work();
        names();
    }

    /// The names of custom parameters stay in a server: nothing may show them to a stranger who does not
    /// know them.
    private void names() {
        for (var how : List.of(
                "SET app.tenant = 'alice'",
                "BEGIN; SET LOCAL app.tenant = 'alice'; COMMIT",
                "SELECT set_config('app.tenant', 'alice', true)"))
            for (var shows : List.of(
                    "SELECT tenant FROM v_tenant",
                    "SELECT count(*) FROM pg_settings WHERE name LIKE 'app.%'",
                    "SELECT f_tenant()",
                    "DO $$ BEGIN IF current_setting('app.tenant', true) = '' THEN RAISE 'seen'; END IF; END $$"))
                script.together(
                        how + " is not shown by " + shows,
                        script.startup(),
                        script.stranger(),
                        new Turn(0, Script.ask(Sent.query(how))),
                        new Turn(0, Script.ask(Sent.query("SELECT 1"))),
                        new Turn(1, Script.ask(Sent.query(shows))),
                        new Turn(1, Script.ask(Script.run(shows))),
                        new Turn(0, Script.ask(Sent.query("SELECT tenant FROM v_tenant"))));
    }

    /// What was sent before Terminate is done, although nobody waits for it.
    private void work() {
        var table = script.startup().get("search_path") + ".t";
        var left = "BEGIN; SELECT count(*) FROM " + table + " WHERE id BETWEEN 900 AND 999; COMMIT";
        for (var ending : List.of(Ending.TERMINATE, Ending.TERMINATE_AT_ONCE)) {
            script.leaves(
                    "leaves a transaction behind in one write by " + ending,
                    ending,
                    List.of(Script.ask(
                            Sent.query("BEGIN"),
                            Sent.query("INSERT INTO t (id, v) VALUES (900, 'left')"),
                            Sent.query("COMMIT"))),
                    List.of(left));
            script.leaves(
                    "leaves statements behind in one write by " + ending,
                    ending,
                    List.of(Script.ask(IntStream.range(900, 930)
                            .mapToObj(i -> Stream.of(Script.run("INSERT INTO t (id, v) VALUES (" + i + ", 'left')")))
                            .flatMap(each -> each)
                            .toArray(Sent[]::new))),
                    List.of(left));
            if (ending == Ending.TERMINATE_AT_ONCE)
                script.leaves(
                        "leaves in the middle of COPY",
                        ending,
                        List.of(Script.ask(Sent.query("COPY t (id, v) FROM STDIN"), Sent.copyData("905\tcopied\n"))),
                        List.of(left));
            script.leaves(
                    "leaves an open transaction behind in one write by " + ending,
                    ending,
                    List.of(Script.ask(Sent.query("BEGIN"), Sent.query("INSERT INTO t (id, v) VALUES (900, 'left')"))),
                    List.of(left));
        }
    }

    private void leaves(String what, String... statements) {
        var steps =
                Stream.of(statements).map(sql -> Script.ask(Sent.query(sql))).toArray(Step[]::new);
        leaves(what, Ending.TERMINATE, steps);
        leaves(what, Ending.TERMINATE_AT_ONCE, steps);
    }

    private void leaves(String what, Ending ending, Step... steps) {
        script.leaves("leaves " + what + " by " + ending, ending, List.of(steps), PROBES);
    }

    private void settings() {
        leaves("a setting", "SET app.tenant = 'alice'");
        leaves("a setting of a read-only transaction", "BEGIN READ ONLY; SET app.tenant = 'alice'; COMMIT");
        for (var statement : List.of(
                "SELECT set_config('app.tenant', 'alice', false)",
                "SET TimeZone = 'Asia/Tokyo'",
                "SET search_path = pg_temp",
                "SET ROLE other",
                "PREPARE p AS SELECT 1",
                "DECLARE c CURSOR WITH HOLD FOR SELECT 1"))
            leaves("what a read-only transaction has done: " + statement, "BEGIN READ ONLY; " + statement + "; COMMIT");
        leaves("a setting before an error", "SET app.tenant = 'x'; BEGIN; COMMIT; SELECT 1/0");
        leaves("a setting of one statement", "SELECT set_config('app.tenant', 'short', true)");
        leaves("a setting of a function", "SELECT f_hidden('x')");
        leaves("a setting by text that a function runs", "SELECT f_hidden_text('x')");
        leaves("settings of a trigger and a rule", "INSERT INTO triggered VALUES (1)", "INSERT INTO ruled VALUES (1)");
        leaves("a setting of DO", "DO $$ BEGIN PERFORM set_config('app.hidden', 'do', false); END $$");
        leaves("a setting of COPY", "COPY (SELECT set_config('app.tenant', 'copied', false)) TO STDOUT");
        leaves("a setting in SJIS", "SET client_encoding = 'SJIS'", "SELECT set_config('app.tenant', 'sjis', false)");
        leaves("a role", "SET ROLE other");
        leaves("a role of a function", "SELECT f_role()");
        leaves("a role by set_config", "SELECT set_config('role', 'other', false)");
        leaves("a time zone", "SET TimeZone = 'Asia/Tokyo'");
        leaves("a search path", "SET search_path = pg_temp");
        leaves("a read-only default", "SET default_transaction_read_only = on");
        for (var then : List.of("BEGIN", "SELECT 1/0"))
            script.together(
                    "leaves what the startup message has set, behind DISCARD ALL and " + then,
                    script.startup("DateStyle", "German"),
                    script.stranger(),
                    new Turn(0, Script.pipeline("DISCARD ALL", then)),
                    new Turn(1, Script.ask(Sent.query("SHOW DateStyle"))),
                    new Turn(1, Script.ask(Sent.query("SHOW application_name"))));
    }

    private void objects() {
        leaves("a prepared statement", "PREPARE p AS SELECT 1");
        leaves("a prepared statement before an error", "PREPARE p AS SELECT 1; SELECT 1/0");
        leaves("a cursor", "DECLARE c CURSOR WITH HOLD FOR SELECT 1");
        leaves("a channel", "LISTEN ch");
        leaves("a channel of a function", "SELECT f_listen()");
        leaves("an advisory lock", "SELECT pg_advisory_lock(1)");
        leaves("an advisory lock before an error", "SELECT pg_advisory_lock(1), 1/0");
        leaves("an advisory lock of a function", "SELECT f_lock(1)");
        leaves("an advisory lock of a read-only transaction", "BEGIN READ ONLY; SELECT pg_advisory_lock(1); COMMIT");
        leaves("a temporary table", "CREATE TEMP TABLE tt (a int)");
        leaves("a temporary table before an error", "BEGIN; CREATE TEMP TABLE tt (a int); COMMIT; SELECT 1/0");
        leaves("a temporary table of a function", "SELECT f_temp()");
        leaves("a temporary table by name", "CREATE TABLE \"pg_temp\".tt (a int)");
        leaves("a temporary table by search_path", "SET search_path = pg_temp", "CREATE TABLE tt (a int)");
        leaves("a value of a sequence", "SELECT nextval('sq')");
        leaves(
                "a setting by FunctionCall",
                Ending.TERMINATE,
                Script.ask(Sent.functionCall(Script.SET_CONFIG, "app.tenant", "called", "f")));
        leaves(
                "a setting by a large string",
                Ending.TERMINATE,
                Script.ask(Sent.query(Script.LARGE + "SET app.tenant = 'large'")));
    }
}
