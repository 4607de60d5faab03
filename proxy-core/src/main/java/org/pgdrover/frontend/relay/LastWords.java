package org.pgdrover.frontend.relay;

import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

/// Tells by a server's last words why it has ended its connection.
final class LastWords {
    private LastWords() {}

    /// Whether the behaviour of the client for whom it worked is the reason.
    ///
    /// @param kept whether that client kept the server, so that nobody else can have let it be idle
    static boolean areOfTheClient(ErrorFields words, boolean kept) {
        return words.sqlState().equals(SqlState.IDLE_IN_TRANSACTION_SESSION_TIMEOUT)
                || words.sqlState().equals(SqlState.TRANSACTION_TIMEOUT)
                || words.sqlState().equals(SqlState.PROTOCOL_VIOLATION)
                || words.sqlState().equals(SqlState.IDLE_SESSION_TIMEOUT) && kept;
    }

    /// Whether the connection stood in a standby's way of recovery (PostgreSQL manual, section 26.4.2): no client
    /// of a primary hears of that.
    static boolean areOfRecovery(ErrorFields words, boolean standby) {
        return standby && words.sqlState().equals(SqlState.SERIALIZATION_FAILURE);
    }
}
