package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.PREPARED;
import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.flushed;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.functionCall;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.List;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Conversations in which SQL names or shows statements in the middle of something else.
final class OwnNamesConversations {
    private static final String DEALLOCATE = "SELECT f_deallocate()";
    private static final int UPPER = 871;
    /// What it counts depends on the time zone in which it was parsed.
    private static final String BEFORE_FIVE = "SELECT count(*) FROM shared.ref WHERE at < '2024-01-01 05:00'";
    private static final String TEXT = "SELECT id FROM t WHERE id = 1 FOR SHARE";

    private final Script script;

    OwnNamesConversations(Script script) {
        this.script = script;
    }

    void write() {
        ofOpenBatches();
        ofHiddenDeallocation();
        ofTheUnnamedStatement();
        ofDeallocationInStrings();
        ofOlderSettings();
        ofThePortal();
        ofWhatCannotBePrepared();
        ofALargeTextInAnOpenBatch();
        ofABatchThatFails();
    }

    /// What the proxy runs among a client's messages must not be seen behind an error either.
    private void ofABatchThatFails() {
        Sent[] taken = {
            parse("", "SELECT 1"), bind("c1", ""), parse("p", "LISTEN ch"), bind("c1", "p"), execute("c1", 0), sync()
        };
        var name = "what is prepared behind LISTEN into a portal whose name is taken";
        script.alone(name, ask(taken), ask(query(PREPARED)), ask(query(PREPARED)));
        script.alone(name + ", sent at once", behind(taken), ask(run(PREPARED)), ask(run(PREPARED)));
        script.alone(
                name + ", beside a name",
                ask(parse("s", TEXT), sync()),
                ask(query(PREPARED)),
                ask(taken),
                ask(query(PREPARED)));
        script.alone(
                name + ", beside a name, sent at once",
                ask(parse("s", TEXT), sync()),
                ask(query(PREPARED)),
                behind(taken),
                ask(query(PREPARED)));
        script.alone(
                name + ", in a transaction",
                ask(parse("s", TEXT), sync()),
                ask(query("BEGIN; SAVEPOINT a")),
                ask(taken),
                behind(query("ROLLBACK TO a")),
                ask(query(PREPARED)),
                ask(query("COMMIT")));
        script.together(
                name + " by another client",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(taken)),
                new Turn(1, ask(query(PREPARED))),
                new Turn(1, ask(query("BEGIN"))),
                new Turn(1, ask(query(PREPARED))),
                new Turn(1, ask(query("COMMIT"))));
    }

    /// What cannot be prepared under the client's own name must not fail a batch that does not use it.
    private void ofALargeTextInAnOpenBatch() {
        Sent[] insert = {parse("", "INSERT INTO t (id, v) VALUES (911, 'open')"), bind("", ""), execute("", 0), flush()
        };
        var there = "INSERT INTO " + script.startup().get("search_path") + ".t (id, v) VALUES (912, 'open')";
        Sent[] elsewhere = {parse("", there), bind("", ""), execute("", 0), flush()};
        Sent[] large = {parse("big", Script.LARGE + "SELECT 7"), bind("", "big"), execute("", 0), sync()};
        Sent[] again = {bind("", "big"), execute("", 0), sync()};
        script.alone(
                "a large text in an open batch beside what cannot be prepared",
                ask(parse("s", TEXT), sync()),
                ask(query("SET search_path = pg_temp")),
                flushed(elsewhere),
                ask(large),
                ask(again),
                ask(query("RESET search_path")),
                ask(bind("", "s"), execute("", 0), sync()),
                ask(query(PREPARED)),
                ask(again));
        script.alone(
                "a large text in a transaction beside what cannot be prepared",
                ask(query("CREATE TABLE gone (x int)")),
                ask(parse("g", "SELECT x FROM gone"), sync()),
                ask(query("DROP TABLE gone")),
                ask(query("BEGIN")),
                ask(large),
                ask(query("SELECT name FROM pg_prepared_statements ORDER BY 1")),
                ask(query("SELECT name FROM pg_prepared_statements ORDER BY 1")),
                ask(again),
                ask(query("COMMIT")),
                ask(again));
        script.alone(
                "a large text in an open batch, and EXECUTE in a transaction",
                ask(parse("s", TEXT), sync()),
                flushed(insert),
                ask(large),
                ask(query("BEGIN")),
                ask(query("EXECUTE s")),
                ask(again),
                ask(query("DEALLOCATE s")),
                ask(query(PREPARED)),
                ask(query("COMMIT")),
                ask(query("DEALLOCATE big")),
                ask(large));
    }

    private void ofOpenBatches() {
        script.alone(
                "PREPARE behind Flush",
                flushed(flush()),
                ask(
                        parse("", "PREPARE p AS SELECT 1"),
                        bind("c1", ""),
                        execute("c1", 0),
                        bind("", "p"),
                        execute("", 0),
                        sync()),
                ask(run(PREPARED)));
        script.alone("EXECUTE behind Parse and Flush", flushed(parse("p", TEXT), flush()), pipeline("EXECUTE p"));
        script.alone("EXECUTE behind Parse without Flush", behind(parse("p", TEXT)), pipeline("EXECUTE p"));
        script.alone("DEALLOCATE behind Parse and Flush", flushed(parse("p", TEXT), flush()), pipeline("DEALLOCATE p"));
        script.alone(
                "pg_prepared_statements behind Parse and Flush",
                flushed(parse("p", TEXT), flush()),
                pipeline(PREPARED),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "pg_prepared_statements behind Parse and Flush in a transaction",
                ask(query("BEGIN")),
                flushed(parse("p", TEXT), bind("c1", "p"), flush()),
                ask(parse("", PREPARED), bind("", ""), execute("", 0), execute("c1", 0), sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "pg_prepared_statements behind an error and Flush",
                ask(parse("p", TEXT), sync()),
                flushed(bind("", "missing"), flush()),
                pipeline(PREPARED),
                pipeline(PREPARED));
        script.alone(
                "pg_prepared_statements behind an error without Flush",
                ask(parse("p", TEXT), sync()),
                behind(bind("", "missing")),
                pipeline(PREPARED),
                pipeline(PREPARED));
        script.alone(
                "EXECUTE behind COPY that waits for data",
                ask(parse("p", TEXT), sync()),
                behind(parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0)),
                pipeline("EXECUTE p"),
                ask(sync()));
    }

    private void ofHiddenDeallocation() {
        script.alone(
                "a function deallocates before pg_prepared_statements",
                ask(parse("s", TEXT), sync()),
                behind(query(DEALLOCATE)),
                ask(run(PREPARED)));
        script.alone(
                "a function deallocates before PREPARE",
                ask(parse("s", TEXT), sync()),
                ask(query(DEALLOCATE), query("PREPARE s AS SELECT 2"), query("EXECUTE s")));
        script.alone(
                "a function deallocates what its server does not have",
                ask(parse("s", TEXT), sync()),
                ask(query("PREPARE x AS SELECT 1")),
                ask(query("DEALLOCATE x")),
                ask(query(DEALLOCATE)),
                ask(bind("", "s"), sync()));
        script.alone(
                "a function deallocates just after a definition",
                ask(parse("s", TEXT), sync()),
                ask(query("PREPARE x AS SELECT 1")),
                ask(query("DEALLOCATE x")),
                ask(
                        query("CREATE OR REPLACE FUNCTION f_deallocate() RETURNS void LANGUAGE plpgsql AS"
                                + " 'BEGIN DEALLOCATE ALL; END'"),
                        query(DEALLOCATE),
                        bind("", "s"),
                        sync()));
        script.alone(
                "PREPARE behind a transaction that has failed, then a Bind in another one",
                ask(query("BEGIN; SELECT 1/0")),
                ask(query("ROLLBACK AND CHAIN; DEALLOCATE PREPARE ALL; PREPARE p AS SELECT 3")),
                ask(parse("p", "SELECT 1; SELECT 2"), sync()),
                ask(bind("", "p"), sync()));
        script.alone(
                "a function deallocates the statement that calls it",
                ask(parse("s", DEALLOCATE), bind("", "s"), execute("", 0), sync(), bind("", "s", "2"), sync()),
                ask(bind("", "s"), sync()));
        script.alone(
                "a function deallocates the statement that calls it in a transaction",
                ask(query("BEGIN")),
                ask(parse("s", DEALLOCATE), bind("", "s"), execute("", 0), sync()),
                ask(run(PREPARED)),
                ask(bind("", "s", "2"), sync()));
        script.alone(
                "a function deallocates the statement that calls it, without Sync behind",
                ask(parse("s", DEALLOCATE), sync(), query("SELECT pg_sleep(0.2)")),
                ask(bind("", "s"), execute("", 0), sync(), bind("", "s", "2")));
        script.alone(
                "a function deallocates the statement that calls it, and more in the same batch",
                ask(parse("s", DEALLOCATE), bind("", "s"), execute("", 0), bind("", "s"), execute("", 0), sync()),
                ask(bind("", "s"), sync()));
        script.alone(
                "a function deallocates in a transaction",
                ask(query("BEGIN")),
                ask(parse("s", TEXT), sync()),
                ask(query(DEALLOCATE)),
                ask(run(PREPARED)),
                ask(bind("", "s"), sync()),
                ask(query("ROLLBACK")),
                ask(bind("", "s"), sync()));
        script.alone(
                "EXECUTE bound again when its statement gives columns",
                ask(parse("", "EXECUTE s1"), sync()),
                ask(bind("", ""), parse("s1", "SELECT v FROM t WHERE id <> $1 ORDER BY id"), sync()),
                ask(bind("", ""), sync()));
        script.alone(
                "a function deallocates before Parse",
                ask(parse("s", TEXT), sync()),
                ask(query(DEALLOCATE), parse("s", "SELECT 2"), bind("", "s"), execute("", 0), sync()));
    }

    private void ofDeallocationInStrings() {
        for (var gone : List.of("DEALLOCATE ALL", "DEALLOCATE s1"))
            script.alone(
                    "Parse behind " + gone + " and a new function, in one write",
                    ask(query("SELECT pg_advisory_lock(1)")),
                    ask(parse("s1", "SELECT 1"), sync(), parse("s2", "SELECT 2"), sync()),
                    ask(query("CREATE FUNCTION f_new() RETURNS int LANGUAGE plpgsql AS"
                            + " 'BEGIN IF false THEN DEALLOCATE s1; END IF; RETURN 1; END'")),
                    ask(parse("", gone), bind("", ""), execute("", 0), sync(), query("SELECT f_new()")),
                    ask(parse("s1", "SELECT 3"), sync()),
                    ask(parse("s2", "SELECT 4"), sync()),
                    ask(query(PREPARED)),
                    ask(query("SELECT pg_advisory_unlock_all()")));
        script.alone(
                "Parse behind DEALLOCATE ALL in a string, in one write",
                ask(parse("s1", TEXT), sync()),
                ask(query("DEALLOCATE ALL; SELECT pg_sleep(0.2)"), parse("s1", "SELECT 3"), sync()),
                ask(bind("", "s1"), execute("", 0), sync()));
        script.alone(
                "Parse behind DEALLOCATE ALL in a string that fails, in one write",
                ask(parse("s1", TEXT), sync()),
                ask(query("DEALLOCATE ALL; SELECT 1/0"), parse("s1", "SELECT 3"), bind("", "s1"), sync()),
                ask(bind("", "s1"), execute("", 0), sync()));
        script.alone(
                "Bind behind DEALLOCATE in DO, in one write",
                ask(parse("s1", TEXT), sync()),
                ask(
                        query("DO $$ BEGIN PERFORM pg_sleep(0.2); EXECUTE 'DEALLOCATE ALL'; END $$"),
                        parse("s1", "SELECT 3"),
                        bind("", "s1"),
                        execute("", 0),
                        sync()),
                ask(bind("", "s1"), execute("", 0), sync()));
    }

    private void ofOlderSettings() {
        script.alone(
                "EXECUTE in a transaction of a statement with two older settings",
                ask(parse("p", BEFORE_FIVE), sync()),
                ask(query("SET TimeZone = 'Asia/Tokyo'"), query("SET IntervalStyle = 'iso_8601'")),
                ask(query("BEGIN")),
                ask(query("SELECT 1")),
                ask(query("EXECUTE p")),
                ask(query("COMMIT")));
        script.together(
                "the unnamed statement with two older settings on another server",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(parse("", BEFORE_FIVE), sync())),
                new Turn(0, ask(parse("s", "SET TimeZone = 'Asia/Tokyo'"), bind("c", "s"), execute("c", 0), sync())),
                new Turn(
                        0,
                        ask(parse("s1", "SET IntervalStyle = 'iso_8601'"), bind("c", "s1"), execute("c", 0), sync())),
                new Turn(1, ask(run("SELECT 1 FROM t FOR UPDATE"))),
                new Turn(0, ask(bind("c", ""), execute("c", 0), sync())),
                new Turn(0, ask(bind("c", ""), execute("c", 0), sync())),
                new Turn(0, ask(query("SHOW TimeZone; SHOW IntervalStyle"))));
        var sets = "SELECT set_config('app.tenant', $1, false)";
        var read = "SELECT id FROM t WHERE id = $1";
        script.alone(
                "a statement with older settings behind a setting that only the server knows",
                ask(parse("s", read), bind("", "s", "1"), execute("", 0), sync()),
                ask(query("SET app.tenant = 'known'")),
                ask(
                        parse("s1", sets),
                        bind("", "s1", "new"),
                        execute("", 0),
                        sync(),
                        bind("", "s", "1"),
                        execute("", 0),
                        sync()),
                ask(query("SHOW app.tenant")));
        script.alone(
                "a statement with older settings in a transaction behind a setting that only the server knows",
                ask(parse("s", read), bind("", "s", "1"), execute("", 0), sync()),
                ask(query("SET app.tenant = 'known'")),
                ask(query("BEGIN")),
                ask(parse("s1", sets), bind("c", "s1", "new"), execute("c", 0), sync()),
                ask(bind("c1", "s", "1"), execute("c1", 0), sync()),
                ask(query("SHOW app.tenant")),
                ask(query("COMMIT")),
                ask(query("SHOW app.tenant")));
        var writes = "INSERT INTO t2 (v) SELECT count(*) FROM shared.ref WHERE at < '2024-01-01 05:00' RETURNING v";
        for (var zone : List.of("false", "true"))
            script.together(
                    "a statement parsed behind set_config('TimeZone', …, " + zone + ") is nobody else's",
                    script.startup(),
                    script.startup(),
                    new Turn(1, ask(parse("s", writes), describe('S', "s"), sync())),
                    new Turn(0, ask(query("BEGIN"))),
                    new Turn(0, ask(query("SELECT set_config('TimeZone', 'Asia/Tokyo', " + zone + ")"))),
                    new Turn(0, ask(parse("s", writes), describe('S', "s"), sync())),
                    new Turn(0, ask(query("ROLLBACK"))),
                    new Turn(1, ask(bind("", "s"), execute("", 0), sync())));
        script.alone(
                "a statement with older settings behind SET LOCAL",
                ask(parse("s", read), bind("", "s", "1"), execute("", 0), sync()),
                ask(query("SET app.tenant = 'known'")),
                ask(query("BEGIN")),
                ask(query("SET LOCAL app.tenant = 'local'")),
                ask(bind("", "s", "1"), execute("", 0), sync()),
                ask(query("SHOW app.tenant")),
                ask(query("COMMIT")),
                ask(query("SHOW app.tenant")));
    }

    private void ofThePortal() {
        script.alone(
                "the portal of BEGIN behind a FunctionCall",
                ask(query("PREPARE q AS SELECT 1"), query("DEALLOCATE q")),
                ask(parse("p", TEXT), sync()),
                ask(parse("", "BEGIN"), bind("", ""), execute("", 0), parse("", "BEGIN"), sync()),
                ask(functionCall(UPPER, "abc")),
                ask(describe('P', ""), sync()));
        script.alone(
                "the portal of a failed Query before pg_prepared_statements",
                ask(query("BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY")),
                ask(query("SELECT f_raise()"), query(PREPARED), query("SET TRANSACTION READ WRITE")),
                ask(describe('P', ""), sync()));
        script.alone(
                "the portal beside EXECUTE in a transaction",
                ask(parse("p", TEXT), sync()),
                ask(query("BEGIN")),
                ask(parse("", "VALUES (1), (2), (3)"), bind("", ""), execute("", 1), sync()),
                ask(parse("s", "EXECUTE p"), bind("c1", "s"), execute("c1", 0), execute("", 1), sync()),
                ask(bind("", ""), execute("", 1), sync()));
    }

    private void ofWhatCannotBePrepared() {
        var view = "CREATE TEMP VIEW t AS SELECT 99 AS id";
        script.alone(
                "pg_prepared_statements shows what cannot be prepared any more",
                ask(parse("s1", "UPDATE t SET n = $1 WHERE id = 1"), sync()),
                ask(query(view)),
                ask(query(PREPARED)),
                ask(query(PREPARED)),
                ask(query("BEGIN")),
                ask(query(PREPARED)),
                ask(query("COMMIT")),
                ask(query("DROP VIEW t")),
                ask(bind("", "s1", "3"), execute("", 0), sync()));
        script.alone(
                "pg_prepared_statements shows it in a transaction",
                ask(query("BEGIN")),
                ask(parse("s0", "SELECT 1"), parse("s1", "UPDATE t SET n = $1 WHERE id = 1"), sync()),
                ask(query(view)),
                ask(query(PREPARED)),
                ask(query(PREPARED)));
        script.alone(
                "EXECUTE of what cannot be prepared any more, without its parameter",
                ask(parse("s1", "UPDATE t SET n = $1 WHERE id = 1"), sync()),
                ask(query(view)),
                ask(query("EXECUTE s1")),
                ask(run("EXECUTE s1")));
        script.alone(
                "DO deallocates what cannot be prepared any more",
                ask(parse("s1", "UPDATE t SET n = $1 WHERE id = 1"), sync()),
                ask(query(view)),
                ask(query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")),
                ask(parse("s1", "SELECT 2"), sync()),
                ask(query(PREPARED)));
        Step gone = ask(query("CREATE TABLE gone (x int)"));
        Step drop = ask(query("DROP TABLE gone"));
        script.alone(
                "pg_prepared_statements behind a batch with BEGIN in one pipeline, with what cannot be prepared",
                gone,
                ask(parse("g", "SELECT x FROM gone"), sync()),
                drop,
                ask(query("BEGIN; INSERT INTO t (id, v) VALUES (914, 'behind')"), query(PREPARED), query("COMMIT")),
                ask(query("SELECT v FROM t WHERE id = 914")));
        script.alone(
                "EXECUTE in a transaction of what can be prepared, behind what cannot be prepared",
                gone,
                ask(parse("g", "SELECT x FROM gone"), parse("s", TEXT), sync()),
                drop,
                ask(query("BEGIN")),
                ask(query("INSERT INTO t (id, v) VALUES (915, 'before')")),
                ask(query("EXECUTE s")),
                ask(bind("", "s"), execute("", 0), sync()),
                ask(query(PREPARED)),
                ask(query("COMMIT")),
                ask(query("EXECUTE s")));
        script.alone(
                "a statement that deallocates itself, and another one of its name behind it in one batch",
                ask(
                        parse("s1", "DEALLOCATE s1"),
                        bind("", "s1"),
                        execute("", 0),
                        parse("s1", "SELECT $1::int + 1"),
                        bind("", "s1", "0"),
                        execute("", 0),
                        sync()),
                ask(bind("c2", "s1"), sync()),
                ask(bind("", "s1", "5"), execute("", 0), sync()),
                ask(query(PREPARED)));
        var afterFailure = "COMMIT; SELECT 1; PREPARE s1 AS SELECT 'by SQL'";
        script.alone(
                "Parse of a name that PREPARE has taken behind the end of a failed transaction",
                ask(parse("s2", "SELECT 2"), sync()),
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(query(afterFailure)),
                ask(parse("s1", "SELECT $1::text"), sync()),
                ask(query("EXECUTE s1")),
                ask(close('S', "s1"), sync()),
                ask(query("EXECUTE s1")),
                ask(bind("", "s2"), execute("", 0), sync()));
        script.alone(
                "Close of such a name",
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(query(afterFailure)),
                ask(close('S', "s1"), sync()),
                ask(query("EXECUTE s1")));
        script.alone(
                "Close of the unnamed statement before transaction modes",
                ask(parse("s1", "SELECT 1"), sync()),
                ask(query("DO $$ BEGIN END $$; COMMIT; BEGIN READ ONLY")),
                ask(parse("", "COMMIT"), close('S', ""), sync()),
                ask(query("SET TRANSACTION READ WRITE")),
                ask(query("COMMIT")));
        script.alone(
                "Close of such a name in one batch",
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(
                        parse("", "ROLLBACK"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "PREPARE s1 AS SELECT 'by SQL'"),
                        bind("", ""),
                        execute("", 0),
                        close('S', "s1"),
                        sync()),
                ask(query("EXECUTE s1")));
        script.alone(
                "Close and Parse of such a name in one batch",
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(
                        parse("", "ROLLBACK"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "PREPARE s1 AS SELECT 'by SQL'"),
                        bind("", ""),
                        execute("", 0),
                        close('S', "s1"),
                        parse("s1", "SELECT 'parsed'"),
                        sync()),
                ask(query("EXECUTE s1")),
                ask(query(PREPARED)),
                ask(bind("", "s1"), execute("", 0), sync()));
        script.alone(
                "Parse of such a name in one pipeline",
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(query(afterFailure), parse("s1", "SELECT $1::text"), sync()),
                ask(query("EXECUTE s1")));
        script.alone(
                "Parse of such a name in a transaction",
                ask(query("BEGIN")),
                ask(query("SELECT 1/0")),
                ask(query("ROLLBACK; BEGIN; PREPARE s1 AS SELECT 'by SQL'")),
                ask(parse("s1", "SELECT $1::text"), sync()),
                ask(query("ROLLBACK")),
                ask(query("EXECUTE s1")));
        script.alone(
                "Parse of a name that is taken elsewhere, behind an error in a transaction",
                ask(parse("s1", "SELECT 1"), sync()),
                ask(query("DO $$BEGIN PERFORM 1; END$$")),
                ask(parse("s0", "SELECT $1::text"), sync()),
                ask(bind("", "s0", "a"), execute("", 0), sync()),
                ask(query("BEGIN")),
                ask(query("SELECT 1/0"), parse("s0", "SELECT 2"), sync()),
                ask(query("ROLLBACK; DO $$BEGIN PERFORM 1; END$$")),
                ask(parse("s0", "SELECT 3"), sync()),
                ask(bind("", "s0", "a"), execute("", 0), sync()));
        script.alone(
                "EXECUTE, parsed and bound, of a statement whose table is out of sight",
                ask(parse("s1", "INSERT INTO t (id, v) VALUES (922, 'x') RETURNING id"), sync()),
                ask(query("SET search_path = pg_temp")),
                ask(parse("p", "EXECUTE s1"), sync()),
                ask(bind("", "p"), execute("", 0), sync()),
                ask(parse("", "EXECUTE s1"), bind("", ""), execute("", 0), sync()),
                ask(bind("", "", "2"), sync()),
                ask(query("BEGIN")),
                ask(parse("q", "EXECUTE s1"), bind("", "q"), sync()),
                ask(query("COMMIT")),
                ask(bind("", "q"), execute("", 0), sync()));
        Sent[] deallocates = {parse("", "DEALLOCATE s1"), bind("", ""), execute("", 0)};
        script.alone(
                "another statement of a name behind its DEALLOCATE in one batch, twice",
                ask(parse("s1", "SELECT 'old'"), sync()),
                ask(
                        deallocates[0],
                        deallocates[1],
                        deallocates[2],
                        parse("s1", "INSERT INTO t (id, v) VALUES ($1, 'new')"),
                        describe('S', "s1"),
                        bind("", "s1", "921"),
                        execute("", 0),
                        deallocates[0],
                        deallocates[1],
                        deallocates[2],
                        parse("s1", "SELECT v FROM t WHERE id = $1"),
                        bind("c2", "s1", "921"),
                        describe('S', "s1"),
                        execute("c2", 0),
                        parse("s1", "SELECT 3"),
                        sync()),
                ask(bind("", "s1", "921"), execute("", 0), sync()),
                ask(query(PREPARED)));
        script.alone(
                "Close of another statement of a name behind its DEALLOCATE in one batch",
                ask(parse("s1", "SELECT 'old'"), sync()),
                ask(
                        deallocates[0],
                        deallocates[1],
                        deallocates[2],
                        parse("s1", "SELECT 'new'"),
                        close('S', "s1"),
                        parse("s1", "SELECT $1::int + 1"),
                        bind("", "s1", "4"),
                        execute("", 0),
                        sync()),
                ask(bind("", "s1", "5"), execute("", 0), sync()),
                ask(query(PREPARED)));
        script.alone(
                "Close behind COPY that waits for data",
                ask(parse("s", TEXT), sync()),
                ask(
                        parse("", "COPY t (id, v) FROM STDIN"),
                        bind("", ""),
                        execute("", 0),
                        close('S', "s"),
                        parse("s", "SELECT 1"),
                        sync()),
                ask(bind("", "s"), execute("", 0), sync()));
    }

    private void ofTheUnnamedStatement() {
        for (var command : List.of("LISTEN ch", "SET LOCAL TimeZone = 'Asia/Tokyo'", "SAVEPOINT a", "DISCARD PLANS"))
            script.alone(
                    "the unnamed " + command + " is described in a failed transaction",
                    ask(parse("", command), sync()),
                    ask(parse("b", "BEGIN"), bind("", "b"), execute("", 0), sync()),
                    ask(bind("", "missing"), sync()),
                    ask(describe('S', ""), sync()),
                    ask(bind("", ""), sync()));
        script.alone(
                "the unnamed statement before one that is discarded",
                ask(query("BEGIN")),
                ask(
                        parse("", "EXECUTE missing"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "SELECT 2"),
                        parse("", "SELECT 3"),
                        sync()),
                ask(describe('S', ""), sync()));
        script.alone(
                "the unnamed statement of BEGIN before one that is discarded",
                ask(
                        parse("", "START TRANSACTION READ ONLY"),
                        bind("", ""),
                        execute("", 0),
                        bind("", "missing"),
                        parse("", "SELECT 2"),
                        sync()),
                ask(bind("", "", "2"), sync()));
        script.alone(
                "the unnamed statement on a server that was asked",
                ask(query("SELECT pg_advisory_lock(77)")),
                ask(run("SELECT pg_advisory_lock_shared(77)")),
                ask(bind("", "missing"), parse("", "SELECT 12 / $1::int"), sync(), bind("", "", "2"), sync()),
                ask(describe('S', ""), sync()));
        script.together(
                "the unnamed statement with older settings on another server",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(parse("", "UPDATE t SET n = $1 WHERE id = 1"), sync())),
                new Turn(0, ask(parse("s", "SET search_path = pg_temp"), bind("", "s"), execute("", 0), sync())),
                new Turn(1, ask(run("UPDATE t SET n = 1 WHERE id = 1"))),
                new Turn(0, ask(bind("c1", ""), sync())),
                new Turn(0, ask(describe('S', ""), sync())),
                new Turn(0, ask(query("SHOW search_path"))));
        script.alone(
                "BEGIN is described in the failed transaction that it began",
                ask(parse("p", "BEGIN"), bind("", "p"), execute("", 0), sync()),
                ask(query("SELECT 1/0")),
                ask(describe('S', "p"), bind("", "p"), sync()),
                ask(query("ROLLBACK")));
        script.alone(
                "the unnamed statement before a Query that is discarded",
                ask(
                        parse("", "UPDATE t SET n = 1 WHERE id = 1"),
                        bind("", "missing"),
                        query("SELECT 1"),
                        close('S', ""),
                        sync()),
                ask(bind("", ""), execute("", 0), sync()));
        script.alone(
                "a statement with older settings beside the unnamed one",
                ask(parse("s1", "SELECT id FROM t WHERE id = $1"), sync()),
                ask(query("SET standard_conforming_strings = off")),
                ask(query("PREPARE x AS SELECT 1")),
                ask(query("DEALLOCATE x")),
                ask(parse("", "UPDATE t SET n = 1 WHERE id = 1"), sync()),
                ask(bind("", ""), parse("s1", "SELECT 2"), execute("", 0), sync()),
                ask(bind("", ""), execute("", 0), sync()));
    }
}
