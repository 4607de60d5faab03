package org.pgdrover.backend;

/** Why a server connection ended; the label is the same in logs, metrics and SHOW. */
public enum CloseReason {
    IDLE_TIMEOUT("idle-timeout"),
    LIFETIME("lifetime"),
    SERVER_CLOSED("server-closed"),
    SERVER_ERROR("server-error"),
    PROTOCOL_VIOLATION("protocol-violation"),
    CLIENT_LEFT("client-left"),
    RESET_FAILED("reset-failed"),
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

    public String label() {
        return label;
    }
}
