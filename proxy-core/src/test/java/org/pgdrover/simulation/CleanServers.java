package org.pgdrover.simulation;

import java.util.regex.Pattern;
import org.pgdrover.testing.Message;

/// Sees to it that nobody works on a server with what somebody else has left there.
final class CleanServers implements ModelSession.Watch {
    /// What brings a server to its next client's settings.
    private static final Pattern SETTING =
            Pattern.compile("SET|RESET|SELECT pg_catalog.set(_config|seed)|DISCARD", Pattern.CASE_INSENSITIVE);

    private final World world;

    CleanServers(World world) {
        this.world = world;
    }

    @Override
    public void working(ModelSession session, int owner, Message message) {
        check(session, owner, "is there while c" + owner + " works");
        if (message.type() == 'Q' && SETTING.matcher(message.text(0)).lookingAt()) return;
        // What is only prepared behind a setting that was cancelled is closed with the server.
        if (message.type() == 'P' && session.hasFailedQuery()) return;
        var state = session.state;
        state.values.forEach((name, value) -> checkValue(session, name, value, owner));
        state.locals.forEach((name, value) -> checkValue(session, name, value, owner));
    }

    private void checkValue(ModelSession session, String name, String value, int owner) {
        int whose = Tags.owner(value);
        if (whose != 0 && whose != owner)
            leaked(session, name + " = " + value, "is in force while c" + owner + " works");
    }

    private void check(ModelSession session, int owner, String when) {
        session.state.temporaries.forEach((name, table) -> {
            if (!table.owner().equals(String.valueOf(owner)))
                leaked(session, "temporary table " + name + " of c" + table.owner(), when);
        });
        session.state.listens.forEach((channel, whose) -> {
            if (isListener(session)) return;
            if (Tags.owner(channel) != owner) leaked(session, "LISTEN " + channel, when);
        });
        session.locks.forEach((key, whose) -> {
            if (key / 100 != owner) leaked(session, "advisory lock " + key, when);
        });
        session.prepared.forEach((name, prepared) -> {
            if (prepared.byStatement() && prepared.owner() != owner)
                leaked(session, "PREPARE " + name + " of c" + prepared.owner(), when);
        });
        session.portals.forEach((name, portal) -> {
            if (portal.cursor && portal.owner != owner)
                leaked(session, "cursor " + name + " of c" + portal.owner, when);
        });
    }

    /// The proxy's own connection that listens for all clients of the database.
    private static boolean isListener(ModelSession session) {
        return session.state.listens.keySet().stream().anyMatch(channel -> channel.startsWith("pgdrover_"));
    }

    /// Nobody has the session: it must hold nothing of anybody.
    void checkAtRest(ModelSession session) {
        check(session, 0, "is left when nobody is here");
        if (session.transaction.status() != 'I') leaked(session, "a transaction", "is open when nobody is here");
    }

    private void leaked(ModelSession session, String what, String when) {
        world.violated("LEAK on " + session.node.name() + "/" + session.process + ": " + what + " " + when);
    }
}
