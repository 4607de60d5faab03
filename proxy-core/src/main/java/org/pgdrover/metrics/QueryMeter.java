package org.pgdrover.metrics;

/// Counts the statements of one class, node and reason; called on event loops, so it must not block.
public interface QueryMeter {
    QueryMeter NOOP = new QueryMeter() {};

    /// A statement ended after so many nanoseconds; failed if PostgreSQL answered with an error.
    default void completed(long nanos, boolean failed) {}
}
