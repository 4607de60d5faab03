package org.pgdrover.pool;

import org.pgdrover.protocol.ErrorFields;

/// A reason why no server connection was to be had.
public record Refusal(Kind kind, ErrorFields error) {
    public enum Kind {
        /// The pool's wait-timeout passed.
        TIMEOUT,
        /// The server answered and refused the login.
        LOGIN_FAILED,
        /// The server could not be reached; another node may do.
        UNREACHABLE,
        /// The pool is closed, for its node is gone or the proxy stops.
        CLOSED
    }
}
