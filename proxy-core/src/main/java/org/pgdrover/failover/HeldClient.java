package org.pgdrover.failover;

/// A client that waits at the gate. Exactly one of its methods is called, once, on the executor that it
/// came with.
public interface HeldClient {
    /// The gate is open: go on.
    void released();

    /// The wait is over without a primary: answer with this error.
    void refused(String sqlState, String message);
}
