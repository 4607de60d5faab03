package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Conversations in which the proxy has to send something of its own at an inconvenient moment.
final class OwnMessagesConversations {
    private static final String FOLDED = "SELECT (timestamptz '2024-01-01 05:00' AT TIME ZONE 'UTC')::text";
    private static final Step USED = ask(bind("", "p"), execute("", 0), sync());
    private static final Step ZONE = ask(query("SHOW TimeZone"));
    private static final Step PATH = ask(query("SHOW search_path"));

    private final Script script;
    private final String schema;

    OwnMessagesConversations(Script script) {
        this.script = script;
        this.schema = Objects.requireNonNull(script.startup().get("search_path"));
    }

    void write() {
        ofCopiesThatFail();
        ofLists();
        ofDefaultsThatNobodyTakes();
        ofLargeStatements();
        ofAnalysedStatements();
        ofSettingsInPipelines();
        ofSuspendedPortals();
        ofStringsThatGoOn();
        ofTablesThatAreTakenForNew();
        ofLargeSettings();
    }

    /// A portal that gives as many rows as were asked for is suspended, and never completes.
    private void ofSuspendedPortals() {
        var zone = script.startup("TimeZone", "Asia/Kolkata");
        var shared = FOLDED + ", txid_current() > 0";
        for (var sets :
                List.of("SELECT set_config('TimeZone', 'UTC', true) FROM generate_series(1, 2)", "SELECT f_set_utc()"))
            script.together(
                    "a suspended portal of " + sets,
                    zone,
                    zone,
                    new Turn(0, ask(parse("z", shared), sync())),
                    new Turn(1, ask(query("BEGIN"))),
                    new Turn(1, ask(parse("", sets), bind("", ""), execute("", 1), sync())),
                    new Turn(1, ask(parse("b", shared), sync())),
                    new Turn(1, ask(query("COMMIT"))),
                    new Turn(0, ask(bind("", "z"), execute("", 0), sync())),
                    new Turn(1, ask(bind("", "b"), execute("", 0), sync())));
        beside(
                "a suspended portal that sets a custom parameter",
                new Turn(0, ask(parse("", "SELECT f_hidden_text('alice')"), bind("", ""), execute("", 1), sync())),
                new Turn(1, ask(query("SELECT txid_current() > 0"))),
                new Turn(0, ask(query("SELECT current_setting('app.hidden', true)"))),
                new Turn(1, ask(query("SELECT current_setting('app.hidden', true)"))));
        beside(
                "a suspended portal of lastval()",
                new Turn(0, ask(query("SELECT nextval('sq')"))),
                new Turn(0, ask(parse("", "SELECT lastval()"), bind("", ""), execute("", 1), sync())),
                new Turn(1, ask(query("SELECT nextval('sq')"))),
                new Turn(0, ask(query("SELECT lastval()"))));
    }

    /// PostgreSQL takes a comment before the line break, too, for white space between the pieces of a string.
    private void ofStringsThatGoOn() {
        beside(
                "a string that goes on behind a comment",
                new Turn(
                        0,
                        ask(
                                query(
                                        "SELECT E'a' --c\n'b\\' , ', set_config('statement_timeout', '700s', false), ' ' --'\n"))),
                new Turn(1, ask(query("SELECT current_setting('statement_timeout') FROM t LIMIT 1"))),
                new Turn(1, ask(query("SELECT count(*) FROM t"))),
                new Turn(0, ask(query("SHOW statement_timeout"))));
    }

    private void ofTablesThatAreTakenForNew() {
        beside(
                "a table that was there already",
                new Turn(0, ask(query("CREATE TABLE IF NOT EXISTS triggered (a int)"))),
                new Turn(0, ask(query("INSERT INTO triggered VALUES (1)"))),
                new Turn(1, ask(query("SELECT current_setting('app.triggered', true)"))),
                new Turn(0, ask(query("SELECT current_setting('app.triggered', true)"))));
        beside(
                "a table that was made and not made",
                new Turn(0, ask(query("BEGIN; DROP TABLE triggered; CREATE TABLE triggered (a int); ROLLBACK"))),
                new Turn(0, ask(query("INSERT INTO triggered VALUES (1)"))),
                new Turn(1, ask(query("SELECT current_setting('app.triggered', true)"))));
    }

