package org.pgdrover.frontend;

/** Under which names a server connection knows a client's prepared statements. */
enum Naming {
    /** The client's own: it keeps this connection for its whole session. */
    OWN,
    /** Shared ones, and beside them whatever the client made with SQL's PREPARE: the session is pinned to the connection. */
    PINNED,
    /** Shared ones only. */
    SHARED
}
