package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.List;

/// Conversations in which a statement or portal means something else than when the client made it.
final class ChangedMeaningConversations {
    private static final String HIDING = "CREATE TEMP VIEW t AS SELECT 99 AS id";

    /// Frees a name, takes it again and fails.
    private static final Sent[] FREED = {
        parse("s", "DISCARD ALL"),
        bind("", "s"),
        execute("", 0),
        parse("s", "SELECT set_config('app.tenant', $1, false)"),
        bind("c1", "s", "2"),
        describe('S', "p"),
        sync()
    };

    private final Script script;

    ChangedMeaningConversations(Script script) {
        this.script = script;
    }

    void write() {
        var hidden = "DO $$ BEGIN PERFORM set_config(n, 'do', false) FROM (VALUES ('app.tenant')) v (n); END $$";
        script.alone(
                "a statement of another value of a custom parameter than DO sets unseen",
                ask(query("SET app.tenant = 'one'")),
                ask(parse("s", "SELECT timestamptz '2024-01-01 00:00'"), sync()),
                ask(query("RESET ALL")),
                ask(query("CREATE TEMP TABLE tt (a int); SELECT count(*) FROM tt")),
                ask(query("DISCARD TEMP")),
                ask(query(hidden)),
                ask(bind("", "s"), execute("", 0), sync()),
                ask(query("SHOW app.tenant")));
        Step[] block = {ask(query("BEGIN")), ask(query("SELECT txid_current() > 0"))};
        var shown = ask(query("SELECT current_setting('app.hidden', true)"));
        var sets = hidden.replace("app.tenant", "app.hidden");
        script.alone(
                "what DO sets behind COMMIT in a string, and a transaction that is rolled back, in one write",
                block[0],
                block[1],
                ask(query("COMMIT; " + sets), query("BEGIN; ROLLBACK")),
                shown);
        for (var before : List.of("SET app.hidden = 'one'", "SET TimeZone = 'Asia/Tokyo'", sets))
            script.alone(
                    before + ", a COMMIT that nobody reads and ROLLBACK in one batch",
                    block[0],
                    block[1],
                    ask(query(before)),
                    pipeline(Script.LARGE + "COMMIT", "BEGIN", "ROLLBACK"),
                    shown,
                    ask(query("SHOW TimeZone")));
        script.alone(
                "what DO sets behind COMMIT in a batch, and ROLLBACK, in one write",
                block[0],
                block[1],
                ask(
                        parse("", "COMMIT"),
                        bind("", ""),
                        execute("", 0),
                        parse("", sets),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        query("ROLLBACK")),
                shown);
        script.alone(
                "what DO sets behind COMMIT in a batch that goes on to ROLLBACK",
                block[0],
                block[1],
                pipeline("COMMIT", sets, "BEGIN", "ROLLBACK"),
                ask(query("SELECT coalesce(current_setting('app.hidden', true), '')")));
        script.alone(
                "too few values for a statement whose table has gone",
                ask(parse("m", "SELECT id FROM migrated WHERE id = $1"), sync()),
                ask(query("DROP TABLE migrated")),
                ask(bind("", "m"), sync()));
        script.alone(
                "Describe of a statement whose column is hidden",
                ask(parse("p", "SELECT id, v FROM t WHERE id = $1"), sync()),
                ask(query(HIDING)),
                ask(describe('S', "p"), sync()),
                ask(bind("", "p", "1"), sync()));
        script.alone(
                "Describe of a statement whose columns have other types",
                ask(parse("p", "SELECT * FROM migrated WHERE id = $1"), sync()),
                ask(query("ALTER TABLE migrated ALTER COLUMN qty TYPE text USING 'q' || qty")),
                ask(describe('S', "p"), sync()));
        script.alone(
                "a portal is run again in a read-only transaction",
                ask(
                        parse("", "START TRANSACTION READ ONLY"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "SELECT 1"),
                        sync()),
                ask(
                        parse("s", "LOCK TABLE t IN ACCESS SHARE MODE"),
                        bind("", "s"),
                        execute("", 0),
                        execute("", 0),
                        sync()));
        script.alone(
                "a portal is run again in a deferred transaction",
                ask(query("BEGIN")),
                ask(parse("s", "SELECT 1"), bind("", "s"), execute("", 0), execute("", 0), sync()));
        script.alone(
                "a name that DISCARD ALL has freed is used again in a batch that fails",
                ask(FREED),
                ask(bind("", "s"), sync()),
                ask(bind("", "s", "3"), execute("", 0), sync()));
        script.alone(
                "a name that DISCARD ALL has freed is used again in a pipeline",
                behind(FREED),
                behind(bind("", "s1"), sync()),
                behind(query("SELECT txid_current_if_assigned() IS NULL")),
                ask(parse("", "SELECT nextval('missing')"), sync(), bind("", "s"), execute("", 0), sync()));
        script.alone(
                "a name that a function has freed is used again in one write",
                ask(parse("s", "SELECT 1"), sync()),
                ask(
                        query("SELECT f_deallocate()"),
                        parse("s", "SELECT 2"),
                        bind("", "s"),
                        execute("", 0),
                        sync(),
                        bind("", "s"),
                        execute("", 0),
                        sync()),
                ask(bind("", "s"), execute("", 0), sync()));
        script.alone(
                "a name that a function has freed is used again in a transaction",
                ask(parse("s", "SELECT 1"), sync()),
                ask(query("BEGIN")),
                ask(query("SELECT f_deallocate()")),
                ask(parse("s", "SELECT 2"), bind("", "s"), execute("", 0), sync()),
                ask(query("COMMIT")),
                ask(bind("", "s"), execute("", 0), sync()));
        script.alone(
                "Describe of a statement without rows whose table is gone",
                ask(parse("p", "INSERT INTO migrated (id) VALUES ($1)"), describe('S', "p"), sync()),
                ask(query("DROP TABLE migrated")),
                ask(parse("", "DEALLOCATE none"), describe('S', "p"), sync()),
                ask(bind("", "p", "1"), execute("", 0), sync()));
    }
}
