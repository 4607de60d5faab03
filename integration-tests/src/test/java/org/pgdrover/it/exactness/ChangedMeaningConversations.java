package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
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
                "UNLISTEN behind ROLLBACK in a string",
                ask(query("LISTEN ch")),
                behind(query("BEGIN; NOTIFY ch, 'never'; ROLLBACK; UNLISTEN *")),
                ask(run("NOTIFY ch, 'nor this'")),
                ask(query("SELECT 1")));
        script.alone(
                "UNLISTEN before ROLLBACK in a string",
                ask(query("LISTEN ch")),
                ask(query("BEGIN; UNLISTEN *; ROLLBACK; SELECT 1")),
                ask(run("NOTIFY ch, 'once'")),
                ask(query("BEGIN; UNLISTEN *; COMMIT; SELECT 1")),
                ask(run("NOTIFY ch, 'never'")),
                ask(query("SELECT 1")));
        for (var end : List.of("UNLISTEN ch", "UNLISTEN *"))
            script.alone(
                    "LISTEN, NOTIFY and " + end + " in one batch",
                    ask(query("LISTEN ch")),
                    pipeline("LISTEN ch", "NOTIFY ch, 'never'", end),
                    ask(query("NOTIFY ch, 'nor this'")),
                    ask(query("SELECT pg_listening_channels()")),
                    ask(query("SELECT 1")));
        script.alone(
                "LISTEN, NOTIFY and UNLISTEN in one batch in parts",
                ask(query("LISTEN ch")),
                ask(
                        parse("", "LISTEN ch"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "NOTIFY ch, 'never'"),
                        bind("", ""),
                        execute("", 0),
                        flush(),
                        parse("", "UNLISTEN ch"),
                        bind("", ""),
                        execute("", 0),
                        sync()),
                ask(query("NOTIFY ch, 'nor this'")),
                ask(query("SELECT 1")));
        script.alone(
                "NOTIFY behind UNLISTEN of another channel in one batch",
                ask(query("LISTEN ch")),
                pipeline("UNLISTEN other", "NOTIFY ch, 'own'"),
                ask(query("SELECT 1")));
        for (var back : List.of("ROLLBACK", "COMMIT"))
            script.alone(
                    "NOTIFY on both sides of " + back + " in one batch",
                    ask(query("LISTEN ch")),
                    pipeline("NOTIFY ch, 'before'", back, "NOTIFY ch, 'behind'"),
                    ask(query("NOTIFY ch, 'last'")),
                    ask(query("SELECT 1")));
        script.alone(
                "NOTIFY on both sides of ROLLBACK TO in one batch",
                ask(query("LISTEN ch")),
                ask(query("BEGIN")),
                pipeline("SAVEPOINT s", "NOTIFY ch, 'before'", "ROLLBACK TO s", "NOTIFY ch, 'behind'"),
                ask(query("COMMIT")),
                ask(query("SELECT 1")));
        script.alone(
                "LISTEN by portals in another order than they were bound in",
                ask(
                        parse("a", "LISTEN ch1"),
                        bind("pa", "a"),
                        parse("b", "LISTEN ch2"),
                        bind("pb", "b"),
                        execute("pb", 0),
                        execute("pa", 0),
                        sync()),
                ask(query("NOTIFY ch1, 'one'")),
                ask(query("NOTIFY ch2, 'two'")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")));
        script.alone(
                "pg_listening_channels() behind a string that fails in a block, in one write",
                ask(query("LISTEN ch")),
                ask(query("BEGIN; SELECT 1 / 0"), query("SELECT pg_listening_channels()")),
                ask(query("SELECT 1")),
                ask(query("ROLLBACK")));
        script.alone(
                "Describe of a statement without rows whose table is gone",
                ask(parse("p", "INSERT INTO migrated (id) VALUES ($1)"), describe('S', "p"), sync()),
                ask(query("DROP TABLE migrated")),
                ask(parse("", "DEALLOCATE none"), describe('S', "p"), sync()),
                ask(bind("", "p", "1"), execute("", 0), sync()));
        script.alone(
                "UNLISTEN, NOTIFY, LISTEN and pg_listening_channels() in one batch",
                ask(query("LISTEN ch1")),
                pipeline("UNLISTEN ch1", "NOTIFY ch1, 'never'", "LISTEN ch2", "SELECT pg_listening_channels()"),
                ask(query("NOTIFY ch1, 'nor this'")),
                ask(query("SELECT pg_listening_channels()")));
        script.alone(
                "LISTEN, COMMIT and pg_listening_channels() in one batch",
                pipeline("LISTEN ch", "COMMIT", "SELECT pg_listening_channels()"),
                ask(query("NOTIFY ch, 'own'")),
                ask(query("UNLISTEN ch")),
                ask(query("NOTIFY ch, 'never'")));
        script.alone(
                "NOTIFY behind DISCARD ALL and LISTEN in one batch",
                pipeline("DISCARD ALL", "LISTEN ch"),
                ask(query("NOTIFY ch, 'own'")),
                ask(query("SELECT 1")));
        script.alone(
                "channels that were shown on a pinned server are listened to no more",
                ask(query("SELECT pg_advisory_lock(8871)")),
                ask(query("LISTEN ch1")),
                ask(query("LISTEN ch2")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")),
                ask(run("UNLISTEN ch1")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")),
                ask(run("UNLISTEN *")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")),
                ask(query("SELECT pg_advisory_unlock(8871)")));
    }
}
