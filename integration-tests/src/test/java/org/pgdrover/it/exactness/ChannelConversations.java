package org.pgdrover.it.exactness;

import static org.pgdrover.it.exactness.Script.ask;
import static org.pgdrover.it.exactness.Script.behind;
import static org.pgdrover.it.exactness.Script.pipeline;
import static org.pgdrover.it.exactness.Script.run;
import static org.pgdrover.it.exactness.Sent.bind;
import static org.pgdrover.it.exactness.Sent.execute;
import static org.pgdrover.it.exactness.Sent.flush;
import static org.pgdrover.it.exactness.Sent.functionCall;
import static org.pgdrover.it.exactness.Sent.parse;
import static org.pgdrover.it.exactness.Sent.query;
import static org.pgdrover.it.exactness.Sent.sync;

import java.util.ArrayList;
import java.util.List;

/// Conversations about the channels that a client listens to, and its own notifications there.
final class ChannelConversations {
    /// The OID of upper(text).
    private static final int UPPER = 871;
    /// The OID of abs(int4).
    private static final int ABS = 1397;

    private final Script script;

    ChannelConversations(Script script) {
        this.script = script;
    }

    void write() {
        ofUnlisten();
        ofNotify();
        ofListen();
        ofChannels();
        ofShownChannels();
        ofEncodings();
    }

    /// A client gets everything in its own encoding.
    private void ofEncodings() {
        for (var encoding : List.of("LATIN1", "WIN1252"))
            script.alone(
                    "LISTEN to a name beyond ASCII, and " + encoding + " behind that",
                    ask(query("LISTEN \"\u00e4 \\ch\"")),
                    ask(query("SELECT pg_notify(E'\\u00e4 \\\\ch', E'in UTF8 \\u00e4')")),
                    ask(query("SET client_encoding = '" + encoding + "'")),
                    ask(query("SELECT pg_notify(E'\\u00e4 \\\\ch', E'\\u00fc and \\u00e4')")),
                    ask(query("SELECT encode(convert_to(c, 'UTF8'), 'hex') FROM pg_listening_channels() AS c")),
                    ask(query("SELECT pg_listening_channels()")),
                    ask(query("SELECT pg_notify(E'\\u00e4 \\\\ch', E'again \\u00e4')")),
                    ask(query("UNLISTEN *")),
                    ask(query("SELECT pg_notify(E'\\u00e4 \\\\ch', E'never \\u00e4')")),
                    ask(query("SELECT pg_listening_channels()")));
        // The name's bytes in UTF-8 are those of another name in LATIN1.
        script.alone(
                "UNLISTEN in another encoding than LISTEN",
                ask(query("LISTEN \"\u00c3\u00a4\"")),
                ask(query("LISTEN \"\u00e4\"")),
                ask(query("SET client_encoding = 'LATIN1'")),
                ask(query("UNLISTEN \"\u00e4\"")),
                ask(query("SELECT pg_notify(E'\\u00e4', E'heard \\u00e4')")),
                ask(query("SELECT pg_notify(E'\\u00c3\\u00a4', 'never')")),
                ask(query("SELECT pg_listening_channels()")));
        script.alone(
                "UNLISTEN in SQL_ASCII",
                ask(query("LISTEN \"\u00e4\"")),
                ask(query("SET client_encoding = 'SQL_ASCII'")),
                ask(query("UNLISTEN \"\u00e4\"")),
                ask(query("NOTIFY \"\u00e4\", 'never'")),
                ask(query("SELECT pg_listening_channels()")));
        for (var encoding : List.of("SQL_ASCII", "LATIN1"))
            script.alone(
                    "a notification that a pinned server hears too comes once in " + encoding,
                    ask(query("SELECT pg_advisory_lock(8873)")),
                    ask(query("LISTEN \"\u00e4\"")),
                    ask(query("SET client_encoding = '" + encoding + "'")),
                    ask(query("SELECT count(*) FROM pg_listening_channels()")),
                    ask(query("SELECT pg_notify(E'\\u00e4', 'once')")),
                    ask(query("SELECT pg_advisory_unlock(8873)")));
        script.alone(
                "channels are shown in the order of LISTEN",
                ask(query("LISTEN z")),
                ask(query("LISTEN b")),
                ask(query("LISTEN y")),
                ask(query("LISTEN a")),
                ask(query("LISTEN b")),
                ask(query("SELECT pg_listening_channels()")));
    }

