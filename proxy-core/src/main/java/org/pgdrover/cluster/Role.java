package org.pgdrover.cluster;

/** What a node says of itself through <code>pg_is_in_recovery()</code>; UNKNOWN until it has answered. */
public enum Role {
    PRIMARY,
    STANDBY,
    UNKNOWN
}
