package org.pgdrover.frontend.relay;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/// Decides what becomes of a client's deliveries when their server is lost.
///
/// Outside a transaction proved reads are run again, once, and of anything else nobody knows whether it
/// was carried out. A transaction is lost whole: it is to be run again, unless its COMMIT was under way.
/// A session that had state on the lost connection cannot go on.
final class ServerLoss {
    private final Relay relay;
    private final Deliveries deliveries;
    private final ServerLease lease;
    private final @Nullable ErrorFields lastWords;
    private final LossErrors errors;
    /// Whether a transaction was open that ends with the client's next Sync.
    private final boolean implicit;

    private final TransactionLoss transaction;

    /// The loss of a server that is found now.
    static ServerLoss of(Relay relay, ServerLease lease) {
        forgetWhatOnlyItKnew(relay.session(), lease);
        return new ServerLoss(relay, lease);
    }

    /// With which settings some statements were parsed: nobody could make them again.
    private static void forgetWhatOnlyItKnew(ClientSession session, ServerLease lease) {
        session.settings().parsed().lost();
        session.transactionEnded();
        var unnamed = session.statements().unnamed();
        if (unnamed != null
                && unnamed.isAnalysed()
                && unnamed.settings() == null
                && PreparedAgain.isThere(unnamed, lease)) session.statements().loseUnnamed();
    }

    private ServerLoss(Relay relay, ServerLease lease) {
        this.relay = relay;
        this.deliveries = relay.deliveries();
        this.lease = lease;
        this.lastWords = lease.lastWords();
        this.errors = new LossErrors(lease);
        this.implicit = lease.server().isImplicit();
        this.transaction = new TransactionLoss(relay, lease);
    }

    // Where it was lost

    /// While it worked for the client.
    RelayState settle() {
        if (lease.server().endedInsideMessage()) return breakOff();
        if (lease.beginning() instanceof Beginning begin && isRefused(begin)) {
            var delivery = Working.takeBack(relay, lease, begin);
            return settleUnsent(delivery);
        }
        if (isOfSession() || lease.doubts().hasLeft()) return endSession();
        if (isNodeGivenUp() || !isInDoubt()) return settle(true);
        return new Doubting(relay, lease);
    }

    /// Whether the server has said its last words instead of beginning the transaction: it has run nothing
    /// behind them.
    private boolean isRefused(Beginning begin) {
        return begin.error() != null || !begin.isBegun() && lastWords != null && !isOfSession();
    }

    /// The client has half a message: nothing that is said now could be understood. It gets what the
    /// server has said.
    private RelayState breakOff() {
        relay.kept().forget(lease);
        relay.client().closeAfterFlush(DisconnectReason.SESSION_LOST);
        return new Closed();
    }

    /// Before anything of this delivery was sent to it.
    RelayState settleUnsent(Delivery delivery) {
        if (isOfSession()) {
            relay.drop(delivery);
            return endSession();
        }
        relay.kept().forget(lease);
        if (lease.isStandby()) delivery.avoidStandby = true;
        return WaitingForPrimary.tryLater(relay, delivery, errors.lost(""));
    }

    /// While the client kept it and did nothing.
    RelayState settleKept(@Nullable Delivery next) {
        if (!isOfSession()) {
            relay.kept().forget(lease);
            return next == null ? new Idle(relay) : new Dispatch(relay).dispatch(next);
        }
        if (next != null) relay.drop(next);
        return endSession();
    }

    /// Before it has told what the session holds there. The session goes on if nothing is known that it
    /// may hold: a failover must not end every session that has used a table which the catalog does not
    /// know yet.
    RelayState settleInDoubt() {
        var doubts = lease.doubts();
        boolean left = doubts.hasLeft() || !doubts.settings().isEmpty() || LeftBehind.isOfSession(doubts.may());
        if (isOfSession() || left) return endSession();
        return settleKept(null);
    }

    /// After everything of this delivery but that it is over.
    RelayState settleUnready(Delivery delivery) {
        if (isOfSession() || lease.doubts().hasLeft()) {
            relay.drop(delivery);
            return endSession();
        }
        ready(lease.server().status());
        relay.end(delivery);
        return settle(true);
    }

    private void ready(TransactionStatus status) {
        var out = relay.client().newBuffer(8);
        BackendMessages.readyForQuery(out, status);
        relay.write(out);
    }

    // The session

