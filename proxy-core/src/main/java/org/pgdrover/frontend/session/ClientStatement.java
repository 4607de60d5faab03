package org.pgdrover.frontend.session;

import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.sql.QueryClass;

/// A prepared statement as one client knows it; each Parse makes one of its own.
///
/// Confined to the client's event loop.
public final class ClientStatement {
    private static final Set<String> ANALYSED = Set.of(
            "SELECT",
            "SELECT INTO",
            "CALL",
            "INSERT",
            "UPDATE",
            "DELETE",
            "MERGE",
            "VALUES",
            "TABLE",
            "DECLARE",
            "EXPLAIN",
            "EXPLAIN EXECUTE");

    private final byte[] name;
    private final byte @Nullable [] definition;
    private final QueryClass queryClass;
    private final @Nullable SharedStatement shared;
    private @Nullable SessionSettings settings;
    private @Nullable StatementShape shape;
    private boolean answered;
    private boolean unsettled;
    private boolean there;
    private long number;

    /// @param name the client's name for it; empty is the unnamed statement
    /// @param definition the rest of its Parse after the name, or null if it was too large to keep: then it exists
    ///     on one server only
    /// @param shared what it is called on pooled servers; null for the unnamed statement and for one that was not
    ///     kept
    /// @param settings with which it is parsed; null if nobody knows
    public ClientStatement(
            byte[] name,
            byte @Nullable [] definition,
            QueryClass queryClass,
            @Nullable SharedStatement shared,
            @Nullable SessionSettings settings) {
        this.settings = settings;
        this.name = name;
        this.definition = definition;
        this.queryClass = queryClass;
        this.shared = shared;
    }

    public byte[] name() {
        return name;
    }

    public QueryClass queryClass() {
        return queryClass;
    }

    public @Nullable SharedStatement shared() {
        return shared;
    }

    /// The settings with which it was parsed; null if nobody knows.
    public @Nullable SessionSettings settings() {
        return settings;
    }

    /// It is known now with which settings it was parsed.
    void parsedWith(SessionSettings known) {
        if (settings == null) settings = known;
    }

    /// It was parsed when the session had this value of a parameter, which servers do not have any more.
    void parsedBefore(String parameter, String value) {
        if (settings != null && !settings.names().contains(parameter)) settings = settings.withValue(parameter, value);
    }

    /// Whether it is one of the client's: its Parse has been answered, and nothing has ended it since.
    boolean isThere() {
        return there;
    }

    void there(boolean now) {
        there = now;
    }

    /// Nobody will ever know with which settings it was parsed.
    void unsettled() {
        unsettled = true;
    }

    boolean isUnsettled() {
        return unsettled;
    }

    /// Whether PostgreSQL analyses the statement, under a snapshot and by the settings, as soon as it is parsed.
    public boolean isAnalysed() {
        var command = queryClass.statement();
        return ANALYSED.contains(command) || command.endsWith(" AS") || queryClass.isUnknown();
    }

    /// Whether its columns are its own. EXECUTE has those of another statement, by which Describe can fail although
    /// Parse
    /// has not.
    public boolean hasOwnShape() {
        return !queryClass.statement().equals("EXECUTE");
    }

    public boolean isUnnamed() {
        return name.length == 0;
    }

    /// Whether it can be parsed again elsewhere.
    public boolean isKept() {
        return definition != null;
    }

    public byte @Nullable [] definition() {
        return definition;
    }

    /// What its server said of it; null while no server has.
    public @Nullable StatementShape shape() {
        return shape;
    }

    public void shape(StatementShape said) {
        if (shape == null) shape = said;
    }

    /// When it was prepared, as a number among the client's statements.
    long number() {
        return number;
    }

    void number(long among) {
        number = among;
    }

    /// Whether its Parse has been answered; until then it is there only for what follows in the same
    /// batch.
    public boolean isAnswered() {
        return answered;
    }

    public void answered() {
        answered = true;
    }

    /// The rest of a Parse that makes the same statement elsewhere: with the parameter types that it was
    /// given at first.
    public byte @Nullable [] repetition() {
        var original = definition;
        var said = shape;
        if (original == null || said == null) return original;
        int text = 0;
        while (original[text] != 0) text++;
        var again = Arrays.copyOf(original, text + 1 + said.parameters().length);
        System.arraycopy(said.parameters(), 0, again, text + 1, said.parameters().length);
        return again;
    }
}
