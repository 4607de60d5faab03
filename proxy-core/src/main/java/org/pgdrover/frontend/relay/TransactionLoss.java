package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;
import org.pgdrover.protocol.codec.MessageType;

/// Decides what becomes of a transaction that is lost with its server.
///
/// The transaction is to be run again, unless its COMMIT was under way, or nothing but its ROLLBACK: the
/// loss has done what that was to do. A transaction that nobody has begun, of a batch without Sync behind
/// which a Query stands, is over with the loss.
final class TransactionLoss {
    private final Relay relay;
    private final Deliveries deliveries;
    private final @Nullable ErrorFields lastWords;
    private final LossErrors errors;
    /// Whether the transaction is one that the client's next Sync ends.
    private final boolean implicit;

    /// Whether there is one.
    private final boolean open;

    TransactionLoss(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.deliveries = relay.deliveries();
        this.lastWords = lease.lastWords();
        this.errors = new LossErrors(lease);
        this.implicit = lease.server().isImplicit();
        this.open = lease.server().status() != TransactionStatus.IDLE;
    }

    /// The words with which the session ends when the proxy stops: what its servers are at goes on there.
    ///
    /// @param usual PostgreSQL's, which say that nothing was carried out
    ErrorFields stops(ErrorFields usual) {
        return isUnknown() ? LossErrors.stopped() : usual;
    }

    /// Whether something that has not been answered may have been carried out for good.
    boolean isUnknown() {
        if (mayHaveCommitted()) return true;
        if (open) return false;
        for (var delivery : deliveries.sent()) if (LossErrors.isUnknown(delivery)) return true;
        return false;
    }

    /// @param told whether its client has heard already that the transaction has failed
    RelayState settle(boolean nodeLost, boolean told) {
        return mayHaveCommitted() ? loseCommit() : loseOpen(nodeLost, told);
    }

    /// Whether the next that is owed an answer is its ROLLBACK.
    boolean isBeingRolledBack(boolean nodeLost) {
        boolean terminated = !nodeLost && lastWords != null;
        if (terminated || deliveries.open() != null || mayHaveCommitted()) return false;
        return deliveries.answering() instanceof Delivery head && head.statements.isOnlyRollback();
    }

    /// Answers its ROLLBACK. What a batch of several messages owes before its end nobody knows any more.
    void rollBack() {
        var head = Objects.requireNonNull(deliveries.answering());
        boolean query = head.plans().size() == 1;
        var out = relay.client().newBuffer(128);
        if (!query) BackendMessages.error(out, errors.lostTransaction());
        else if (!head.begun) BackendMessages.commandComplete(out, "ROLLBACK");
        relay.write(out);
        end(head, TransactionStatus.IDLE);
    }

    /// A server that has said its last words has run nothing behind what it was answering then.
    private boolean mayHaveCommitted() {
        if (lastWords != null && deliveries.answering() instanceof Delivery head) return mayCommit(head, false);
        boolean rolledBack = false;
        for (var delivery : deliveries.sent()) {
            if (mayCommit(delivery, rolledBack)) return true;
            rolledBack |= delivery.statements.transactions().rollBack();
        }
        return deliveries.open() instanceof Delivery open && mayCommit(open, rolledBack);
    }

    /// A statement behind ROLLBACK commits on its own.
    private boolean mayCommit(Delivery delivery, boolean rolledBack) {
        // A message that commits an implicit transaction also ends its batch: the open one has not sent any.
        boolean sentWhole = delivery != deliveries.open();
        return delivery.mayCommit()
                || rolledBack && delivery.mayWrite()
                || implicit && sentWhole && commitsImplicit(delivery);
    }

    /// A transaction that nobody has begun is committed by Sync, and by a string of several statements.
    private static boolean commitsImplicit(Delivery delivery) {
        var part = delivery.part;
        if (part == null || part.messages() == 0) return false;
        if (part.ends(MessageType.SYNC)) return true;
        if (!part.ends(MessageType.QUERY)) return false;
        var runs = delivery.plan(part.messages() - 1).runs;
        return runs.isUnknown() || !runs.parts().isEmpty();
    }

    /// Gives up a transaction that may be committed, with the error that its client gets.
    ErrorFields giveUpCommit() {
        wrote();
        return errors.unknownCommit();
    }

    /// The session's next reads must see whatever may have been written.
    void wrote() {
        relay.session().routing().wrote(relay.services().clock().getAsLong());
    }

    private RelayState loseCommit() {
        boolean unsynced = deliveries.isOpenWithoutSync();
        failAll(giveUpCommit(), TransactionStatus.IDLE);
        return unsynced ? new Discarding(relay) : new Idle(relay);
    }

    private RelayState loseOpen(boolean nodeLost, boolean told) {
        // Somebody has terminated this one backend: its client hears it as it would have without a proxy.
        if (!nodeLost && lastWords != null)
            return ServerLoss.endSession(relay, lastWords, DisconnectReason.SESSION_LOST);
        var failure = errors.lostTransaction();
        boolean reported = told || deliveries.answering() != null;
        boolean unsynced = deliveries.isOpenWithoutSync();
        if (implicit) {
            failAll(failure, TransactionStatus.IDLE);
            if (unsynced) return new Discarding(relay);
            return reported ? new Idle(relay) : new LostBetweenAnswers(relay, failure);
        }
        failAll(failure, TransactionStatus.FAILED);
        var transaction = new LostTransaction(relay, failure, reported);
        if (unsynced) transaction.discardUntilSync();
        return new TransactionLost(relay, transaction);
    }

    /// A delivery that stands at the head has been answered but for its end.
    void end(Delivery head, TransactionStatus status) {
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, status);
        relay.write(out);
        deliveries.endNext();
        relay.end(head);
    }

    /// Every delivery that is still owed an answer gets the error, and the status that holds from then
    /// on if it had come whole.
    private void failAll(ErrorFields error, TransactionStatus status) {
        var out = relay.client().newBuffer(256);
        while (deliveries.endNext() instanceof Delivery delivery) {
            BackendMessages.error(out, error);
            BackendMessages.readyForQuery(out, status);
            fail(delivery, error);
        }
        boolean unsynced = deliveries.isOpenWithoutSync();
        if (deliveries.endOpen() instanceof Delivery open) {
            BackendMessages.error(out, error);
            if (!unsynced) BackendMessages.readyForQuery(out, status);
            fail(open, error);
        }
        relay.write(out);
    }

    private void fail(Delivery delivery, ErrorFields error) {
        delivery.failedWith(error);
        relay.end(delivery);
    }
}