    /// Whether the session cannot go on: it held state there, or the server has ended it for the
    /// client's own behaviour.
    boolean isOfSession() {
        var kept = relay.kept().lease();
        if (kept == lease && relay.session().pinned() != null) return true;
        if (kept == null && relay.session().statements().hasUnsettled()) return true;
        return lastWords != null && LastWords.areOfTheClient(lastWords, kept == lease);
    }

    private RelayState endSession() {
        relay.kept().forget(lease);
        var words = lastWords == null && transaction.isUnknown() ? LossErrors.sessionLost() : lastWords;
        return endSession(relay, words, DisconnectReason.SESSION_LOST);
    }

    /// The session ends, as it would have without a proxy: nobody can give it back the state that only the
    /// lost connection had.
    ///
    /// @param words with which it ends; null if nothing is to be said but that
    static RelayState endSession(Relay relay, @Nullable ErrorFields words, DisconnectReason reason) {
        var lost = ErrorFields.fatal(
                        SqlState.ADMIN_SHUTDOWN,
                        "terminating connection: its server was lost, and state of the session with it")
                .withDetail("The session held: "
                        + Objects.requireNonNullElse(relay.session().pinned(), "nothing known") + ".");
        relay.client().closeWith(words != null ? words : lost, reason);
        return new Closed();
    }

    // The node

    private boolean isNodeGivenUp() {
        return lease.lossReason() == CloseReason.NODE_LOST
                || lease.lossReason() == CloseReason.SHUTDOWN
                || lastWords != null && LastWords.areOfRecovery(lastWords, lease.isStandby());
    }

    /// Whether it matters that only this connection is lost, and not its node.
    private boolean isInDoubt() {
        var first = deliveries.answering();
        return lastWords != null || first != null && first.mayRunAgain();
    }

    /// @param nodeLost whether the node is lost, and not only this connection
    RelayState settle(boolean nodeLost) {
        relay.kept().forget(lease);
        boolean outside = isOutsideTransaction(nodeLost);
        relay.listening().lost();
        for (var delivery : deliveries.sent()) relay.answeredNames().undo(delivery);
        if (deliveries.open() instanceof Delivery open) relay.answeredNames().undo(open);
        relay.session().transactionEnded();
        if (deliveries.answering() instanceof Delivery head && head.waitCanceled)
            relay.session().commit(lease.server());
        else rollBack();
        if (lease.server().endedWhileDiscarding()) return discardRest(nodeLost);
        if (isBetweenAnswers()) return loseOpen(nodeLost);
        if (deliveries.answering() instanceof Delivery head && isToldAsFailed(head)) return endFailed(head, nodeLost);
        return outside ? runAgain(nodeLost) : loseTransaction(nodeLost, false);
    }

    private void rollBack() {
        ParameterReports.takeBack(relay);
        relay.session().rollBack(lease.server());
    }

    /// Whether its client has heard that a batch has failed, so that only its end is missing: the batch of the
    /// delivery, or one that the delivery only ends.
    private boolean isToldAsFailed(Delivery head) {
        if (lease.batchFailed) return true;
        if (!head.begun || !head.hasFailed() || head.unconfirmed != null) return false;
        return head.waitCanceled
                || !head.mayCommit() && !head.statements.transactions().rollBack();
    }

    private RelayState endFailed(Delivery head, boolean nodeLost) {
        if (head.waitCanceled) {
            transaction.wrote();
            transaction.end(head, TransactionStatus.IDLE);
            return runAgain(nodeLost);
        }
        boolean block =
                !lease.batchFailed && head.opensTransaction() || lease.server().isInBlock();
        transaction.end(head, block ? TransactionStatus.FAILED : TransactionStatus.IDLE);
        return block ? loseTransaction(nodeLost, true) : runAgain(nodeLost);
    }

    /// The client has heard already that its batch has failed, and owes the end of it: nothing of that
    /// is run.
    private RelayState discardRest(boolean nodeLost) {
        boolean synced = deliveries.isSyncOfOpenWaiting();
        var open = deliveries.endOpen();
        boolean block =
                open != null && open.opensTransaction() || lease.server().isInBlock();
        if (open != null) relay.end(open);
        if (block && !nodeLost && lastWords != null) return endSession();
        if (synced) ready(block ? TransactionStatus.FAILED : TransactionStatus.IDLE);
        if (!block) return synced ? new Idle(relay) : new Discarding(relay);
        var transaction = new LostTransaction(relay, errors.lostTransaction(), true);
        if (!synced) transaction.discardUntilSync();
        return new TransactionLost(relay, transaction);
    }

