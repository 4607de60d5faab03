package org.pgdrover.config;

/// The time for which a client keeps a server connection: until it leaves, or until its transaction
/// ends.
public enum PoolMode {
    SESSION,
    TRANSACTION
}
