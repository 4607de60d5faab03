package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.flushed;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.close;
import static org.pgdrover.it.exactness.Sent.copyData;
import static org.pgdrover.it.exactness.Sent.copyDone;
import static org.pgdrover.it.exactness.Sent.describe;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.ArrayList;
import java.util.List;

/// Conversations in which a client writes what follows before it has its answer.
final class PipelineConversations {
    private static final String KILL = "SELECT pg_terminate_backend(pg_backend_pid())";
    private static final String INSERT = "INSERT INTO t (id, v) VALUES (910, 'piped')";

    private final Script script;

    PipelineConversations(Script script) {
        this.script = script;
    }

    void write() {
        ofNotifications();
        ofBegin();
        ofDiscarded();
        ofAQueryWithoutSync();
        ofAQueryBehindTheEndOfATransaction();
        ofCopy();
        ofBatchesInPieces();
        ofMessagesAmongCopiedData();
        ofSelfTermination();
    }

    /// What the proxy itself has to send comes between the pieces.
    private void ofBatchesInPieces() {
        var names = "SELECT name FROM pg_prepared_statements ORDER BY 1";
        Sent[] look = {parse("", names), bind("", ""), execute("", 0)};
        Sent[] begin = {
            parse("", "START TRANSACTION ISOLATION LEVEL SERIALIZABLE"), bind("", ""), describe('P', ""), flush()
        };
        script.alone(
                "the portal of START TRANSACTION before pg_prepared_statements",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                flushed(begin),
                ask(execute("", 0), look[0], look[1], look[2], sync()),
                ask(query("SHOW transaction_isolation")),
                ask(query("COMMIT")));
        script.alone(
                "the portal of START TRANSACTION before pg_prepared_statements, flushed",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                flushed(begin),
                flushed(execute("", 0), look[0], look[1], look[2], flush()),
                ask(query("SHOW transaction_isolation")),
                ask(query("COMMIT")),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "START TRANSACTION in pieces before pg_prepared_statements",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                flushed(begin[0], flush()),
                ask(begin[1], execute("", 0), look[0], look[1], look[2], sync()),
                ask(query("SHOW transaction_isolation")),
                ask(query("COMMIT")));
        Sent[] modes = {
            parse("", "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE"),
            bind("", ""),
            execute("", 0)
        };
        script.alone(
                "SET TRANSACTION before pg_prepared_statements in a transaction that has begun",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                ask(query("BEGIN")),
                ask(query("SET LOCAL TimeZone = 'Asia/Tokyo'")),
                ask(modes[0], modes[1], modes[2], look[0], look[1], look[2], sync()),
                ask(query("SHOW transaction_isolation")),
                ask(query("COMMIT")),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "SET TRANSACTION before a statement that was prepared elsewhere",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                ask(bind("", "p"), execute("", 0), sync()),
                ask(query("BEGIN")),
                ask(query("SET LOCAL TimeZone = 'Asia/Tokyo'")),
                ask(modes[0], modes[1], modes[2], bind("", "p"), execute("", 0), sync()),
                ask(query("SHOW transaction_isolation")),
                ask(query("COMMIT")));
        var hidden = "DO $$ BEGIN PERFORM set_config(n, 'Asia/Tokyo', false) FROM (VALUES ('TimeZone')) v (n); END $$";
        script.alone(
                "SET TRANSACTION before Parse, behind what has set something unseen",
                ask(query(hidden), query("START TRANSACTION ISOLATION LEVEL SERIALIZABLE")),
                ask(
                        parse("", "BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE"),
                        bind("", ""),
                        execute("", 0),
                        parse("p", "SELECT timestamptz '2024-01-01 00:00:00+00'"),
                        sync()),
                ask(bind("", "p"), execute("", 0), sync()),
                ask(query("COMMIT")),
                ask(query("SET TimeZone = 'UTC'")),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "a portal that fails before pg_prepared_statements",
                ask(parse("p", "SELECT id FROM t WHERE id = 1"), sync()),
                flushed(parse("", "SELECT 1 / (id - id) FROM t"), bind("c", ""), describe('P', "c"), flush()),
                ask(execute("c", 0), look[0], look[1], look[2], sync()),
                ask(look[0], look[1], look[2], sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "a batch in pieces behind copied data that nobody waits for",
                ask(parse("q", "SELECT id FROM t WHERE id = 1"), sync()),
                behind(
                        parse("", "COPY t (id, v) FROM STDIN"),
                        bind("", ""),
                        execute("", 0),
                        copyData("501\tx\n"),
                        copyDone(),
                        sync()),
                flushed(parse("", "SHOW TimeZone"), bind("", ""), describe('P', ""), flush()),
                ask(
                        execute("", 0),
                        parse("", "PREPARE p AS SELECT 'other'"),
                        bind("", ""),
                        execute("", 0),
                        look[0],
                        look[1],
                        look[2],
                        sync()),
                ask(query("SELECT count(*) FROM t")));
    }

    /// The server takes data, and any other message fails: by its own type, not by that of what the proxy has to
    /// prepare.
    private void ofMessagesAmongCopiedData() {
        Sent[] copy = {parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), sync()};
        script.alone(
                "Bind among copied data",
                ask(parse("p", "SELECT 1"), sync()),
                behind(copy),
                ask(bind("", "p"), execute("", 0), sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "Bind among copied data that was asked for",
                ask(parse("p", "SELECT 1"), sync()),
                Step.of(Step.Until.COPY_IN, copy),
                ask(bind("", "p"), execute("", 0), sync()),
                ask(bind("", "p"), execute("", 0), sync()));
        script.alone(
                "Parse among copied data behind a batch in pieces",
                flushed(parse("", "DEALLOCATE n1"), flush()),
                Step.of(Step.Until.COPY_IN, query("COPY t (id, v) FROM STDIN")),
                ask(parse("n3", "SELECT 1"), sync()),
                ask(query("SELECT 1")));
        script.alone(
                "EXECUTE among copied data",
                ask(parse("p", "SELECT 1"), sync()),
                behind(query("COPY t (id, v) FROM STDIN")),
                ask(query("EXECUTE p")),
                ask(query("EXECUTE p")));
    }

    private void ofNotifications() {
        script.alone(
                "the channels of a session",
                ask(query("LISTEN ch")),
                ask(query("LISTEN \"Odd \"\"name\"\" é\"")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")),
                ask(query("NOTIFY ch, 'once'")),
                ask(query("BEGIN")),
                ask(query("SELECT pg_listening_channels() ORDER BY 1")),
                ask(query("COMMIT")),
                ask(query("UNLISTEN ch")),
                pipeline("SELECT 1", "SELECT pg_listening_channels() ORDER BY 1"),
                ask(query("NOTIFY ch, 'never'")),
                ask(query("UNLISTEN *")),
                ask(query("SELECT pg_listening_channels()")));
        script.alone(
                "VACUUM before NOTIFY in one pipeline",
                ask(query("LISTEN ch")),
                pipeline("VACUUM t", "NOTIFY ch, 'behind'"));
        script.alone(
                "DISCARD ALL before NOTIFY in one pipeline",
                ask(query("LISTEN ch")),
                pipeline("DISCARD ALL", "NOTIFY ch, 'behind'"));
        script.alone(
                "NOTIFY before VACUUM in one pipeline",
                ask(query("LISTEN ch")),
                pipeline("NOTIFY ch, 'before'", "VACUUM t"));
        Sent[] listen = {parse("", "LISTEN ch"), bind("", ""), execute("", 0), flush()};
        Sent[] notify = {parse("", "NOTIFY ch, 'own'"), bind("", ""), execute("", 0), sync()};
        script.alone("NOTIFY behind the Flush of LISTEN", flushed(listen), ask(notify), ask(notify));
        script.alone(
                "NOTIFY behind a Flush",
                ask(query("LISTEN ch")),
                flushed(parse("", "SELECT 1"), bind("", ""), execute("", 0), flush()),
                ask(notify),
                ask(query("NOTIFY ch, 'again'")));
        script.alone(
                "NOTIFY behind a batch that has failed and has no Sync",
                ask(query("LISTEN ch")),
                flushed(parse("", "SELECT 1 / 0"), bind("", ""), execute("", 0), flush()),
                ask(notify),
                ask(notify));
        script.alone(
                "NOTIFY twice with a read between in one pipeline",
                ask(query("LISTEN ch")),
                pipeline("SELECT 1", "NOTIFY ch, 'a'", "SELECT 2", "NOTIFY ch, 'b'"),
                ask(query("NOTIFY ch, 'c'"), query("NOTIFY ch, 'd'")));
    }

    private void ofBegin() {
        var begin = pipeline("BEGIN");
        script.alone("the portal of BEGIN is described", begin, ask(describe('P', ""), sync()), ask(query("COMMIT")));
        script.alone("the portal of BEGIN is run again", begin, ask(execute("", 0), sync()), ask(query("COMMIT")));
        script.alone(
                "the statement of BEGIN is bound again",
                begin,
                ask(bind("", ""), execute("", 0), sync()),
                ask(query("COMMIT")));
        script.alone(
                "a named statement of BEGIN",
                ask(parse("b", "BEGIN"), bind("", "b"), execute("", 0), sync()),
                ask(describe('P', ""), sync()),
                ask(bind("", "b"), execute("", 0), sync()),
                ask(query("COMMIT")));
        script.alone(
                "a portal behind BEGIN by Query",
                ask(query("BEGIN")),
                ask(describe('P', ""), sync()),
                ask(query("COMMIT")));
    }

    /// A Query that the server discards ends nothing: what has failed is the batch.
    private void ofDiscarded() {
        var failing = ask(execute("none", 0), query("SELECT 1"), query("SELECT 2"), sync());
        script.alone(
                "a setting in a batch that fails before a Query",
                flushed(parse("", "SET lock_timeout = '5s'"), bind("", ""), execute("", 0), flush()),
                failing,
                ask(query("SHOW lock_timeout")));
        script.alone(
                "UNLISTEN in a batch that has failed",
                ask(query("LISTEN ch")),
                flushed(execute("none", 0), flush()),
                ask(query("SELECT 1"), query("UNLISTEN ch"), sync()),
                ask(query("NOTIFY ch, 'still heard'")));
    }

    /// The transaction is over before the Query, and its settings with it: the client hears of that before it is ready.
    private void ofAQueryBehindTheEndOfATransaction() {
        for (var end : List.of("ROLLBACK", "COMMIT"))
            for (var then : List.of("SELECT 1", "SELECT 1 / 0", "BEGIN", "RESET ALL"))
                script.alone(
                        then + " behind " + end + " and Flush",
                        ask(query("BEGIN")),
                        ask(query("SET LOCAL DateStyle = 'German'; SET TimeZone = 'Asia/Tokyo'")),
                        flushed(parse("", end), bind("", ""), execute("", 0), flush()),
                        ask(query(then)),
                        ask(query("SHOW TimeZone")));
    }

    /// The transaction of such a batch goes on behind the Query, and ends with the next Sync.
    private void ofAQueryWithoutSync() {
        Sent[] begun = {parse("", INSERT), bind("", ""), execute("", 0), query("SELECT 2")};
        var count = ask(query("SELECT count(*) FROM t"));
        script.alone(
                "a Query behind a batch without Sync, and what fails then",
                ask(parse("fails", "SELECT 1 / $1::int"), sync()),
                ask(begun),
                ask(bind("", "fails", "0"), execute("", 0), sync()),
                count);
        script.alone(
                "a Query behind a batch without Sync, and what succeeds then", ask(begun), ask(run("SELECT 3")), count);
        script.alone(
                "a Query behind a batch without Sync, and another that sets something",
                ask(begun),
                ask(query("SET TimeZone = 'Asia/Tokyo'")),
                ask(run("SELECT 4, 1 / 0")),
                ask(query("SHOW TimeZone")),
                count);
        var shown = "SELECT timestamptz '2024-01-01 00:00:00+00'";
        Sent[] piped = {
            query("BEGIN"),
            query("SAVEPOINT a"),
            query("SET TimeZone = 'Asia/Tokyo'"),
            query("ROLLBACK TO a"),
            query("COMMIT"),
            parse("", INSERT),
            bind("", ""),
            execute("", 0),
            query("SELECT 2")
        };
        for (var each : List.of(parse("s", shown), parse("", shown))) {
            var name = each.shown().startsWith("Parse \"\"") ? "" : "s";
            script.alone(
                    "a Query behind a batch without Sync, sent behind COMMIT, and Parse \"" + name + "\"",
                    ask(piped),
                    ask(each, bind("", name), execute("", 0), sync()),
                    count);
            script.alone(
                    "a Query behind a batch without Sync, sent behind COMMIT, and Parse \"" + name
                            + "\" that fails then",
                    ask(piped),
                    ask(each, bind("", name), execute("", 0), parse("", "SELECT 1 / 0"), bind("", ""), sync()),
                    count);
        }
        ofABlockThatTheBatchEnds(count, shown);
        script.alone(
                "a Query behind a batch without Sync ends it with COMMIT", ask(begun), ask(query("COMMIT")), count);
        script.alone(
                "a Query behind a batch without Sync makes a block of it",
                ask(begun),
                ask(query("BEGIN")),
                ask(sync()),
                ask(query("ROLLBACK")),
                count);
    }

    /// What follows the end of the block in the batch goes on behind the Query.
    private void ofABlockThatTheBatchEnds(Step count, String shown) {
        for (var end : List.of("COMMIT", "ROLLBACK", "COMMIT AND CHAIN")) {
            var name = "a Query behind " + end + " and a batch without Sync";
            Sent[] batch = {
                parse("", end), bind("", ""), execute("", 0),
                parse("", INSERT), bind("", ""), execute("", 0),
                query("SELECT 2")
            };
            var doubtful = ask(query("BEGIN; SAVEPOINT a; SET TimeZone = 'Asia/Tokyo'; ROLLBACK TO a"));
            script.alone(
                    name + ", and what fails then",
                    ask(parse("fails", "SELECT 1 / $1::int"), sync()),
                    ask(query("BEGIN")),
                    ask(query("SELECT 1")),
                    ask(batch),
                    ask(bind("", "fails", "0"), execute("", 0), sync()),
                    ask(query("ROLLBACK")),
                    count);
            script.alone(
                    name + ", and ROLLBACK then",
                    ask(parse("works", "SELECT 1 / $1::int"), sync()),
                    ask(query("BEGIN")),
                    ask(query("SELECT 1")),
                    ask(batch),
                    ask(bind("", "works", "1"), execute("", 0), query("ROLLBACK")),
                    ask(sync()),
                    count);
            script.alone(
                    name + ", and a statement of unknown settings",
                    ask(parse("s", shown), sync()),
                    doubtful,
                    ask(batch),
                    ask(bind("", "s"), execute("", 0), sync()),
                    ask(query("COMMIT")),
                    count);
            script.alone(
                    name + ", and Parse of unknown settings",
                    doubtful,
                    ask(batch),
                    ask(run(shown)),
                    ask(query("COMMIT")),
                    count);
            script.alone(
                    name + " of a block that has failed",
                    ask(query("BEGIN; SELECT 1 / 0")),
                    ask(batch),
                    ask(run("SELECT 3")),
                    ask(query("ROLLBACK")),
                    count);
        }
    }

    /// The server ignores the Sync behind COPY FROM STDIN.
    private void ofCopy() {
        var copy = List.of(parse("", "COPY t (id, v) FROM STDIN"), bind("", ""), execute("", 0), sync());
        var more = new ArrayList<>(copy);
        more.addAll(List.of(parse("", "UNLISTEN ch"), bind("", ""), execute("", 0), sync()));
        script.alone(
                "UNLISTEN in one write behind a batch that copies",
                ask(query("LISTEN ch")),
                ask(more.toArray(Sent[]::new)));
        var closing = new ArrayList<>(copy);
        closing.addAll(List.of(close('S', "none"), parse("s", "SELECT 1"), sync()));
        script.alone("Close in one write behind a batch that copies", ask(closing.toArray(Sent[]::new)));
        script.alone(
                "Close while data is copied",
                ask(parse("s", "SELECT 1"), sync()),
                flushed(copy.toArray(Sent[]::new)),
                ask(close('S', "s"), sync()));
    }

    private void ofSelfTermination() {
        script.alone("terminates itself before a write", ask(query(KILL), query(INSERT)));
        script.alone("terminates itself in a pipeline", pipeline(KILL, INSERT));
        script.alone("terminates itself in a pipeline behind a write", pipeline(INSERT, KILL, INSERT));
        script.alone(
                "terminates itself in a transaction in one write",
                ask(query("BEGIN"), query(KILL), query(INSERT), query("COMMIT")));
        script.alone("terminates itself in a transaction", ask(query("BEGIN")), ask(query(INSERT)), ask(query(KILL)));
        script.alone(
                "terminates itself behind a transaction in one write",
                ask(query("BEGIN"), query(INSERT), query("COMMIT"), query(KILL), query("COMMIT")));
    }
}
