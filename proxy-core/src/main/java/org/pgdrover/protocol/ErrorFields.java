package org.pgdrover.protocol;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/// The fields of an ErrorResponse or NoticeResponse, in their order (PostgreSQL manual, section 54.8).
///
/// @param fields field type byte, such as 'S', 'V', 'C', 'M', 'D', 'H', to its text
public record ErrorFields(Map<Character, String> fields) {
    public ErrorFields {
        fields = Collections.unmodifiableMap(new LinkedHashMap<>(fields));
    }

    /// An error of the proxy's own that leaves the session alive.
    public static ErrorFields error(String sqlState, String message) {
        return of("ERROR", sqlState, message);
    }

    /// An error of the proxy's own that ends the session.
    public static ErrorFields fatal(String sqlState, String message) {
        return of("FATAL", sqlState, message);
    }

    /// A warning of the proxy's own.
    public static ErrorFields warning(String sqlState, String message) {
        return of("WARNING", sqlState, message);
    }

    private static ErrorFields of(String severity, String sqlState, String message) {
        var fields = new LinkedHashMap<Character, String>();
        fields.put('S', severity);
        fields.put('V', severity);
        fields.put('C', sqlState);
        fields.put('M', message);
        return new ErrorFields(fields);
    }

    /// The same error with a DETAIL.
    public ErrorFields withDetail(String detail) {
        return with('D', detail);
    }

    /// The same error with a HINT.
    public ErrorFields withHint(String hint) {
        return with('H', hint);
    }

    /// The same error as reported by a routine of PostgreSQL's source code, by which drivers tell errors
    /// apart.
    public ErrorFields withRoutine(String routine) {
        return with('R', routine);
    }

    /// The same error as one that ends the session, as PostgreSQL reports whatever goes wrong before a
    /// session exists.
    public ErrorFields asFatal() {
        return with('S', "FATAL").with('V', "FATAL");
    }

    /// The same error as one that leaves the session alive: what was fatal for a server connection is
    /// not for its client.
    public ErrorFields asError() {
        return with('S', "ERROR").with('V', "ERROR");
    }

    /// The character of the query string at which the error is, counted from 1; 0 if the server does not
    /// say.
    public int position() {
        try {
            return Integer.parseInt(fields.getOrDefault('P', "0"));
        } catch (NumberFormatException unreadable) {
            return 0;
        }
    }

    /// Whether the server has not understood the statement, and so has run nothing of it: a syntax
    /// error, or a name that it does not find, at a position of the statement's own text.
    public boolean isOfTheText() {
        return sqlState().startsWith("42") && position() > 0 && !fields.containsKey('W') && !fields.containsKey('q');
    }

    /// The same error at another character of the query string.
    public ErrorFields withPosition(int position) {
        return with('P', Integer.toString(position));
    }

    /// The same error of a query string that its reader does not know.
    public ErrorFields withoutPosition() {
        if (!fields.containsKey('P')) return this;
        var copy = new LinkedHashMap<>(fields);
        copy.remove('P');
        return new ErrorFields(copy);
    }

    /// The error of a statement's preparation as the use of the statement gives it: PostgreSQL waits for locks without
    /// a position then.
    public ErrorFields ofItsUse() {
        boolean ofLock =
                sqlState().equals(SqlState.LOCK_NOT_AVAILABLE) || sqlState().equals(SqlState.DEADLOCK_DETECTED);
        return ofLock ? withoutPosition() : this;
    }

    /// The same error with another word in its message.
    public ErrorFields saying(String instead, String of) {
        return with('M', message().replace(of, instead));
    }

    private ErrorFields with(char type, String value) {
        var copy = new LinkedHashMap<>(fields);
        copy.put(type, value);
        return new ErrorFields(copy);
    }

    /// The name of the source-code routine that reports it; empty if the server does not say.
    public String routine() {
        return fields.getOrDefault('R', "");
    }

    public String sqlState() {
        return fields.getOrDefault('C', SqlState.INTERNAL_ERROR);
    }

    public String message() {
        return fields.getOrDefault('M', "");
    }

    /// The severity in English: field V, or S from servers before 9.6.
    public String severity() {
        var severity = fields.get('V');
        return severity != null ? severity : fields.getOrDefault('S', "ERROR");
    }

    /// Whether the server ends the connection after this.
    public boolean endsSession() {
        var severity = severity();
        return severity.equals("FATAL") || severity.equals("PANIC");
    }
}
