package org.pgdrover.metrics;

import java.util.List;

/// Sees every statement with where it went and why: the debug lines of the demo and the statement log.
@FunctionalInterface
public interface StatementObserver {
    /// A statement ended. Called on an event loop, so it must not block.
    ///
    /// @param client number of the client connection, as in the logs
    /// @param queryClass read, write, transaction, session, unknown …
    /// @param node name of the node that answered, or "-" when the proxy answered itself
    /// @param reason why it went there, in words
    /// @param nanos from its arrival to the end of its answer
    /// @param sql the statement, cut to at most 1000 characters
    /// @param sqlState the error's SQLSTATE, or the empty string
    void onStatement(
            long client, String queryClass, String node, String reason, long nanos, String sql, String sqlState);

    /// Whether batches that took so long are looked at: nothing is made ready of those that are not.
    ///
    /// @param nanos from a batch's arrival to the end of its answer
    default boolean shows(long nanos) {
        return true;
    }

    /// A batch of statements ended; it may be very long, and its time is that of all together. As
    /// [#onStatement] for each otherwise.
    default void onBatch(
            long client,
            String queryClass,
            String node,
            String reason,
            long nanos,
            List<String> statements,
            String sqlState) {
        for (var sql : statements) onStatement(client, queryClass, node, reason, nanos, sql, sqlState);
    }
}
