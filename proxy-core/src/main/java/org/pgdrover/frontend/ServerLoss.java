package org.pgdrover.frontend;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.BackendMessages;

/**
 * What becomes of a client's batches when their server is lost.
 *
 * <p>Outside a transaction reads are run again, and of anything else nobody knows whether it was carried out. A transaction is lost whole: it
 * is to be run again, unless its COMMIT was under way. A session that had state on the lost connection cannot go on.
 */
final class ServerLoss {
    private final RelayPhase relay;
    private final OutstandingBatches batches;
    private final ServerLease lease;
    private final @Nullable ErrorFields lastWords;

    /** @param lastWords what the server said on its way out, if it did */
    ServerLoss(RelayPhase relay, ServerLease lease, @Nullable ErrorFields lastWords) {
        this.relay = relay;
        this.batches = relay.batches();
        this.lease = lease;
        this.lastWords = lastWords;
    }

    void settle() {
        boolean pinned = relay.home().forget(lease) && relay.session().pinned() != null;
        var state = relay.state();
        if (pinned && state == lease) relay.becomeIdle();
        if (pinned) relay.loseSession(lastWords);
        else if (state instanceof Preparing preparing && preparing.isOn(lease)) preparing.onLost(lost(""));
        else if (state == lease) loseWhatRan();
    }

    private void loseWhatRan() {
        relay.session().transactionEnded();
        if (isOutsideTransaction()) runAgain();
        else loseTransaction();
    }

    private ErrorFields lost(String when) {
        return explained(ErrorFields.error(SqlState.CONNECTION_FAILURE, connection() + " was lost" + when));
    }

    private String connection() {
        return "connection to node " + lease.server().target().node();
    }

    private ErrorFields explained(ErrorFields error) {
        return lastWords == null ? error : error.withDetail(lastWords.message());
    }

    private boolean isOutsideTransaction() {
        boolean wroteWithinThePassing = batches.passing() != null && lease.hasWritten();
        return lease.server().status() == TransactionStatus.IDLE && !wroteWithinThePassing && !isItsBeginningLost();
    }

    /** A batch that began a transaction and did not end it is lost with it: nothing of it can have been committed. */
    private boolean isItsBeginningLost() {
        if (batches.isNoneSent()) return false;
        var first = batches.sent().iterator().next();
        boolean alone = batches.sent().size() == 1 && batches.passing() == null;
        return first.opensTransaction() && !(alone && first.isRepeatable());
    }

    // Outside a transaction

    private void runAgain() {
        boolean first = true;
        for (var batch : batches.sent()) {
            judge(batch, first);
            first = false;
        }
        if (batches.passing() instanceof Batch unfinished) unfinished.refusal = unknownOutcome(unfinished);
        batches.takeBack();
        relay.becomeIdle();
        relay.goOn();
    }

    private void judge(Batch batch, boolean first) {
        batch.avoidStandby |= lease.isStandby();
        if (!batch.isRepeatable() || (first && lease.server().rowsForwarded())) {
            batch.refusal = unknownOutcome(batch);
            return;
        }
        if (first) batch.framesAnswered += lease.server().framesForwarded();
        relay.services().metrics().retried("server-lost");
    }

    private ErrorFields unknownOutcome(Batch batch) {
        if (!batch.mayWrite() && !batch.commits()) return lost(" in the middle of its answer");
        return explained(unknown(
                connection() + " was lost before its answer: the statement may or may not have been carried out"));
    }

    private static ErrorFields unknown(String what) {
        return ErrorFields.error(SqlState.TRANSACTION_RESOLUTION_UNKNOWN, what)
                .withHint("Find out before you run it again.");
    }

    // In a transaction

    private void loseTransaction() {
        boolean commitSent = false;
        for (var batch : batches.sent()) commitSent |= batch.commits();
        if (commitSent) loseCommit();
        else loseOpenTransaction();
    }

    private void loseCommit() {
        boolean open = batches.passing() != null;
        failAll(
                explained(unknown(
                        "the server was lost while the transaction was being committed: it may or may not have been")),
                TransactionStatus.IDLE);
        if (open) relay.discard();
        else relay.becomeIdle();
        relay.goOn();
    }

    private void loseOpenTransaction() {
        var failure = explained(ErrorFields.error(
                        SqlState.SERIALIZATION_FAILURE, "the server was lost, and with it the current transaction")
                .withHint("Run the whole transaction again."));
        boolean reported = batches.answering() != null;
        boolean open = batches.passing() != null;
        failAll(failure, TransactionStatus.FAILED);
        var transaction = new LostTransaction(relay.client(), failure, reported);
        if (open) transaction.discardUntilSync();
        new Lost(relay, transaction).begin();
    }

    /** Every batch that is still owed an answer gets the error, and the status that holds from then on if it had come whole. */
    private void failAll(ErrorFields error, TransactionStatus status) {
        var out = relay.client().newBuffer(256);
        while (batches.endNext() instanceof Batch batch) {
            BackendMessages.error(out, error);
            BackendMessages.readyForQuery(out, status);
            relay.effects().notCarriedOut(batch, error);
        }
        if (batches.endPassing() instanceof Batch open) {
            BackendMessages.error(out, error);
            relay.effects().notCarriedOut(open, error);
        }
        relay.client().writeAndFlush(out);
    }
}
