package org.pgdrover.cluster;

import java.net.ConnectException;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.SqlState;

/// A reason why a node did not answer a probe.
public record ProbeFailure(Kind kind, String message) {
    /// What the failure says of the node; the order is of no meaning.
    public enum Kind {
        /// Its host answers, and nobody listens on the port.
        REFUSED,
        /// The connection was closed in our hands.
        LOST,
        /// It runs and takes no sessions: it starts, stops or recovers (SQLSTATE 57P03).
        NOT_READY,
        /// Nothing came back in time, or no way leads there.
        NO_ANSWER,
        /// It runs and answered with an error: a wrong password, too many connections, a missing right.
        REJECTED;

        /// Whether one such answer is enough to know that the node serves nobody now.
        boolean certain() {
            return this == REFUSED || this == LOST || this == NOT_READY;
        }
    }

    static ProbeFailure of(SQLException failure) {
        return new ProbeFailure(kind(failure), Objects.requireNonNullElse(failure.getMessage(), failure.toString()));
    }

    private static Kind kind(SQLException failure) {
        var state = Objects.requireNonNullElse(failure.getSQLState(), "08000");
        return switch (state) {
            case SqlState.CANNOT_CONNECT_NOW -> Kind.NOT_READY;
            case SqlState.ADMIN_SHUTDOWN, SqlState.CRASH_SHUTDOWN -> Kind.LOST;
            default -> state.startsWith("08") ? networkKind(failure.getCause()) : Kind.REJECTED;
        };
    }

    private static Kind networkKind(@Nullable Throwable cause) {
        return switch (cause) {
            case null -> Kind.NO_ANSWER;
            case ConnectException e when String.valueOf(e.getMessage()).contains("refused") -> Kind.REFUSED;
            case ConnectException _ -> Kind.NO_ANSWER;
            case SocketTimeoutException _ -> Kind.NO_ANSWER;
            case java.net.NoRouteToHostException _ -> Kind.NO_ANSWER;
            case java.io.EOFException _ -> Kind.LOST;
            case SocketException _ -> Kind.LOST;
            default -> cause.getCause() == cause ? Kind.NO_ANSWER : networkKind(cause.getCause());
        };
    }

    @Override
    public String toString() {
        return message;
    }
}