    /// Whether a batch is open of which everything that came has been answered: what the client says
    /// next has to hear of the loss.
    private boolean isBetweenAnswers() {
        var open = deliveries.open();
        return open != null
                && deliveries.peekWaiting() != open
                && lease.server().endedAnswered();
    }

    private RelayState loseOpen(boolean nodeLost) {
        var open = Objects.requireNonNull(deliveries.endOpen());
        boolean block = open.opensTransaction() || lease.server().isInBlock();
        var error = open.mayCommit()
                ? transaction.giveUpCommit()
                : block || implicit ? errors.lostTransaction() : giveUp(open, !nodeLost);
        open.failedWith(error);
        relay.end(open);
        if (!block || open.mayCommit()) return new LostBetweenAnswers(relay, error);
        if (!nodeLost && lastWords != null) return endSession();
        return new TransactionLost(relay, new LostTransaction(relay, error, false));
    }

    private boolean isOutsideTransaction(boolean nodeLost) {
        boolean wroteWithinTheOpen = deliveries.open() != null && lease.hasWritten();
        return lease.server().status() == TransactionStatus.IDLE
                && !wroteWithinTheOpen
                && !isItsBeginningLost(nodeLost);
    }

    /// A batch that began a transaction and did not end it is lost with it: nothing of it can have been
    /// committed.
    private boolean isItsBeginningLost(boolean nodeLost) {
        if (deliveries.isNoneSent()) return false;
        var first = Objects.requireNonNull(deliveries.answering());
        boolean alone = deliveries.sentCount() == 1 && deliveries.open() == null;
        boolean again = alone && isRepeatable(first) && (nodeLost || first.statements.onlyBegin());
        return first.opensTransaction() && !again;
    }

    private static boolean isRepeatable(Delivery delivery) {
        return delivery.mayRunAgain() && delivery.part != null && delivery.part.bytes() != null;
    }

    private RelayState loseTransaction(boolean nodeLost, boolean told) {
        if (!transaction.isBeingRolledBack(nodeLost)) return transaction.settle(nodeLost, told);
        transaction.rollBack();
        return runAgain(nodeLost);
    }

    // Outside a transaction

    private RelayState runAgain(boolean nodeLost) {
        if (!nodeLost && lastWords != null && hasEndedItself()) return endSession();
        boolean head = true;
        boolean lostBlock = false;
        // A read that is run again would show a write that was sent behind it, if that was carried out. A server that
        // has said its last words has carried out nothing behind the head.
        int writesBehind = lastWords != null ? 0 : deliveries.writes();
        for (var delivery : deliveries.sent()) {
            if (delivery.mayWrite()) writesBehind = Math.max(0, writesBehind - 1);
            boolean opens = delivery.opensTransaction() && (deliveries.sentCount() > 1 || deliveries.open() != null);
            lostBlock |= opens;
            boolean guilty = head && !nodeLost && !delivery.statements.onlyBegin();
            boolean again = isRepeatable(delivery) && !lostBlock && !guilty && writesBehind == 0;
            if (again) repeat(delivery, head);
            else delivery.refusal = lostBlock ? giveUpInBlock(delivery) : giveUp(delivery, head && !nodeLost);
            if (delivery.mayCommit()
                    || !delivery.opensTransaction()
                            && delivery.statements.transactions().rollBack()) lostBlock = false;
            head = false;
        }
        if (deliveries.open() instanceof Delivery open) open.refusal = giveUp(open, false);
        deliveries.takeBack();
        return new Idle(relay);
    }

    /// Whether the client has terminated its own session: then the session ends, as the client wished.
    private boolean hasEndedItself() {
        var head = deliveries.answering();
        if (head == null) return false;
        for (var each : head.statements.classes()) if (each.calls("pg_terminate_backend")) return true;
        return false;
    }

    private void repeat(Delivery delivery, boolean head) {
        if (delivery.isBegunWithIt()) {
            relay.defer(delivery.begin());
            delivery.takeBackBegin();
        }
        delivery.avoidStandby |= lease.isStandby();
        delivery.repeated |= head;
        relay.services().metrics().retried("server-lost");
    }

    /// Gives up a delivery of a transaction that is lost, with the error that its client gets.
    private ErrorFields giveUpInBlock(Delivery delivery) {
        return delivery.mayCommit() ? transaction.giveUpCommit() : errors.lostTransaction();
    }

    /// Gives up a delivery outside a transaction, with the error that its client gets.
    private ErrorFields giveUp(Delivery delivery, boolean backendOnly) {
        if (LossErrors.isUnknown(delivery)) transaction.wrote();
        return errors.unanswered(delivery, backendOnly);
    }
}
