package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.sql.Residue;

/// Tells whether a delivery may be sent behind others to the server that works for its client.
final class Following {
    private Following() {}

    /// Whether something that must be over first is under way.
    static boolean isHeldUp(Relay relay, ServerLease lease, Delivery delivery) {
        var part = Objects.requireNonNull(delivery.part);
        if (isSyncInDoubt(lease, part)) return true;
        // The server ignores it while it takes copied data.
        if (lease.server().ledger().isCopyIn() && !part.hasCommands()) return false;
        if (relay.deliveries().open() == delivery) return false;
        // Nothing may run of which it is not known that it runs in the transaction.
        if (isBeginning(lease)) return true;
        if (delivery.refusal != null || delivery.avoidStandby && lease.isStandby()) return true;
        // Whether the transaction will still be a failed one then, nobody can say.
        if (lease.server().status() == TransactionStatus.FAILED
                && !relay.deliveries().isNoneSent()) return true;
        if (relay.listening().isInvolved() && !relay.deliveries().isNoneUnderWay()) return true;
        return relay.deliveries().takesDefaultsAway();
    }

    /// Whether another server may get what was sent, with the copied data that may follow, for the transaction has not
    /// begun there yet.
    static boolean isBeginning(ServerLease lease) {
        return lease.beginning() instanceof Beginning begin && !begin.isBegun();
    }

    /// Whether a Query is under way of which nobody knows whether a Sync alone ends what that leaves open, or
    /// whether the server takes copied data then.
    private static boolean isSyncInDoubt(ServerLease lease, Batch batch) {
        var ledger = lease.server().ledger();
        return ledger.mayStayOpen() && !ledger.isCopyIn() && batch.isSyncAlone();
    }

    /// Whether it sees or names the client's statements behind something that may have deallocated some, which
    /// only the server can tell.
    static boolean isToInspectFirst(Relay relay, ServerLease lease, Delivery delivery) {
        if (!lease.doubts().may().has(Residue.PREPARED) || !mayInspect(relay, lease)) return false;
        if (relay.session().statements().size() == 0) return false;
        boolean named = lease.doubts().haveDeallocated() && delivery.namesStatements();
        return named || OwnNames.looksForNames(relay, delivery);
    }

    /// Whether the server can be asked what was left there as soon as it has answered.
    static boolean mayInspect(Relay relay, ServerLease lease) {
        if (relay.deliveries().open() != null || lease.server().ledger().isOpen()) return false;
        return !lease.hasTransactionToItself() && !relay.session().statements().hasUnkept();
    }

    /// A Sync of the proxy's own would end what the client's has to end: a batch that fails and is over
    /// without Sync, or its transaction.
    static boolean mayBeDiscarded(ServerLease lease) {
        var ledger = lease.server().ledger();
        return !ledger.isOpen() && (ledger.mayDiscardNext() || ledger.mayStayOpen());
    }

    /// Whether what is under way may make the server take data: what the proxy sends of its own would be an error
    /// then, and one that the client's message gives otherwise.
    static boolean mayCopy(Relay relay, ServerLease lease) {
        return !lease.server().ledger().isEmpty() && relay.deliveries().mayCopy();
    }

    /// Whether it needs statements in a transaction that what is under way may fail: a server loses a statement that is
    /// to be prepared again there.
    static boolean mayLoseStatements(Relay relay, ServerLease lease, ServerNeeds needs) {
        return needs.wantsStatements() && !lease.server().ledger().isEmpty() && isInTransaction(relay, lease);
    }

    /// Whether something is to be set for it behind what may have failed a transaction, in which nothing can be set.
    static boolean mayNotSet(ServerLease lease, ServerNeeds needs) {
        return needs.changesSettings() && !lease.server().ledger().isEmpty();
    }

    /// Whether it needs statements that are to be prepared with settings which nobody knows, or can set, before
    /// what is under way has been answered.
    static boolean hasChangingSettings(Relay relay, ServerLease lease, ServerNeeds needs) {
        if (!needs.wantsStatements() || lease.server().ledger().isOpen()) return false;
        if (lease.server().ledger().isEmpty()) return false;
        var deliveries = relay.deliveries();
        return deliveries.mayChangeSettings() || needs.wantsKnownTransaction() && deliveries.mayEndTransaction();
    }

    /// Whether the server is to be asked first what is set in the transaction, or has to answer for that what is under
    /// way.
    static boolean isToLearnFirst(Relay relay, ServerLease lease, Delivery delivery) {
        var settings = relay.session().settings();
        boolean possible = LearningSettings.isPossible(lease);
        if (possible && settings.parsed().haveLocal()) return true;
        if (!settings.areToLearn(!possible) || lease.server().ledger().isOpen()) return false;
        return parsesNamed(delivery) && (possible || !relay.deliveries().isNoneSent() && isInTransaction(relay, lease));
    }

    /// Whether settings may have a say in a statement with a name that it makes.
    private static boolean parsesNamed(Delivery delivery) {
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var statement = delivery.plan(i).statement;
            if (delivery.plan(i).makes && statement != null && !statement.isUnnamed() && statement.isAnalysed())
                return true;
        }
        return false;
    }

    /// Whether what is sent now runs in a transaction that has begun, or that is about to.
    static boolean isInTransaction(Relay relay, ServerLease lease) {
        if (lease.server().status() == TransactionStatus.IN_TRANSACTION) return true;
        for (var each : relay.deliveries().sent()) if (each.opensTransaction()) return true;
        return false;
    }

    /// Whether another server could do for the next batch: nothing is open, and the client keeps none.
    static boolean isBetweenBatches(Relay relay, ServerLease lease) {
        var server = lease.server();
        return server.status() == TransactionStatus.IDLE
                && !server.ledger().isOpen()
                && relay.deliveries().open() == null
                && relay.kept().lease() != lease;
    }
}
