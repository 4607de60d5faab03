package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.flushed;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.ArrayList;
import java.util.List;
import org.pgdrover.it.exactness.Scenario.Turn;

/// Conversations in which settings hold for one transaction, while statements are used that were parsed with others.
///
/// PostgreSQL folds the time zone into a statement when it parses the statement.
final class LocalSettingsConversations {
    private static final String PARSED = "SELECT (timestamptz '2024-01-01 05:00' AT TIME ZONE 'UTC')::text";
    private static final String ELSEWHERE = "SELECT txid_current() > 0";
    private static final Step LOOK = ask(query("SHOW TimeZone"));
    private static final Step USED = ask(bind("", "p"), execute("", 0), sync());

    private final Script script;

    LocalSettingsConversations(Script script) {
        this.script = script;
    }

    void write() {
        for (var zone : List.of("SET TimeZone = 'Asia/Seoul'", "RESET TimeZone")) {
            for (var local : List.of(
                    "SET LOCAL TimeZone = 'Europe/Paris'",
                    "SET LOCAL TIME ZONE 'Europe/Paris'",
                    "SET LOCAL statement_timeout = '1min'",
                    "SET LOCAL TimeZone TO DEFAULT",
                    "SET TimeZone = 'Europe/Paris'; SAVEPOINT a; SET LOCAL TimeZone = 'Asia/Tokyo'; ROLLBACK TO a",
                    "SET LOCAL TimeZone = 'Asia/Tokyo'; SET TimeZone = 'Europe/Paris'",
                    "SELECT set_config('TimeZone', 'Europe/Paris', true)",
                    "DO $$ BEGIN PERFORM set_config('TimeZone', 'Europe/Paris', true); END $$",
                    "SELECT set_config('TimeZone', 'Europe/Paris', false)")) {
                ofOneParsedBefore(zone + ", " + local, zone, local);
                ofOneParsedMeanwhile(zone + ", " + local, zone, local);
            }
        }
        for (var end : List.of("COMMIT", "ROLLBACK"))
            script.alone(
                    "a statement that is prepared again behind " + end + " in one pipeline",
                    ask(query("SET TimeZone = 'Europe/Paris'")),
                    ask(parse("p", PARSED), sync()),
                    ask(query("RESET TimeZone")),
                    ask(query("BEGIN READ ONLY")),
                    ask(query("SELECT 7"), query(end), bind("", "p"), execute("", 0), sync()));
        var paris = "DO $$ BEGIN PERFORM set_config('TimeZone', 'Europe/Paris', true); END $$";
        var tokyo = "SELECT set_config('TimeZone', 'Asia/Tokyo', true)";
        ofOneBetween(paris, paris.replace("Europe/Paris", "Asia/Tokyo"));
        ofOneBetween(tokyo, paris);
        ofOneBetween(paris, "ROLLBACK TO a");
        ofOneBetween(tokyo, "ROLLBACK TO a");
        for (var call : List.of(paris, "SELECT f_set_locally('TimeZone', 'UTC')")) {
            writesBehind("a statement that fails behind " + call, ask(query(call)), ofOneThatFails());
            writesBehind("a statement that fails in a pipeline behind " + call, behind(query(call)), ofOneThatFails());
            writesBehind(
                    "a statement that fails behind one behind " + call,
                    ask(query(call)),
                    ask(parse("p", PARSED), bind("", "p"), execute("", 0), sync()),
                    ask(query("RESET app.x")),
                    ofOneThatFails());
        }
        script.alone(
                "a transaction's modes behind a block of which nobody knows what it sets",
                behind(
                        parse("", "DO $$ BEGIN SET ROLE other; END $$"),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        parse("", "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"),
                        bind("", ""),
                        execute("", 0),
                        sync()),
                ask(query("SHOW work_mem")),
                ask(
                        parse("", "START TRANSACTION READ ONLY"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "SET TRANSACTION READ WRITE"),
                        bind("", ""),
                        execute("", 0),
                        sync()),
                ask(query("SHOW transaction_read_only")),
                ask(query("ROLLBACK")));
        for (var function : List.of("f_set_locally", "f_config_locally", "f_set_utc"))
            ofAFunction(function + (function.endsWith("utc") ? "()" : "('TimeZone', 'UTC')"));
        var style = "SELECT extract(day FROM '02/03/2024'::timestamptz)::text";
        for (var local : List.of("", "LOCAL "))
            script.alone(
                    "statements between " + local + "styles of dates in one pipeline",
                    ask(query("SET DateStyle = 'German'")),
                    ask(
                            parse("", "BEGIN"),
                            bind("", ""),
                            execute("", 0),
                            parse("", "SET " + local + "DateStyle = 'DMY'"),
                            bind("", ""),
                            execute("", 0),
                            parse("p", style),
                            parse("", "SET " + local + "DateStyle = 'SQL'"),
                            bind("", ""),
                            execute("", 0),
                            parse("q", style),
                            parse("", "COMMIT"),
                            bind("", ""),
                            execute("", 0),
                            sync()),
                    USED,
                    ask(bind("", "q"), execute("", 0), sync()),
                    ask(query("SHOW DateStyle")));
        for (var mode : List.of("transaction_isolation = 'repeatable read'", "transaction_deferrable = on"))
            script.alone(
                    "SET LOCAL " + mode + " before a statement that is prepared again",
                    ask(query("SET TimeZone = 'Asia/Seoul'")),
                    ask(parse("p", PARSED), sync()),
                    ask(query("RESET TimeZone")),
                    ask(query("BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY")),
                    ask(query("SET LOCAL " + mode)),
                    USED,
                    ask(query("SHOW transaction_isolation; SHOW transaction_deferrable")),
                    ask(query("COMMIT")));
        script.alone(
                "SET TRANSACTION behind a command that takes no snapshot when it is parsed",
                ask(query("BEGIN")),
                ask(query("SAVEPOINT a")),
                ask(query("SET LOCAL TimeZone = 'Asia/Seoul'")),
                ask(query("ROLLBACK TO a")),
                ask(query("RELEASE a")),
                ask(parse("p", "LOCK TABLE t"), sync()),
                ask(query("SET TRANSACTION ISOLATION LEVEL SERIALIZABLE")),
                ask(query("COMMIT")));
        script.alone(
                "a large statement behind one that is prepared in its open batch",
                ask(query("SET TimeZone = 'Asia/Kolkata'")),
                ask(parse("p", PARSED), sync()),
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(query(ELSEWHERE)),
                flushed(
                        parse("", "SELECT set_config('TimeZone', 'Europe/Paris', false)"),
                        bind("", ""),
                        execute("", 0),
                        flush()),
                flushed(parse("", "SELECT name FROM pg_prepared_statements"), bind("", ""), execute("", 0), flush()),
                flushed(parse("big", Script.LARGE + PARSED), flush()),
                ask(bind("", "p"), execute("", 0), bind("", "big"), execute("", 0), sync()),
                LOOK,
                ask(bind("", "big"), execute("", 0), sync()),
                USED);
    }

