package org.pgdrover.simulation;

/// An error that the model answers with.
final class SqlError extends RuntimeException {
    private final String severity;
    private final String state;

    private SqlError(String severity, String state, String message) {
        super(message, null, false, false);
        this.severity = severity;
        this.state = state;
    }

    static SqlError of(String state, String message) {
        return new SqlError("ERROR", state, message);
    }

    static SqlError fatal(String state, String message) {
        return new SqlError("FATAL", state, message);
    }

    /// Text that the model does not know, which is a gap in the model.
    static SqlError unknown(String sql) {
        return new SqlError("ERROR", "XX000", "the model does not know: " + sql);
    }

    String severity() {
        return severity;
    }

    String state() {
        return state;
    }

    boolean isFatal() {
        return severity.equals("FATAL");
    }
}
