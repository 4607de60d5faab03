package org.pgdrover.frontend.session;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.BiPredicate;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.InitialValues;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.sql.SessionEffect;

/// A session's settings, and those of the server that works for it, as answers have told. They follow
/// the transaction.
///
/// What a transaction sets holds once it is committed, and is forgotten when it is rolled back. Where
/// savepoints make that uncertain the settings are in doubt, and the server is to be asked. Confined to
/// the client's event loop.
public final class TrackedSettings {
    private static final String DATE_STYLE = "datestyle";
    /// RESET ALL leaves the role as it is (PostgreSQL manual, RESET).
    private static final String ROLE = "role";

    private InitialValues initial;
    /// Those of the last server that the session was held against.
    private InitialValues met;
    /// What the startup message has set, and what [#meets] has added.
    private SessionSettings defaults;
    /// What [#meets] has added.
    private SessionSettings added = SessionSettings.EMPTY;
    private SessionSettings committed;
    private SessionSettings current;
    private SessionSettings onServer = SessionSettings.EMPTY;
    private final Set<String> touched = new LinkedHashSet<>();
    private final ParsedUnknown parsed = new ParsedUnknown();
    private final SettingsNow now;
    /// Whether something is set in the transaction that nobody knows.
    private boolean local;
    private boolean doubtful;
    /// Whether something was sent that may have changed them in a way that only the server can tell.
    private boolean unseen;
    /// Whether such a thing has completed, and in this transaction.
    private boolean unseenDone;
    private boolean unseenHere;

    /// @param initial what the session has begun with beside the startup message's settings
    TrackedSettings(SessionSettings defaults, InitialValues initial) {
        this.initial = initial;
        this.met = initial;
        this.defaults = defaults;
        this.committed = defaults;
        this.current = defaults;
        this.now = new SettingsNow(defaults);
    }

    // What the session has begun with

    public InitialValues initial() {
        return initial;
    }

    /// A server is to work for the session: what the session has begun with and the server has not is from now on
    /// as if the startup message had set it.
    ///
    /// What the server has read anew of its configuration holds for the session too, and for other servers.
    ///
    /// @param had whether the server had this value of a parameter before it has read its configuration again
    /// @param reread told of each parameter and the session's value of it that does not hold any more
    /// @return whether the session's settings are others now
    public boolean meets(InitialValues server, BiPredicate<String, String> had, BiConsumer<String, String> reread) {
        if (server == met) return false;
        met = server;
        var begun = initial;
        var before = committed;
        begun.others(met, (name, mine, there) -> {
            if (had.test(name, mine)) {
                initial = initial.with(name, there);
                reread.accept(name, mine);
                if (added.names().contains(name)) add(name, there);
            } else if (!defaults.names().contains(name)) {
                add(name, mine);
            }
        });
        return committed != before || initial != begun;
    }

    private void add(String name, String value) {
        var old = defaults;
        defaults = defaults.withValue(name, value);
        added = added.withValue(name, value);
        if (committed.isLike(old, name)) committed = committed.withDefaultOf(name, defaults);
        if (current.isLike(old, name)) current = current.withDefaultOf(name, defaults);
        now.over(current);
    }

    /// Settings that were known before [#meets] was told of a server, with what has been added.
    public SessionSettings complete(SessionSettings known) {
        var whole = known;
        for (var name : added.names()) if (!known.names().contains(name)) whole = whole.withDefaultOf(name, added);
        return whole;
    }

    /// Names of the parameters that the startup message has set.
    public Set<String> defaults() {
        return defaults.names();
    }

    /// The SET statements that set again what a statement takes away of the startup message's; none if
    /// the statement takes nothing away.
    public List<String> restoring(SessionEffect effect) {
        return TakenDefaults.statements(effect, defaults);
    }

    public SessionSettings committed() {
        return committed;
    }

    /// What they are now, within the transaction, but for what ends with the transaction in any case.
    public SessionSettings current() {
        return current;
    }

    /// What they are now, within the transaction, as far as they are known.
    public SessionSettings now() {
        return now.all();
    }

    public SessionSettings onServer() {
        return onServer;
    }

    /// A server that has these settings works for the session from now on.
    public void entered(SessionSettings server) {
        onServer = server;
        unseen = false;
        unseenDone = false;
        unseenHere = false;
        parsed.forgetLasting();
    }

    /// Whether the server's settings are not those that the session should have: RESET ALL took the
    /// startup message's away.
    public boolean isServerBehind() {
        return !onServer.equals(current);
    }

    /// The server was brought to the session's settings.
    public void serverCaughtUp() {
        onServer = current;
    }

    /// What a statement had taken away was set again by [#restoring].
    public void restored() {
        onServer = current.asStated();
    }

    // What was parsed with them

    /// A statement has been parsed now. If nobody knows the settings, it gets what the server tells next, or
    /// what is known when something else is set before that.
    void parsed(ClientStatement statement) {
        if (statement.settings() != null) return;
        if (!isUnknown(unseenDone)) statement.parsedWith(now());
        else parsed.add(statement, local || doubtful || unseenHere || now.hasLocals());
    }