    /// A channel that was shown once is the client's own where something else listens to it later.
    private void ofShownChannels() {
        var hidden = query("DO $$ BEGIN LISTEN ch; END $$");
        var large = query("LISTEN ch " + Script.LARGE);
        Step[] heard = {
            ask(query("NOTIFY ch, 'own'")),
            ask(query("SELECT pg_listening_channels()")),
            ask(query("UNLISTEN *")),
            ask(query("NOTIFY ch, 'never'"))
        };
        for (var end : List.of("UNLISTEN ch", "UNLISTEN *", "DISCARD ALL"))
            for (var listens : List.of(hidden, large))
                shown(listens == hidden ? "LISTEN in DO" : "LISTEN in a large text", listens, end, heard);
        script.alone(
                "LISTEN in DO in a transaction behind pg_listening_channels() and UNLISTEN",
                ask(query("LISTEN ch")),
                ask(query("SELECT pg_listening_channels()")),
                ask(query("UNLISTEN ch")),
                ask(query("BEGIN")),
                ask(hidden),
                ask(query("COMMIT")),
                heard[0],
                heard[1],
                heard[2],
                heard[3]);
    }

    private void shown(String name, Sent listens, String end, Step... heard) {
        Step[] first = {ask(query("LISTEN ch")), ask(query("SELECT pg_listening_channels()")), ask(query(end))};
        var all = new ArrayList<>(List.of(first));
        all.add(ask(listens));
        all.addAll(List.of(heard));
        script.alone(name + " behind pg_listening_channels() and " + end, all.toArray(Step[]::new));
        all.add(0, ask(query("SELECT pg_advisory_lock(8872)")));
        all.add(ask(query("SELECT pg_advisory_unlock(8872)")));
        if (!end.startsWith("DISCARD"))
            script.alone(
                    name + " behind pg_listening_channels() and " + end + ", on a pinned server",
                    all.toArray(Step[]::new));
    }

    /// What UNLISTEN ends, and what it leaves.
    private void ofUnlisten() {
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
        ofFunctionCalls(functionCall(UPPER, "abc"), "FunctionCall that fails");
        ofFunctionCalls(functionCall(ABS, "-5"), "FunctionCall");
        script.alone(
                "NOTIFY behind UNLISTEN of another channel in one batch",
                ask(query("LISTEN ch")),
                pipeline("UNLISTEN other", "NOTIFY ch, 'own'"),
                ask(query("SELECT 1")));
    }

    /// What may do anything makes the proxy ask the server what it listens to.
    private void ofFunctionCalls(Sent call, String name) {
        script.alone(
                "UNLISTEN beside pg_listening_channels(), and " + name + " behind that",
                ask(query("LISTEN ch")),
                ask(
                        parse("", "SELECT pg_listening_channels()"),
                        bind("", ""),
                        execute("", 0),
                        parse("", "UNLISTEN *"),
                        bind("", ""),
                        execute("", 0),
                        sync(),
                        call),
                ask(query("NOTIFY ch, 'never'")),
                ask(query("SELECT pg_listening_channels()")),
                ask(query("SELECT 1")));
        script.alone(
                "pg_listening_channels() beside " + name + ", and UNLISTEN",
                ask(query("LISTEN ch")),
                ask(query("SELECT pg_listening_channels()"), call),
                ask(query("NOTIFY ch, 'once'")),
                ask(query("UNLISTEN ch")),
                ask(query("NOTIFY ch, 'never'")),
                ask(query("SELECT 1")));
    }

    /// What follows NOTIFY in its batch leaves it the client's own.
    private void ofNotify() {
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
                "NOTIFY behind DISCARD ALL and LISTEN in one batch",
                pipeline("DISCARD ALL", "LISTEN ch"),
                ask(query("NOTIFY ch, 'own'")),
                ask(query("SELECT 1")));
    }

    /// Every LISTEN counts, in the order that PostgreSQL carries them out in.
    private void ofListen() {
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
    }

    /// What the server listens to only to be shown.
    private void ofChannels() {
        script.alone(
                "pg_listening_channels() behind a string that fails in a block, in one write",
                ask(query("LISTEN ch")),
                ask(query("BEGIN; SELECT 1 / 0"), query("SELECT pg_listening_channels()")),
                ask(query("SELECT 1")),
                ask(query("ROLLBACK")));
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
