package org.pgdrover.backend;

import java.util.Collections;
import java.util.Map;
import java.util.TreeMap;

/**
 * The run-time parameters that a session has set, each with the SQL that sets it; immutable.
 *
 * <p>A server connection and a client each have one. When they are not equal, {@link #difference} is run on the server before the client's
 * next statement.
 */
public final class SessionSettings {
    public static final SessionSettings EMPTY = new SessionSettings(Collections.emptySortedMap());

    private final Map<String, String> statements;
    private final int hash;

    private SessionSettings(Map<String, String> statements) {
        this.statements = statements;
        this.hash = statements.hashCode();
    }

    /** With a parameter set to a value in its textual form, as in a startup message or ParameterStatus. */
    public SessionSettings withValue(String name, String value) {
        return withStatement(
                name, "SELECT pg_catalog.set_config(" + literal(name) + ", " + literal(value) + ", false)");
    }

    /** With a parameter set by a SET statement of the client's own. */
    public SessionSettings withStatement(String name, String statement) {
        var copy = new TreeMap<>(statements);
        copy.put(name, statement);
        return new SessionSettings(copy);
    }

    /** With a parameter as another session has it, or without it if that has none. */
    public SessionSettings withDefaultOf(String name, SessionSettings defaults) {
        var copy = new TreeMap<>(statements);
        var statement = defaults.statements.get(name);
        if (statement == null) copy.remove(name);
        else copy.put(name, statement);
        return new SessionSettings(copy);
    }

    /** The SQL that turns a session with these settings into one with the wanted ones; empty if they are equal. */
    public String difference(SessionSettings wanted) {
        var sql = new StringBuilder();
        for (var name : statements.keySet())
            if (!wanted.statements.containsKey(name))
                sql.append("RESET ").append(identifier(name)).append(';');
        wanted.statements.forEach((name, statement) -> {
            if (!statement.equals(statements.get(name))) sql.append(statement).append(';');
        });
        return sql.toString();
    }

    private static String literal(String text) {
        var quoted = "'" + text.replace("'", "''") + "'";
        return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }

    /** Quotes each part of a possibly qualified parameter name. */
    private static String identifier(String name) {
        return "\"" + name.replace("\"", "\"\"").replace(".", "\".\"") + "\"";
    }

    @Override
    public boolean equals(Object other) {
        return other == this
                || other instanceof SessionSettings that && hash == that.hash && statements.equals(that.statements);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return statements.keySet().toString();
    }
}
