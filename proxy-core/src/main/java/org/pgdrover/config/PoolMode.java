package org.pgdrover.config;

/** How long a client keeps a server connection: until it leaves, or until its transaction ends. */
public enum PoolMode {
    SESSION,
    TRANSACTION
}
