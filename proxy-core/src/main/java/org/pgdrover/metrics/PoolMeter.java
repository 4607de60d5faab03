package org.pgdrover.metrics;

/// Counts what happens at one pool of server connections; may be called from any thread.
public interface PoolMeter {
    PoolMeter NOOP = new PoolMeter() {};

    /// A client waited this long for a server connection.
    default void waited(long nanos) {}

    /// The pool is not there any more: its gauges go.
    default void forgotten() {}
}