    /// Whether the server should tell what is set in its transaction before a statement is parsed: behind an error
    /// nobody can ask any more.
    ///
    /// @param underWay whether something was sent that is not answered yet
    public boolean areToLearn(boolean underWay) {
        return underWay ? isUnknown() : isUnknown(unseenDone) && !parsed.isAsked();
    }

    /// The statements that were parsed while nobody knew all settings.
    public ParsedUnknown parsed() {
        return parsed;
    }

    /// Nobody can ask any more what was set when they were parsed.
    private void changes(String name) {
        if (LocalSettings.isOfMeaning(name)) parsed.lost();
    }

    // What a statement that succeeded has done

    void set(String name, String statement, String encoding, boolean standardStrings) {
        changes(name);
        touched.add(name);
        var bytes = SettingsNow.bytes(statement);
        now.set(name, bytes, encoding, standardStrings, false);
        current = current.withStatement(name, bytes, encoding, standardStrings);
        onServer = onServer.withStatement(name, bytes, encoding, standardStrings);
    }

    void reset(String name) {
        changes(name);
        now.reset(name, defaults);
        touched.add(name);
        current = current.withDefaultOf(name, defaults);
        onServer = onServer.withDefaultOf(name, SessionSettings.EMPTY);
    }

    void resetAll() {
        parsed.lost();
        now.resetAll(defaults);
        touched.addAll(current.names());
        current = defaults.withDefaultOf(ROLE, current);
        onServer = SessionSettings.EMPTY.withDefaultOf(ROLE, onServer);
    }

    /// DISCARD ALL: the session is as it began, whatever follows.
    void discardAll() {
        committed = defaults;
        current = defaults;
        onServer = SessionSettings.EMPTY;
        now.over(current);
        doubtful = false;
        touched.clear();
    }

    /// SET LOCAL of what nobody knows: until the transaction is over the settings are not those that are known.
    public void setLocally() {
        parsed.lost();
        local = true;
    }

    /// SET LOCAL.
    ///
    /// @param statement that sets the same for the session; null if nobody knows it
    void setLocally(String name, @Nullable String statement, String encoding, boolean standardStrings) {
        if (statement == null) {
            setLocally();
            return;
        }
        changes(name);
        now.set(name, SettingsNow.bytes(statement), encoding, standardStrings, true);
    }

    /// A savepoint was made, released or gone back to.
    void savepoint(boolean back) {
        if (!touched.isEmpty()) doubtful = true;
        if (back && now.hasLocals()) local = true;
        if (back) parsed.lost();
    }

    /// SET datestyle changes style or order and leaves the other: what has come of it is what the server
    /// reports.
    void reported(String name, String value) {
        if (!name.equals("DateStyle")) return;
        boolean own = now.style(value);
        if (!local && !doubtful && !unseen) parsed.with(now(), true);
        if (!own || !current.names().contains(DATE_STYLE)) return;
        boolean settled = current == committed;
        current = current.withValue(DATE_STYLE, value);
        onServer = onServer.withValue(DATE_STYLE, value);
        if (settled) committed = current;
    }

    /// The server is ready, and has reported what it had to report.
    public void ready(@Nullable String style) {
        if (style != null && now.isStyleOpen()) reported("DateStyle", style);
    }

    // The transaction's end

    void commit() {
        committed = current;
        over();
    }

    private void over() {
        parsed.transactionOver();
        if (!doubtful && !unseen) parsed.forgetLasting();
        unseenHere = false;
        local = false;
        now.over(current);
        if (!doubtful) touched.clear();
    }

    /// @param server what the server's settings were before
    void rollBack(SessionSettings server) {
        current = committed;
        onServer = server;
        over();
    }

    /// Parameters of which only the server knows what has become of them.
    public Set<String> inDoubt() {
        return doubtful ? touched : Set.of();
    }

    /// Whether the transaction has changed settings, so that its end may change them back.
    public boolean isTouched() {
        return !touched.isEmpty();
    }

    /// Whether statements may be parsed now with settings that are not known.
    boolean isUnknown() {
        return isUnknown(true);
    }

    private boolean isUnknown(boolean done) {
        return local || doubtful || unseen && done || now.isStyleOpen();
    }

    /// Something is sent, or was not carried out, that may change them in a way that only the server can
    /// tell.
    public void unseen(boolean may) {
        unseen = may;
    }

    /// Such a thing has completed.
    public void unseenDone() {
        parsed.lost();
        unseenDone = true;
        unseenHere = true;
    }

    public boolean isUnseen() {
        return unseen;
    }

    /// Custom parameters are in no view, and the role is not reset.
    private SessionSettings withDefaults(SessionSettings told) {
        var whole = told;
        for (var name : defaults.names()) {
            boolean reset = !told.names().contains(name) && name.indexOf('.') < 0 && !name.equals(ROLE);
            if (reset) whole = whole.withDefaultOf(name, defaults);
        }
        return whole;
    }

    /// The server has told what the settings are.
    ///
    /// @param all whether it has told of all: what the startup message has set and is not among them was reset,
    /// which gives the client the startup message's value again
    public void learnt(SessionSettings told, boolean all) {
        committed = all ? withDefaults(told) : told;
        current = committed;
        onServer = told;
        now.over(current);
        parsed.with(told, false);
        doubtful = false;
        unseen = false;
        unseenDone = false;
        touched.clear();
    }
}
