package org.pgdrover.simulation;

/// An error that the model answers with.
final class SqlError extends RuntimeException {
    private final String severity;
    private final String state;
    private final String routine;

    private SqlError(String severity, String state, String message, String routine) {
        super(message, null, false, false);
        this.severity = severity;
        this.state = state;
        this.routine = routine;
    }

    static SqlError of(String state, String message) {
        return new SqlError("ERROR", state, message, "");
    }

    /// An error of the routine that waits for copied data.
    static SqlError ofWaiting(String state, String message) {
        return new SqlError("ERROR", state, message, "CopyGetData");
    }

    static SqlError fatal(String state, String message) {
        return new SqlError("FATAL", state, message, "");
    }

    /// Text that the model does not know, which is a gap in the model.
    static SqlError unknown(String sql) {
        return new SqlError("ERROR", "XX000", "the model does not know: " + sql, "");
    }

    String severity() {
        return severity;
    }

    String state() {
        return state;
    }

    /// The routine that has reported it.
    String routine() {
        return routine;
    }

    boolean isFatal() {
        return severity.equals("FATAL");
    }
}
