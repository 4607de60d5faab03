package org.pgdrover.pool;

import java.time.Duration;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;

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

    /// The pool's wait-timeout has passed.
    ///
    /// @param limit that all who have a connection stand at, in words
    static Refusal timeout(ServerTarget target, Duration waited, String limit) {
        return new Refusal(
                Kind.TIMEOUT,
                ErrorFields.error(
                                SqlState.TOO_MANY_CONNECTIONS,
                                "no server connection within pool.wait-timeout (" + waited.toMillis() + " ms): "
                                        + limit)
                        .withDetail("Pool of user \"" + target.user() + "\", database \"" + target.database()
                                + "\", node " + target.node() + ".")
                        .withHint("End transactions soon, and what keeps a server for its session: temporary tables,"
                                + " session locks, PREPARE, cursors WITH HOLD. Raise the limit only as far as"
                                + " max_connections of the node has room for that."));
    }
}
