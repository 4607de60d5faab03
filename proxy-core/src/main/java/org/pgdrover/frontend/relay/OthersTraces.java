package org.pgdrover.frontend.relay;

import java.util.List;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// Tells whether a client could see on a server what others have left there. These are traces that
/// PostgreSQL forgets only with the session: the names of custom parameters, and the schema of temporary
/// objects.
final class OthersTraces {
    private static final List<Residue> TIES = List.of(
            Residue.LISTENS,
            Residue.TEMPORARY,
            Residue.CURSORS,
            Residue.LOCKS,
            Residue.PREPARED,
            Residue.SEQUENCES,
            Residue.LASTING);

    private OthersTraces() {}

    /// Whether the delivery may show them.
    private static boolean areShown(Relay relay, ServerConnection server, Delivery delivery) {
        if (!server.session().hasTraces()) return false;
        if (server.session().hasTemporarySchema() && delivery.statements.seesTemporarySchema()) return true;
        return !relay.session().knows(server.session().customNames()) && mayShowCustomSettings(relay, delivery);
    }

    private static boolean mayShowCustomSettings(Relay relay, Delivery delivery) {
        if (delivery.mayShowCustomSettings()) return true;
        var router = relay.services().router();
        for (var each : delivery.statements.classes())
            if (router.showsSettings(each, relay.session().routing())) return true;
        return false;
    }

    /// Whether the delivery may show them, or may tie the client to the server, so that a later one
    /// does.
    static boolean wouldBeSeen(Relay relay, ServerConnection server, Delivery delivery) {
        if (!server.session().hasTraces()) return false;
        if (areShown(relay, server, delivery)) return true;
        // The session's own sequences are there, and nowhere else.
        if (delivery.statements.asksSequences() && relay.session().numbers().sequencesAt() == server) return false;
        var may = residues(relay, delivery);
        boolean ties = false;
        for (var one : TIES) ties |= may.has(one);
        // Whoever makes temporary objects has their schema from then on.
        boolean schema = server.session().hasTemporarySchema() && !may.has(Residue.TEMPORARY);
        return ties && (schema || !relay.session().knows(server.session().customNames()));
    }

    private static Residues residues(Relay relay, Delivery delivery) {
        var router = relay.services().router();
        var may = Residues.NONE;
        for (var each : delivery.statements.classes())
            may = may.and(router.residues(each, relay.session().routing()));
        return may;
    }
}