    /// What holds behind the second is not what held at the Parse.
    private void ofOneBetween(String first, String second) {
        var name = "a statement between " + first + " and " + second;
        Sent[] one = {parse("", first), bind("", ""), execute("", 0)};
        Sent[] other = {parse("", second), bind("", ""), execute("", 0)};
        Step[] used = {
            ask(query("COMMIT")), ask(query("BEGIN READ ONLY")), ask(query("SELECT 7")), USED, ask(query("COMMIT"))
        };
        var begun = List.of(ask(query("BEGIN")), ask(query("SAVEPOINT a")));
        var batch = new ArrayList<>(begun);
        batch.add(ask(one[0], one[1], one[2], parse("p", PARSED), other[0], other[1], other[2], sync()));
        alone(name + " in one batch", batch, used);
        var pipeline = new ArrayList<>(begun);
        pipeline.add(ask(query(first), parse("p", PARSED), sync(), query(second)));
        alone(name + " in one pipeline", pipeline, used);
    }

    private static Step ofOneThatFails() {
        return ask(
                parse("q", "SELECT 1 / $1::int, " + PARSED.substring("SELECT ".length())),
                bind("", "q", "0"),
                execute("", 0),
                sync());
    }

    /// A statement that nobody can prepare elsewhere would keep the session on its standby.
    private void writesBehind(String name, Step... steps) {
        var all = new ArrayList<Step>();
        all.add(ask(query("BEGIN READ ONLY")));
        // The transaction begins where its first statement goes.
        all.add(ask(query("SELECT count(*) FROM t2")));
        all.addAll(List.of(steps));
        all.add(ask(query("ROLLBACK")));
        all.add(ask(query("INSERT INTO t2 (v) VALUES ('x')")));
        all.add(ask(bind("", "q", "1"), execute("", 0), sync()));
        script.alone(
                "a write behind a read-only transaction: " + name,
                script.startup("TimeZone", "Asia/Seoul"),
                all.toArray(Step[]::new));
    }