    /// More than the proxy reads of an answer of its own.
    private void ofLargeSettings() {
        script.alone(
                "a very large custom parameter",
                ask(query("SELECT length(set_config('app.tenant', repeat('x', 5000000), false))")),
                ask(query("SELECT length(current_setting('app.tenant'))")),
                ask(query("SELECT 1")));
    }

    /// The COPY fails by its data before the server reads what would break the COPY.
    private void ofCopiesThatFail() {
        var zone = script.startup("TimeZone", "Asia/Tokyo");
        for (var next : List.of(
                List.of(query("SELECT 'mine' FROM pg_sleep(0.2)")),
                List.of(run("SELECT 'mine' FROM pg_sleep(0.2)")),
                List.of(parse("n", "SELECT 1"), sync()))) {
            var failing = new ArrayList<Sent>();
            failing.add(copyData("bad\n"));
            failing.addAll(next);
            script.alone(
                    "a COPY that has failed before " + next.getFirst().shown(),
                    zone,
                    Step.of(Step.Until.COPY_IN, query("RESET ALL; COPY t (id, v) FROM STDIN")),
                    ask(failing.toArray(Sent[]::new)),
                    ZONE,
                    ask(query("SELECT 'behind'")));
            script.alone(
                    "a COPY by the extended protocol that has failed before "
                            + next.getFirst().shown(),
                    zone,
                    Step.of(
                            Step.Until.COPY_IN,
                            parse("", "RESET TimeZone"),
                            bind("", ""),
                            execute("", 0),
                            parse("", "COPY t (id, v) FROM STDIN"),
                            bind("", ""),
                            execute("", 0)),
                    ask(failing.toArray(Sent[]::new)),
                    ask(sync()),
                    ZONE,
                    ask(query("SELECT 'behind'")));
        }
        for (var data : List.of("504\tx\n", "bad\n"))
            script.alone(
                    "EXECUTE behind a COPY with a Sync among " + data.strip(),
                    ask(parse("p", "SELECT 1"), sync()),
                    Step.of(Step.Until.COPY_IN, query("COPY t (id, v) FROM STDIN")),
                    ask(sync(), copyData(data), Sent.copyDone(), query("EXECUTE p")),
                    ask(query("SELECT 'behind'")));
        Sent[] copy = {parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), sync()};
        for (var next : List.of(query("SELECT 2"), sync(), parse("n", "SELECT 2"))) {
            script.alone(
                    "a COPY by the extended protocol that fails before Sync and " + next.shown(),
                    ask(
                            parse("", "COPY t (id, v) FROM STDIN"),
                            bind("", ""),
                            execute("", 0),
                            copyData("bad\n"),
                            sync(),
                            next,
                            sync()),
                    ask(query("SELECT 'behind'")));
            script.alone(
                    "a COPY that fails before Sync and " + next.shown(),
                    ask(query("COPY t (id, v) FROM STDIN"), copyData("bad\n"), sync(), next, sync()),
                    ask(query("SELECT 'behind'")));
        }
        for (var begin : List.of("BEGIN", "SELECT 1"))
            for (var next : List.of(query("SELECT 2"), query("NOTIFY ch"), parse("n", "SELECT 2")))
                script.alone(
                        "a COPY by the extended protocol behind " + begin + " that fails before " + next.shown(),
                        ask(query(begin)),
                        Step.of(Step.Until.COPY_IN, copy),
                        ask(copyData("bad\n"), next, sync()),
                        ask(query("ROLLBACK")),
                        ask(query("SELECT 'behind'")));
        for (var next : List.of("PREPARE q AS SELECT 2", "DEALLOCATE p", "EXECUTE p"))
            script.alone(
                    "a Flush alone before " + next,
                    ask(parse("p", "SELECT 1"), sync()),
                    Script.behind(flush()),
                    ask(query(next)),
                    ask(query("SELECT name FROM pg_prepared_statements ORDER BY 1")));
        for (var next : List.of("DEALLOCATE p", "EXECUTE p"))
            script.alone(
                    next + " in a batch without its Sync",
                    ask(parse("p", "SELECT 1"), sync()),
                    ask(query("BEGIN")),
                    Script.flushed(parse("", "SELECT 2"), bind("", ""), execute("", 0), flush()),
                    ask(query(next)),
                    ask(sync()),
                    ask(query("SELECT name FROM pg_prepared_statements ORDER BY 1")));
        script.alone(
                "Flush among copied data behind RESET ALL",
                zone,
                Step.of(Step.Until.COPY_IN, query("RESET ALL; COPY t (id, v) FROM STDIN")),
                ask(Sent.flush(), copyData("503\tx\n"), Sent.copyDone()),
                ZONE);
        script.alone(
                "Sync among copied data behind RESET ALL",
                zone,
                Step.of(Step.Until.COPY_IN, query("RESET ALL; COPY t (id, v) FROM STDIN")),
                ask(sync(), copyData("502\tx\n"), Sent.copyDone()),
                ZONE);
    }

    /// SHOW writes a list otherwise than the client has.
    private void ofLists() {
        for (var path : List.of(schema + ",pg_catalog", "\"" + schema + "\", pg_catalog")) {
            var startup = new TreeMap<>(script.startup());
            startup.put("search_path", path);
            for (var local : List.of("SET LOCAL search_path TO pg_catalog", "SET LOCAL TimeZone = 'Asia/Seoul'")) {
                script.alone(
                        path + ", " + local,
                        startup,
                        ask(query("SET TimeZone = 'Asia/Kolkata'")),
                        ask(parse("p", FOLDED + ", (SELECT count(*) FROM t)"), sync()),
                        ask(query("RESET TimeZone")),
                        ask(query("BEGIN")),
                        ask(query(local)),
                        USED,
                        ask(query("COMMIT")),
                        USED,
                        PATH);
                script.alone(
                        path + ", " + local + ", in one pipeline",
                        startup,
                        ask(query("SET TimeZone = 'Asia/Kolkata'")),
                        ask(parse("p", FOLDED + ", (SELECT count(*) FROM t)"), sync()),
                        ask(query("RESET TimeZone")),
                        ask(
                                parse("", "BEGIN"),
                                bind("", ""),
                                execute("", 0),
                                parse("", local),
                                bind("", ""),
                                execute("", 0),
                                bind("", "p"),
                                execute("", 0),
                                parse("", "COMMIT"),
                                bind("", ""),
                                execute("", 0),
                                sync()),
                        USED,
                        PATH);
            }
        }
    }

    private void ofDefaultsThatNobodyTakes() {
        var zone = script.startup("TimeZone", "Asia/Tokyo");
        script.alone(
                "SET LOCAL … TO DEFAULT that is only prepared",
                zone,
                ask(query("BEGIN")),
                ask(query("SET LOCAL TimeZone = 'Asia/Seoul'")),
                ask(parse("s", "SET LOCAL TimeZone TO DEFAULT"), sync()),
                ZONE,
                ask(bind("", "s"), sync()),
                ZONE,
                ask(bind("", "s"), execute("", 0), sync()),
                ZONE,
                ask(query("COMMIT")),
                ZONE);
        script.alone(
                "the portal of SET LOCAL … TO DEFAULT is run again",
                zone,
                ask(query("BEGIN")),
                ask(query("SET LOCAL TimeZone = 'Asia/Seoul'")),
                ask(run("SET LOCAL TimeZone TO DEFAULT")),
                ask(execute("", 0), sync()),
                ask(query("ROLLBACK")));
        script.alone(
                "an unnamed portal behind SET LOCAL … TO DEFAULT",
                zone,
                ask(query("BEGIN")),
                ask(
                        parse("s", "SET LOCAL TimeZone TO DEFAULT"),
                        bind("c", "s"),
                        execute("c", 0),
                        parse("", "SELECT generate_series(1, 3)"),
                        bind("", ""),
                        execute("", 1),
                        sync()),
                ask(bind("c2", "s"), execute("c2", 0), sync()),
                ask(execute("", 1), sync()),
                ask(query("COMMIT")));
        script.alone(
                "RESET ALL that is only prepared",
                zone,
                ask(query("BEGIN")),
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(parse("s", "RESET ALL"), sync()),
                ZONE,
                ask(query("COMMIT")),
                ZONE);
    }

    /// A statement that is not kept, and in the same write one that has to be prepared there.
    private void ofLargeStatements() {
        script.alone(
                "a large statement before one that is not there",
                ask(query("SET TimeZone = 'Asia/Kolkata'")),
                ask(parse("p", FOLDED), sync()),
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(query("SELECT txid_current() > 0")),
                ask(
                        parse("", Script.LARGE + "SELECT 1"),
                        bind("", ""),
                        execute("", 0),
                        bind("", "p"),
                        execute("", 0),
                        sync()),
                USED);
        script.alone(
                "a large statement with a name before one that is not there",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                ask(query("SELECT txid_current() > 0")),
                ask(parse("big", Script.LARGE + "SELECT 1"), bind("", "p"), execute("", 0), sync()),
                USED);
        script.alone(
                "a text that nobody reads before a statement that is not there",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                ask(query("SELECT txid_current() > 0")),
                ask(
                        parse("", "SELECT 1 AS U&\"d\\0061ta\""),
                        bind("", ""),
                        execute("", 0),
                        bind("", "p"),
                        execute("", 0),
                        sync()),
                USED);
    }

    /// PostgreSQL folds settings into them, too.
    private void ofAnalysedStatements() {
        script.alone(
                "CALL that is prepared again",
                ask(query("CREATE PROCEDURE pr_at(at timestamptz, INOUT shown text) LANGUAGE sql AS"
                        + " $$ SELECT (at AT TIME ZONE 'UTC')::text $$")),
                ask(query("SET TimeZone = 'Asia/Kolkata'")),
                ask(parse("p", "CALL pr_at('2024-01-01 05:00', '')"), sync()),
                USED,
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(query("BEGIN")),
                ask(query("SET LOCAL TimeZone = 'Europe/Paris'")),
                USED,
                ask(query("COMMIT")),
                USED,
                ask(query("DROP PROCEDURE pr_at")));
    }

    private void ofSettingsInPipelines() {
        Sent[] set = run("SELECT set_config('TimeZone', 'Asia/Kolkata', false)");
        for (var later :
                List.of("SET work_mem = '5MB'", "SET IntervalStyle = 'iso_8601'", "SET TimeZone = 'Asia/Seoul'"))
            script.alone(
                    "a statement between set_config() and " + later,
                    ask(set[0], set[1], set[2], set[3], parse("p", FOLDED), sync(), query(later)),
                    ask(query("SELECT txid_current() > 0")),
                    USED,
                    ZONE);
        for (var later : List.of("SET LOCAL TimeZone = 'Asia/Tokyo'", "SET LOCAL work_mem = '5MB'"))
            script.alone(
                    "a statement between a function that sets and " + later,
                    ask(query("SET TimeZone = 'Asia/Seoul'")),
                    ask(
                            parse("", "BEGIN"),
                            bind("", ""),
                            execute("", 0),
                            parse("", "SELECT f_set_utc()"),
                            bind("", ""),
                            execute("", 0),
                            parse("p", FOLDED),
                            parse("", later),
                            bind("", ""),
                            execute("", 0),
                            sync()),
                    USED,
                    ask(query("COMMIT")),
                    USED,
                    ask(query("SELECT txid_current() > 0")),
                    USED);
        script.alone(
                "a statement between savepoints and SET",
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(query("BEGIN; SET TimeZone = 'Asia/Kolkata'; SAVEPOINT a; SET TimeZone = 'UTC'; ROLLBACK TO a")),
                pipeline("SELECT 1"),
                ask(parse("p", FOLDED), sync(), query("SET TimeZone = 'Asia/Tokyo'")),
                ask(query("COMMIT")),
                USED,
                ask(query("SELECT txid_current() > 0")),
                USED,
                ZONE);
    }

    /// A client, and another one with whom it shares a server.
    private void beside(String name, Turn... turns) {
        script.together(name, script.startup(), script.stranger(), turns);
    }
}
