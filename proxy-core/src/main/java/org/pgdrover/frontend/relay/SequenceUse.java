package org.pgdrover.frontend.relay;

import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.sql.QueryClass;

/// Tells what a delivery has to do with the numbers that sequences have given on its server.
///
/// `lastval()` and `currval()` tell what the server has been given last, whoever asked for it: before a
/// client may use them there, the server forgets what it has given to others.
final class SequenceUse {
    /// Takes away what sequences have given in a server's session.
    static final String FORGET = "DISCARD SEQUENCES";

    private SequenceUse() {}

    /// Whether the server has to forget what it has given to others before the delivery is sent.
    static boolean needsForgetting(Relay relay, ServerConnection server, Delivery delivery) {
        if (!relay.session().numbers().areSequencesOfOthers(server)) return false;
        if (server.status() == TransactionStatus.FAILED || server.ledger().isOpen()) return false;
        // Nobody knows the rest of a batch that has begun, and nothing can be sent in between; nor between the
        // ROLLBACK of a failed transaction and a statement behind it in the same string.
        return !delivery.isComplete() || relay.deferred() != null || begins(delivery) || isOf(relay, delivery);
    }

    private static boolean begins(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (begins(classes.get(i))) return true;
        return false;
    }

    private static boolean begins(QueryClass ran) {
        var parts = ran.parts();
        for (int i = 0; i < parts.size(); i++) if (begins(parts.get(i))) return true;
        return ran.transaction().begins();
    }

    /// A delivery is about to be sent to a primary.
    static void sending(Relay relay, ServerConnection server, Delivery delivery) {
        var numbers = relay.session().numbers();
        if (numbers.sequencesAt() != server && isOf(relay, delivery)) numbers.mayUseSequences(server);
    }

    /// Whether the delivery may use, or change, what sequences have given.
    static boolean isOf(Relay relay, Delivery delivery) {
        var router = relay.services().router();
        var routing = relay.session().routing();
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (router.usesSequences(classes.get(i), routing)) return true;
        return false;
    }
}