    private void ofAFunction(String call) {
        Sent[] called = {parse("", "SELECT " + call), bind("", ""), execute("", 0)};
        script.alone(
                "a statement behind " + call + " in one pipeline",
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(called[0], called[1], called[2], parse("p", PARSED), sync()),
                USED,
                LOOK);
        script.alone(
                "a statement behind " + call + " in a transaction",
                ask(query("SET TimeZone = 'Asia/Seoul'")),
                ask(query("BEGIN")),
                ask(query("SELECT " + call)),
                ask(parse("p", PARSED), sync()),
                ask(query("COMMIT")),
                USED,
                LOOK);
        var shared = PARSED + ", txid_current() > 0";
        script.together(
                "a statement behind " + call + " is nobody else's",
                script.startup("TimeZone", "Asia/Seoul"),
                script.startup("TimeZone", "Asia/Seoul"),
                new Turn(0, ask(parse("p", shared), sync())),
                new Turn(1, ask(called[0], called[1], called[2], parse("q", shared), sync())),
                new Turn(0, USED),
                new Turn(1, ask(bind("", "q"), execute("", 0), sync())));
    }

    /// The statement is not on the server that has the transaction.
    private void ofOneParsedBefore(String name, String zone, String local) {
        var begun = new ArrayList<Step>();
        begun.add(ask(query("SET TimeZone = 'Asia/Kolkata'")));
        begun.add(ask(parse("p", PARSED), sync()));
        begun.add(ask(query(zone)));
        begun.add(ask(query("BEGIN")));
        begun.add(ask(query(local)));
        alone(name + ": parsed before", begun, USED, LOOK, ask(query("COMMIT")), LOOK, USED);
        alone(name + ": parsed before, rolled back", begun, USED, LOOK, ask(query("ROLLBACK")), LOOK, USED);
        alone(
                name + ": parsed before, by SQL",
                begun,
                ask(query("EXECUTE p")),
                LOOK,
                ask(query("COMMIT")),
                LOOK,
                USED,
                ask(query("EXECUTE p")));
        alone(
                name + ": parsed before, in an open batch",
                begun,
                flushed(parse("", "SELECT 1"), bind("", ""), execute("", 0), flush()),
                flushed(bind("", "p"), execute("", 0), flush()),
                ask(parse("", "SHOW TimeZone"), bind("", ""), execute("", 0), sync()),
                ask(query("COMMIT")),
                LOOK,
                USED);
    }

    private void ofOneParsedMeanwhile(String name, String zone, String local) {
        var begun = new ArrayList<Step>();
        begun.add(ask(query("SET TimeZone = 'Asia/Kolkata'")));
        begun.add(ask(query(zone)));
        begun.add(ask(query("BEGIN")));
        begun.add(ask(query(local)));
        alone(name + ": parsed then", begun, ask(parse("p", PARSED), sync()), ask(query("COMMIT")), LOOK, USED);
        alone(
                name + ": parsed then, and rolled back",
                begun,
                ask(parse("p", PARSED), sync()),
                ask(query("SELECT 1/0")),
                ask(query("ROLLBACK")),
                USED);
        script.alone(
                name + ": parsed in a pipeline",
                ask(query(zone)),
                ask(
                        parse("", "BEGIN"),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        query(local),
                        parse("p", PARSED),
                        bind("", "p"),
                        execute("", 0),
                        parse("", "COMMIT"),
                        bind("", ""),
                        execute("", 0),
                        sync()),
                LOOK,
                USED);
    }

    private void alone(String name, List<Step> begun, Step... more) {
        var steps = new ArrayList<>(begun);
        steps.addAll(List.of(more));
        script.alone(name, steps.toArray(Step[]::new));
    }
}
