package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.util.List;
import java.util.Objects;
import org.pgdrover.frontend.session.SharedStatements;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;

/// Tells whether a delivery needs the client's own names of statements on its server.
final class OwnNames {
    private OwnNames() {}

    /// Whether the answers to what was sent before have to be there first. They tell what the client's
    /// statements are, or whether the transaction has failed.
    static boolean wantsAnswers(Relay relay, ServerLease lease, Delivery delivery) {
        var ledger = lease.server().ledger();
        if (ledger.isEmpty() || ledger.isDiscarding() || ledger.isCopyIn()) return false;
        boolean inside = ledger.isOpen() || lease.server().status() != TransactionStatus.IDLE;
        // In a transaction that has begun what cannot be prepared must not fail the transaction.
        inside |= relay.deliveries().mayEndTransaction();
        // The judge has seen to names that are on their way, but not to those that only the catalog knows of.
        boolean pending = relay.session().statements().isAnyNamePending()
                || relay.deliveries().mayDeallocate(delivery);
        return (inside || pending) && areWanted(relay, lease, delivery);
    }

    /// Whether only the client's own statements are to be there, under their own names.
    static boolean areWanted(Relay relay, ServerLease lease, Delivery delivery) {
        var server = lease.server();
        if (server.ledger().isCopyIn() || server.status() == TransactionStatus.FAILED) return false;
        if (lease.hasOwnNames() && (ServerNeeds.isIdle(server) || hasAll(relay, lease))) return false;
        return parsesUnkept(delivery) || looksForNames(relay, delivery) || meetsNamesOfSql(relay, lease, delivery);
    }

    /// Whether a name that it makes or closes may be one that SQL has prepared there before. PREPARE finds the
    /// client's own names, unless it ends a failed transaction in the same string.
    private static boolean meetsNamesOfSql(Relay relay, ServerLease lease, Delivery delivery) {
        if (lease.hasOwnNames()) return false;
        boolean may = relay.session().held().has(Residue.PREPARED)
                || lease.doubts().may().has(Residue.PREPARED);
        return may && (delivery.names.hasNamed() || delivery.closesNamed());
    }

    /// Whether PREPARE may have taken a name, at which a buffer stands, in the same batch. The proxy's own names are
    /// not the client's to close.
    static boolean mayHaveTaken(Delivery delivery, ByteBuf buffer, int nameStart, int end) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++)
            if (SessionEffect.residues(classes.get(i).session()).has(Residue.PREPARED))
                return !WireReader.string(buffer, nameStart, end).startsWith(SharedStatements.PREFIX);
        return false;
    }

    /// Whether all that the client has prepared is there under the client's own names, or something stands
    /// in for what cannot be prepared.
    private static boolean hasAll(Relay relay, ServerLease lease) {
        for (var statement : relay.session().statements().named())
            if (statement.isKept() && !PreparedAgain.isKnown(statement, lease)) return false;
        return true;
    }

    /// Whether it sees or takes away the client's statements by their names.
    static boolean looksForNames(Relay relay, Delivery delivery) {
        return delivery.statements.seesStatements()
                || delivery.statements.deallocates()
                || callsDeallocate(relay, delivery);
    }

    /// Finds out whether a function in it may prepare or deallocate statements, if that is of any
    /// interest.
    static void askCatalog(Relay relay, Delivery delivery) {
        var _ = callsDeallocate(relay, delivery);
    }

    /// Whether a function in it may prepare or deallocate statements, as far as the catalog tells.
    private static boolean callsDeallocate(Relay relay, Delivery delivery) {
        if (delivery.reason.isProvedRead()) return false;
        if (relay.session().statements().size() == 0 && !delivery.names.hasNamed()) return false;
        var found = delivery.statements.callDeallocate();
        if (found == null) {
            found = mayDeallocate(relay, delivery.statements.classes());
            delivery.statements.callDeallocate(found);
        }
        return found;
    }

    private static boolean mayDeallocate(Relay relay, List<QueryClass> classes) {
        var router = relay.services().router();
        for (int i = 0; i < classes.size(); i++)
            if (router.mayDeallocate(classes.get(i), relay.session().routing())) return true;
        return false;
    }

    private static boolean parsesUnkept(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = delivery.plan(i).statement;
            if (batch.message(i).large && statement != null && delivery.plan(i).makes && !statement.isUnnamed())
                return true;
        }
        return false;
    }

    /// Whether it sees or takes away statements that are there under their own names already.
    static boolean areSeen(Relay relay, ServerLease lease, Delivery delivery) {
        return lease.hasOwnNames() && looksForNames(relay, delivery);
    }
}
