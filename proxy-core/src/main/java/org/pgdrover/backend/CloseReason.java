package org.pgdrover.backend;

/// A reason why a server connection ended. The label is the same in logs, metrics and SHOW.
public enum CloseReason {
    IDLE_TIMEOUT("idle-timeout"),
    LIFETIME("lifetime"),
    SERVER_CLOSED("server-closed"),
    SERVER_ERROR("server-error"),
    PROTOCOL_VIOLATION("protocol-violation"),
    CLIENT_LEFT("client-left"),
    RESET_FAILED("reset-failed"),
    /// The session holds what the next client must not see, and what cannot be taken away.
    SESSION_NOT_CLEAN("session-not-clean"),
    /// An error of the proxy's own.
    INTERNAL_ERROR("internal-error"),
    /// A database has to be empty of sessions.
    DATABASE_EMPTIED("database-emptied"),
    PROBE_FAILED("probe-failed"),
    NODE_LOST("node-lost"),
    MAKE_ROOM("make-room"),
    SETTINGS_CHANGED("settings-changed"),
    LOGIN_FAILED("login-failed"),
    SHUTDOWN("shutdown");

    private final String label;

    CloseReason(String label) {
        this.label = label;
    }

    /// Whether nobody meant the connection to end.
    boolean isUnexpected() {
        return this == SERVER_CLOSED || this == SERVER_ERROR;
    }

    public String label() {
        return label;
    }
}
