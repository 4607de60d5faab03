package org.pgdrover.frontend;

import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;

/** A standby's error that the primary would not give: what was refused, and the reads behind it, are run there instead. */
final class StandbyRefusal {
    private static final Set<String> STANDBY_ERRORS = Set.of(
            SqlState.READ_ONLY_SQL_TRANSACTION,
            SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE,
            SqlState.FEATURE_NOT_SUPPORTED,
            SqlState.SERIALIZATION_FAILURE);

    private StandbyRefusal() {}

    /** Whether an error in the answer to this batch is such a refusal, and nothing stands in the way of asking the primary. */
    static boolean is(ErrorFields error, ServerLease lease, @Nullable Batch batch) {
        var server = lease.server();
        return lease.isStandby()
                && batch != null
                && batch.isRepeatable()
                && server.status() == TransactionStatus.IDLE
                && !server.rowsForwarded()
                && !(server.ledger().headNote() instanceof MessageSender.ErrorInstead)
                && STANDBY_ERRORS.contains(error.sqlState());
    }

    /** Runs everything that the standby has not answered on the primary; what the client has had of the answers is not sent again. */
    static void runOnPrimary(RelayPhase relay, ServerLease lease, ErrorFields error) {
        relay.services().metrics().retried(error.sqlState());
        var batches = relay.batches();
        if (batches.answering() instanceof Batch first)
            first.framesAnswered += lease.server().framesForwarded();
        for (var batch : batches.sent()) batch.avoidStandby = true;
        batches.takeBack();
        relay.becomeIdle();
        lease.reset(false, false);
        relay.client().eventLoop().execute(relay::goOn);
    }
}
