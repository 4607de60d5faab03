package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.LARGE;
import static org.pgdrover.it.exactness.Script.PREPARED;
import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.List;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Conversations about prepared statements in which a proxy once answered otherwise than PostgreSQL.
final class StatementConversations {
    private static final String ABOUT_SETTINGS = """
            SELECT count(*), '1 day'::interval::text, max(at)::text, (SELECT n FROM same), chr(233)
            FROM shared.ref WHERE at < '2024-01-01 05:00'
            """;
    private static final List<String> SETTINGS = List.of(
            "TimeZone=Asia/Tokyo",
            "DateStyle=German",
            "IntervalStyle=iso_8601",
            "search_path=shared",
            "client_encoding=LATIN1",
            "standard_conforming_strings=off");

    private final Script script;

    StatementConversations(Script script) {
        this.script = script;
    }

    void write() {
        ofPreparedStatements();
        ofTheUnnamedStatement();
        ofTheSameText();
    }

    private void ofPreparedStatements() {
        script.alone(
                "EXECUTE of a statement of the protocol", ask(parse("p", "SELECT 1"), sync()), ask(query("EXECUTE p")));
        script.alone(
                "EXECUTE of a statement of the protocol, pipelined",
                behind(parse("p", "SELECT 1"), sync()),
                ask(query("EXECUTE p")));
        script.alone(
                "PREPARE of a name that the protocol uses",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("PREPARE p AS SELECT 2")));
        script.alone(
                "Parse of a name that SQL uses",
                ask(query("PREPARE p AS SELECT 2")),
                ask(parse("p", "SELECT 1"), sync()));
        script.alone(
                "Bind of a statement prepared by SQL",
                ask(query("PREPARE p AS SELECT 2")),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "DEALLOCATE in the extended protocol",
                ask(parse("p", "SELECT 1"), sync()),
                ask(run("DEALLOCATE p")),
                ask(bind("", "p"), sync()));
        script.alone(
                "DEALLOCATE in a string with others",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("SELECT 1; DEALLOCATE p")),
                ask(bind("", "p"), sync()));
        script.alone("DEALLOCATE behind Parse without Sync", ask(parse("p", "SELECT 1"), query("DEALLOCATE p")));
        script.alone(
                "DEALLOCATE ALL with another statement",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("DEALLOCATE ALL; SELECT 1")),
                ask(bind("", "p"), sync()));
        script.alone(
                "DEALLOCATE ALL in DO",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$")),
                ask(bind("", "p"), sync()));
        script.alone(
                "DEALLOCATE ALL before an error",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("DEALLOCATE ALL; SELECT 1/0")),
                ask(bind("", "p"), sync()));
        script.alone("pg_prepared_statements", ask(parse("p", "SELECT 1"), sync()), ask(query(PREPARED)));
        script.alone("pg_prepared_statements in the same write", ask(parse("p", "SELECT 1"), sync(), query(PREPARED)));
        script.alone("the statement's name in an error", ask(parse("p", "SELECT $1::int"), bind("", "p"), sync()));
        script.alone(
                "the statement's name in an error, with a missing one behind it",
                ask(parse("s", "SELECT $1::int"), sync()),
                ask(bind("c1", "s"), sync(), describe('S', "s1"), sync()));
        script.alone(
                "Parse twice behind an error",
                ask(
                        bind("", "missing"),
                        parse("b", "SELECT 1"),
                        sync(),
                        parse("b", "SELECT 2"),
                        sync(),
                        bind("", "b"),
                        execute("", 0),
                        sync()));
        script.alone(
                "a skipped Parse runs nothing",
                ask(
                        bind("", "missing"),
                        parse("b", "INSERT INTO t VALUES (77)"),
                        sync(),
                        parse("b", "SELECT 1"),
                        bind("", "b"),
                        execute("", 0),
                        sync()),
                ask(query("SELECT count(*) FROM t")));
        script.alone(
                "Parse in a failed transaction",
                ask(query("BEGIN; SELECT 1/0")),
                ask(parse("z", "SELECT 1"), sync()),
                ask(query("ROLLBACK")),
                ask(bind("", "z"), sync()));
        script.alone(
                "Parse of a name in use in a failed transaction",
                ask(parse("p", "SELECT 1"), sync()),
                ask(query("BEGIN; SELECT 1/0")),
                ask(parse("p", "ROLLBACK"), sync()),
                ask(parse("p", "SELECT 2"), sync()),
                ask(parse("p", "SELEC"), sync()),
                ask(query("ROLLBACK")),
                ask(query(PREPARED)),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "Parse of a name in use whose table is gone",
                ask(parse("p", "SELECT id FROM migrated"), sync()),
                ask(query("DROP TABLE migrated")),
                ask(parse("p", "SELECT 1"), sync()),
                ask(parse("q", "SELECT id FROM migrated"), sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "a large named statement",
                ask(parse("b", LARGE + "SELECT 1"), sync()),
                ask(bind("", "b"), execute("", 0), sync()),
                ask(query("SELECT name FROM pg_prepared_statements")));
        script.alone(
                "columns changed under a statement",
                ask(parse("m", "SELECT * FROM migrated ORDER BY id"), bind("", "m"), execute("", 0), sync()),
                ask(query("ALTER TABLE migrated DROP COLUMN price, ADD COLUMN price int DEFAULT 7")),
                ask(bind("", "m"), execute("", 0), sync()),
                ask(bind("", "m"), describe('P', ""), execute("", 0), sync()));
        script.alone(
                "a table dropped under a statement",
                ask(parse("m", "SELECT id FROM migrated"), sync()),
                ask(query("DROP TABLE migrated")),
                ask(parse("n", "SELECT id FROM migrated"), sync()),
                ask(bind("", "m"), execute("", 0), sync()));
        script.alone(
                "Close and Parse again",
                ask(parse("p", "SELECT 1"), sync()),
                ask(close('S', "p"), parse("p", "SELECT 'two'"), bind("", "p"), execute("", 0), sync()));
    }

    private void ofTheUnnamedStatement() {
        script.alone(
                "a failed Parse of the unnamed statement",
                ask(parse("", "SELECT 1"), sync()),
                ask(parse("", "SELECT 1; SELECT 2"), sync()),
                ask(describe('S', ""), sync()));
        script.alone(
                "a Parse of the unnamed statement in a failed transaction",
                ask(parse("", "SELECT 1"), sync()),
                ask(query("BEGIN; SELECT 1/0")),
                ask(parse("", "SELECT 2"), sync()),
                ask(bind("", ""), sync()));
        script.alone(
                "a faulty text under a name in use",
                ask(parse("s", "SELECT 1"), sync()),
                ask(parse("s", "SELECT 1; SELECT 2"), sync()),
                ask(parse("s", "SELECT missing"), sync()),
                ask(bind("", "s"), execute("", 0), sync()));
        script.alone(
                "a simple query between Parse and Bind",
                ask(parse("", "SELECT 1"), sync()),
                ask(query("SELECT 2")),
                ask(bind("", ""), execute("", 0), sync()));
        script.alone(
                "the empty unnamed statement",
                ask(parse("", ""), sync()),
                ask(bind("", ""), sync()),
                ask(bind("", ""), execute("", 0), sync()));
        script.alone(
                "a large unnamed statement across Syncs",
                ask(parse("", LARGE + "SELECT 1"), sync()),
                ask(bind("", ""), execute("", 0), sync()));
        betweenTwo("SELECT n FROM same");
        betweenTwo(LARGE + "SELECT n FROM same");
        besideOthers();
        largeBehindOthers();
        portalsOfPartsThatWait();
        inAFailedTransaction();
        sequencesOfTwo();
    }

    private void betweenTwo(String text) {
        script.together(
                "the unnamed statements of two clients, " + text.length() + " characters",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(parse("", text), sync())),
                new Turn(1, ask(parse("", text + " AS other"), sync())),
                new Turn(1, ask(query("SELECT 1"))),
                new Turn(0, ask(bind("", ""), execute("", 0), sync())),
                new Turn(1, ask(bind("", ""), execute("", 0), sync())));
    }

    private void besideOthers() {
        var other = script.startup("application_name", "stranger");
        script.together(
                "the empty unnamed statement beside another client's",
                script.startup(),
                other,
                new Turn(0, ask(parse("", ""), sync())),
                new Turn(1, ask(query("SELECT 9"))),
                new Turn(0, ask(bind("", ""), execute("", 0), sync())),
                new Turn(1, ask(parse("", "SELECT 10"), bind("", ""), execute("", 0), sync())));
        script.together(
                "a large named statement beside another client's",
                script.startup(),
                other,
                new Turn(0, ask(parse("b", LARGE + "SELECT 1"), sync())),
                new Turn(1, ask(parse("b", LARGE + "SELECT 2"), bind("", "b"), execute("", 0), sync())),
                new Turn(0, ask(bind("", "b"), execute("", 0), sync())));
        script.together(
                "a statement of a new client on a table of other types",
                script.startup(),
                other,
                new Turn(
                        0,
                        ask(parse("m", "SELECT id FROM migrated WHERE id = $1 FOR SHARE"), describe('S', "m"), sync())),
                new Turn(0, ask(query("DROP TABLE migrated; CREATE TABLE migrated (id text)"))),
                new Turn(
                        1,
                        ask(
                                parse("m", "SELECT id FROM migrated WHERE id = $1 FOR SHARE"),
                                describe('S', "m"),
                                sync())));
        script.together(
                "a statement of a new client on other columns",
                script.startup(),
                other,
                new Turn(0, ask(parse("m", "SELECT * FROM migrated FOR SHARE"), bind("", "m"), execute("", 0), sync())),
                new Turn(0, ask(query("ALTER TABLE migrated DROP COLUMN price, ADD COLUMN price text DEFAULT 'x'"))),
                new Turn(
                        1, ask(parse("m", "SELECT * FROM migrated FOR SHARE"), bind("", "m"), execute("", 0), sync())));
        script.together(
                "a setting in GBK behind another client's",
                script.startup(),
                other,
                new Turn(0, ask(query("SET client_encoding = 'GBK'"))),
                new Turn(
                        0,
                        ask(query("SELECT set_config('app.tenant', convert_from('\\xd55c27'::bytea, 'GBK'), false)"))),
                new Turn(1, ask(query("SET app.tenant = 'other'"))),
                new Turn(0, ask(query("SELECT convert_to(current_setting('app.tenant'), 'UTF8')"))));
    }

    private void inAFailedTransaction() {
        script.together(
                "statements from elsewhere in a failed transaction",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(parse("back", "ROLLBACK TO SAVEPOINT a"), sync())),
                new Turn(0, ask(parse("one", "SELECT $1::int"), describe('S', "one"), sync())),
                new Turn(1, ask(query("DEALLOCATE ALL; SET TimeZone = 'Asia/Tokyo'"))),
                new Turn(0, ask(query("BEGIN; UPDATE t SET n = 1; SAVEPOINT a; SELECT 1/0"))),
                new Turn(0, ask(bind("", "one"), sync())),
                new Turn(0, ask(bind("", "one", "1"), sync())),
                new Turn(0, ask(bind("", "back"), execute("", 0), sync())),
                new Turn(0, ask(query("COMMIT"))));
    }

    private void portalsOfPartsThatWait() {
        script.together(
                "a portal that is executed and bound again in a part that waits",
                script.startup(),
                script.stranger(),
                new Turn(
                        0,
                        ask(
                                parse("later", "SELECT 2"),
                                parse("", "SELECT pg_sleep(0.3)"),
                                bind("", ""),
                                execute("", 0),
                                sync(),
                                parse("", "SET app.tenant = 'one'"),
                                bind("", ""),
                                Sent.flush(),
                                execute("", 0),
                                parse("", "SELECT 1"),
                                bind("", ""),
                                execute("", 0),
                                bind("", "later"),
                                execute("", 0),
                                sync())),
                new Turn(1, ask(query("UPDATE t SET n = 1"))),
                new Turn(0, ask(query("SHOW app.tenant"))));
    }

    private void largeBehindOthers() {
        script.together(
                "a large statement behind one that may run beside others' traces",
                script.startup(),
                script.startup("application_name", "stranger"),
                new Turn(1, ask(query("SET my.zz = 'q'"))),
                new Turn(
                        0,
                        ask(query("UPDATE t SET n = 1 WHERE id = 2"), query(LARGE + "SELECT v FROM t WHERE id = 2"))));
    }

    private void sequencesOfTwo() {
        script.together(
                "lastval() of another client",
                script.startup(),
                script.stranger(),
                new Turn(0, ask(query("SELECT nextval('sq')"))),
                new Turn(1, ask(query("SELECT lastval()"))),
                new Turn(0, ask(query("SELECT 1"))));
        for (var between : List.of(
                "UPDATE t SET n = 1 WHERE id = 2",
                "INSERT INTO t2 (id, v) VALUES (5000, 'x')",
                "DO $$ BEGIN NULL; END $$",
                "SELECT f_notice('x')"))
            script.together(
                    "lastval() of another client behind " + between,
                    script.startup(),
                    script.startup("application_name", "stranger"),
                    new Turn(0, ask(query("INSERT INTO t2 (v) VALUES ('first')"))),
                    new Turn(1, ask(query(between))),
                    new Turn(1, ask(query("SELECT lastval()"))));
        for (var asks : List.of(
                "SELECT f_lastval()",
                "SELECT * FROM v_lastval",
                "DO $$ BEGIN PERFORM lastval(); END $$",
                "INSERT INTO t (id, v) SELECT 900, f_lastval()"))
            script.together(
                    "lastval() of another client, asked by " + asks,
                    script.startup(),
                    script.startup("application_name", "stranger"),
                    new Turn(0, ask(query("SELECT nextval('sq')"))),
                    new Turn(1, ask(query(asks))));
        script.together(
                "lastval() of another client behind Flush",
                script.startup(),
                script.startup("application_name", "stranger"),
                new Turn(0, ask(query("SELECT nextval('sq')"))),
                new Turn(
                        1,
                        ask(
                                parse("", "UPDATE t SET n = 1 WHERE id = 2"),
                                bind("", ""),
                                execute("", 0),
                                flush(),
                                parse("", "SELECT lastval()"),
                                bind("", ""),
                                execute("", 0),
                                sync())));
        script.together(
                "lastval() of another client in a transaction",
                script.startup(),
                script.startup("application_name", "stranger"),
                new Turn(0, ask(query("SELECT nextval('sq')"))),
                new Turn(1, ask(query("BEGIN"), query("UPDATE t SET n = 1 WHERE id = 2"))),
                new Turn(1, ask(query("SELECT lastval()"))),
                new Turn(1, ask(query("ROLLBACK; SELECT lastval()"))));
        script.together(
                "lastval() where another client has left the name of a custom parameter",
                script.startup(),
                script.startup("application_name", "stranger"),
                new Turn(1, ask(query("SET my.zz = 'q'"))),
                new Turn(0, ask(query("SELECT nextval('sq')"))),
                new Turn(0, ask(query("SELECT lastval()"))));
        script.together(
                "DateStyle without an order behind another client's order",
                script.startup("DateStyle", "ISO"),
                script.startup("application_name", "stranger"),
                new Turn(1, ask(query("SET datestyle = 'German'"))),
                new Turn(0, ask(query("SELECT extract(month from '01/02/2026'::date)"))));
        script.alone(
                "DEALLOCATE ALL with a named Parse behind it in the pipeline",
                ask(
                        parse("", "DEALLOCATE ALL"),
                        bind("", ""),
                        execute("", 0),
                        parse("n", "SHOW lock_timeout"),
                        bind("", "n"),
                        execute("", 0),
                        sync()),
                ask(bind("", "n"), execute("", 0), sync()));
        script.together(
                "lastval() behind another client's, once it was asked for",
                script.startup(),
                script.startup("application_name", "stranger"),
                new Turn(0, ask(query("SELECT nextval('sq')"), query("SELECT lastval()"))),
                new Turn(1, ask(query("SELECT 1"))),
                new Turn(0, ask(query("SELECT lastval()"))),
                new Turn(0, ask(query("DISCARD SEQUENCES"))),
                new Turn(0, ask(query("SELECT lastval()"))));
    }

    private void ofTheSameText() {
        var text = "SELECT count(*) FROM shared.ref";
        script.alone(
                "two names of one text where both are missing",
                ask(parse("a", text), parse("b", text), sync()),
                ask(query("BEGIN"), query("INSERT INTO t (id, v) VALUES (911, 'primary')")),
                ask(bind("", "a"), execute("", 0), bind("", "b"), execute("", 0), sync()),
                ask(query("ROLLBACK")));
        for (var setting : SETTINGS) {
            var pair = setting.split("=", 2);
            script.together(
                    "the same text under another " + pair[0],
                    script.startup(),
                    script.startup(pair[0], pair[1]),
                    new Turn(0, ask(parse("s", ABOUT_SETTINGS), bind("", "s"), execute("", 0), sync())),
                    new Turn(1, ask(parse("s", ABOUT_SETTINGS), bind("", "s"), execute("", 0), sync())),
                    new Turn(0, ask(bind("", "s"), execute("", 0), sync())),
                    new Turn(1, ask(run(ABOUT_SETTINGS))));
        }
    }
}
