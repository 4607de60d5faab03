package org.pgdrover.backend;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The memory of what a server's session may hold.
///
/// Confined to its connection's event loop.
public final class ServerSession {
    /// A server that waits for its next client is idle, and ends by it.
    private static final String IDLE_TIMEOUT = "idle_session_timeout";

    /// DISCARD ALL does not take it away.
    private static final String SEED = "seed";

    private static final int MOST_EARLIER = 16;

    private final ServerStatements statements;
    private InitialValues initial;
    /// Those that it had before the server has read its configuration again.
    private final Deque<InitialValues> earlier = new ArrayDeque<>(2);

    private boolean reported;
    private SessionSettings settings = SessionSettings.EMPTY;
    private @Nullable Object unnamedStatement;
    /// The same as answers have told so far.
    private @Nullable Object unnamedAnswered;
    /// Names of custom parameters that the session knows since somebody has set them; that is for ever.
    private final Set<String> customNames = new HashSet<>();

    private @Nullable Object sequencesOf;
    private @Nullable Object seedOf;
    private boolean temporarySchema;
    private boolean lastUse;
    private @Nullable String notClean;

    /// @param initial values with which it begins
    /// @param statementCache most statements that it has prepared for the proxy
    ServerSession(InitialValues initial, int statementCache) {
        this.initial = initial;
        this.statements = new ServerStatements(statementCache);
    }

    /// The statements that the session has prepared for the proxy.
    public ServerStatements statements() {
        return statements;
    }

    /// The values that it has where nothing else is set.
    public InitialValues initial() {
        return initial;
    }

    /// Whether it had this value of a parameter where nothing else was set, before the server has read its
    /// configuration again.
    ///
    /// @param name in lower case
    public boolean hadInitially(String name, String value) {
        for (var values : earlier) if (values.has(name, value)) return true;
        return false;
    }

    /// The server has reported a value.
    void reported() {
        reported = true;
    }

    /// Whether the server has reported values of which nobody knows yet why.
    public boolean hasReported() {
        return reported;
    }

    /// Nothing is under way and [#settings] are what is set: another value of any other parameter comes from the
    /// configuration, which the server has read again (PostgreSQL manual, section 20.1.2).
    ///
    /// @param parameters what the server has reported last, name to value
    public void settle(Map<String, String> parameters) {
        if (!reported) return;
        reported = false;
        var now = initial.with(parameters, settings.names());
        if (now.equals(initial)) return;
        if (earlier.size() == MOST_EARLIER) earlier.removeFirst();
        earlier.addLast(initial);
        initial = now;
    }

    public SessionSettings settings() {
        return settings;
    }

    /// What the session's settings are now, after a statement of the client changed them.
    public void settings(SessionSettings now) {
        if (now == settings) return;
        settings = now;
        if (now.names().contains(IDLE_TIMEOUT)) notClean("it would end while no client has it");
        if (now.names().contains(SEED)) {
            notClean("its random numbers can be foretold");
            lastUse();
        }
        mayKnow(now);
    }

    /// The session is told to set these, or was told: their custom parameters exist there from now on.
    public void mayKnow(SessionSettings told) {
        for (var name : told.names()) if (name.indexOf('.') > 0) customNames.add(name);
    }

    /// Whose unnamed statement the server holds; null if nobody's who could still use it.
    public @Nullable Object unnamedStatement() {
        return unnamedStatement;
    }

    public void unnamedStatement(@Nullable Object statement) {
        unnamedStatement = statement;
    }

    /// The request that made this the unnamed statement, or ended that, has been answered.
    public void unnamedAnswered(@Nullable Object statement) {
        unnamedAnswered = statement;
    }

    /// All that was sent has been answered.
    void unnamedAnswered() {
        unnamedAnswered = unnamedStatement;
    }

    /// The request that would have made this the unnamed statement was not carried out.
    public void unnamedDiscarded(@Nullable Object statement) {
        if (unnamedStatement == statement) unnamedStatement = unnamedAnswered;
    }

    /// Why the session may hold what the next client must not see; null if it is proved that it does
    /// not.
    public @Nullable String notClean() {
        return notClean;
    }

    /// The session may hold what the next client must not see.
    public void notClean(String why) {
        if (notClean == null) notClean = why;
    }

    /// Custom parameters, which have a dot in their names, that the session knows since somebody has set
    /// them.
    public Set<String> customNames() {
        return customNames;
    }

    /// Whether the session may have had temporary objects; PostgreSQL keeps their schema for ever.
    public boolean hasTemporarySchema() {
        return temporarySchema;
    }

    /// The session may get temporary objects.
    public void temporarySchema(boolean mayBeThere) {
        temporarySchema = mayBeThere;
    }

    /// The last that may have used sequences, so that lastval() tells of that; null if nobody has.
    public @Nullable Object sequencesOf() {
        return sequencesOf;
    }

    public void sequencesOf(@Nullable Object user) {
        sequencesOf = user;
    }

    /// The last that may have set the seed of its random numbers, which nobody can ask for; null if nobody has.
    public @Nullable Object seedOf() {
        return seedOf;
    }

    public void seedOf(@Nullable Object setter) {
        seedOf = setter;
    }

    /// Whether somebody could see that others have used the session: DISCARD ALL does not take away
    /// everything.
    public boolean hasTraces() {
        return temporarySchema || !customNames.isEmpty();
    }

    /// Nobody gets the session after the present lessee.
    public void lastUse() {
        lastUse = true;
    }

    public boolean isLastUse() {
        return lastUse;
    }

    /// Nothing but the settings is left in the session: DISCARD ALL and another seed have been answered, or nothing was
    /// ever there.
    public void cleaned() {
        notClean = null;
        settings = SessionSettings.EMPTY;
        sequencesOf = null;
        seedOf = null;
        statements.clear();
        unnamedStatement = null;
        unnamedAnswered = null;
    }
}
