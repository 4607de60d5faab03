package org.pgdrover.frontend.session;

import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;
import org.pgdrover.backend.SessionSettings;

/// The settings within the transaction, with those that end with it.
final class SettingsNow {
    private static final String DATE_STYLE = "datestyle";
    private static final String ROLE = "role";

    private SessionSettings now;
    /// Names of those that end with the transaction in any case.
    private final Set<String> locals = new HashSet<>(2);
    /// Whether datestyle has been set and the server has not reported what has come of it.
    private boolean styleOpen;

    SettingsNow(SessionSettings begun) {
        now = begun;
    }

    /// A statement's bytes, each a character.
    static String bytes(String statement) {
        return new String(statement.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    SessionSettings all() {
        return now;
    }

    boolean hasLocals() {
        return !locals.isEmpty();
    }

    /// Whether what datestyle is now is not known: a SET may leave its order or its style.
    boolean isStyleOpen() {
        return styleOpen;
    }

    void set(String name, String statement, String encoding, boolean standardStrings, boolean local) {
        now = now.withStatement(name, statement, encoding, standardStrings);
        if (local) locals.add(name);
        else locals.remove(name);
        if (name.equals(DATE_STYLE)) styleOpen = true;
    }

    void reset(String name, SessionSettings defaults) {
        now = now.withDefaultOf(name, defaults);
        locals.remove(name);
        if (name.equals(DATE_STYLE)) styleOpen = false;
    }

    void resetAll(SessionSettings defaults) {
        now = defaults.withDefaultOf(ROLE, now);
        locals.removeIf(name -> !name.equals(ROLE));
        styleOpen = false;
    }

    /// The server has reported datestyle.
    ///
    /// @return whether that is the session's own, and not one that ends with the transaction
    boolean style(String value) {
        styleOpen = false;
        if (now.names().contains(DATE_STYLE)) now = now.withValue(DATE_STYLE, value);
        return !locals.contains(DATE_STYLE);
    }

    /// The transaction is over, or what is set is known otherwise.
    void over(SessionSettings current) {
        now = current;
        locals.clear();
        styleOpen = false;
    }
}
