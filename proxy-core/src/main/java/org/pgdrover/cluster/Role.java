package org.pgdrover.cluster;

/// A node's own word for what it is, through `pg_is_in_recovery()`. It is UNKNOWN until the node has
/// answered.
public enum Role {
    PRIMARY,
    STANDBY,
    UNKNOWN
}
