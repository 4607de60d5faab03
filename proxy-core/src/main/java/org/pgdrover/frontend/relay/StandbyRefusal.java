package org.pgdrover.frontend.relay;

import java.util.Set;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.TransactionStatus;

/// Tells a standby's error that the primary would not give from every other error.
final class StandbyRefusal {
    private static final Set<String> STANDBY_ERRORS = Set.of(
            SqlState.READ_ONLY_SQL_TRANSACTION,
            SqlState.OBJECT_NOT_IN_PREREQUISITE_STATE,
            SqlState.FEATURE_NOT_SUPPORTED,
            SqlState.SERIALIZATION_FAILURE);
    /// PostgreSQL's function that reports a prepared statement whose rows have another shape now, on a
    /// primary too.
    private static final String CHANGED_RESULT = "RevalidateCachedQuery";

    private StandbyRefusal() {}

    /// Whether the error is such a refusal, and the delivery can be had from the primary instead.
    static boolean is(ErrorFields error, Delivery delivery, ServerConnection server) {
        return delivery.mayRunAgain()
                && delivery.part != null
                && (server.status() == TransactionStatus.IDLE || delivery.begin() != null)
                && STANDBY_ERRORS.contains(error.sqlState())
                && !CHANGED_RESULT.equals(error.routine());
    }
}
