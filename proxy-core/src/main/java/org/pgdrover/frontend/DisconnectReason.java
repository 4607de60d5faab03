package org.pgdrover.frontend;

/// A reason why a client connection ended. The label is the same in logs, metrics and SHOW.
public enum DisconnectReason {
    TERMINATED("terminated"),
    CLIENT_CLOSED("client-closed"),
    CLIENT_ERROR("client-error"),
    CANCEL_REQUEST("cancel-request"),
    PROTOCOL_VIOLATION("protocol-violation"),
    TLS_FAILED("tls-failed"),
    LOGIN_REFUSED("login-refused"),
    LOGIN_TIMEOUT("login-timeout"),
    TOO_MANY_CLIENTS("too-many-clients"),
    NOT_READING("not-reading"),
    SESSION_LOST("session-lost"),
    INTERNAL_ERROR("internal-error"),
    SHUTDOWN("shutdown");

    private final String label;

    DisconnectReason(String label) {
        this.label = label;
    }

    public String label() {
        return label;
    }
}
