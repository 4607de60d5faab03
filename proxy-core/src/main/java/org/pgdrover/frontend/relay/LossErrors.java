package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/// Words the errors of a lost server.
final class LossErrors {
    private final ServerLease lease;
    private final @Nullable ErrorFields lastWords;

    LossErrors(ServerLease lease) {
        this.lease = lease;
        this.lastWords = lease.lastWords();
    }

    /// The connection was lost before anything was run there, or in the middle of a read's answer.
    ///
    /// @param when more of the sentence, or empty
    ErrorFields lost(String when) {
        return explained(ErrorFields.error(SqlState.CONNECTION_FAILURE, connection() + " was lost" + when));
    }

    /// A transaction is lost that had not sent COMMIT.
    ErrorFields lostTransaction() {
        return explained(ErrorFields.error(
                        SqlState.SERIALIZATION_FAILURE, "the server was lost, and with it the current transaction")
                .withHint("Run the whole transaction again."));
    }

    /// A delivery outside a transaction has not been answered.
    ///
    /// @param backendOnly whether only this connection is lost, and not its node
    ErrorFields unanswered(Delivery delivery, boolean backendOnly) {
        if (isUnknown(delivery))
            return explained(unknown(
                    connection() + " was lost before its answer: the statement may or may not have been carried out"));
        if (backendOnly && lastWords != null) return lastWords.asError();
        if (!delivery.begun) return lost(" before its answer");
        return lost(" in the middle of its answer");
    }

    /// A transaction is lost that was being committed.
    ErrorFields unknownCommit() {
        return explained(
                unknown("the server was lost while the transaction was being committed: it may or may not have been"));
    }

    /// The proxy stops while something may be committed that has not been answered.
    static ErrorFields stopped() {
        return unknown("the proxy stops before the answer: what was sent may or may not have been carried out");
    }

    /// The session ends with its server, which has not answered what may be committed.
    static ErrorFields sessionLost() {
        return unknown("the server was lost before the answer, and state of the session with it: what was sent may or"
                + " may not have been carried out");
    }

    private static ErrorFields unknown(String what) {
        return ErrorFields.error(SqlState.TRANSACTION_RESOLUTION_UNKNOWN, what)
                .withHint("Find out before you run it again.");
    }

    private ErrorFields explained(ErrorFields error) {
        return lastWords == null ? error : error.withDetail(lastWords.message());
    }

    private String connection() {
        return "connection to node " + lease.server().target().node();
    }

    /// Whether nobody knows if a delivery that has not been answered was carried out.
    static boolean isUnknown(Delivery delivery) {
        return delivery.mayWrite() || delivery.mayCommit();
    }
}
