package org.pgdrover.backend;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/// The run-time parameters that a session has set, in their order. Each has the SQL that sets it. The
/// object is immutable.
///
/// A server connection and a client each have one. When they are not equal, [#difference] is run on the
/// server before the client's next statement. Each char of a statement is one byte of it, so that
/// statements in any encoding are repeated byte by byte.
public final class SessionSettings {
    public static final SessionSettings EMPTY = new SessionSettings(Collections.emptyMap());

    private static final String UTF8 = "UTF8";
    private static final String ROLE = "role";
    private static final String DATE_STYLE = "datestyle";
    private static final String ENCODING = "client_encoding";
    private static final String STANDARD_STRINGS = "standard_conforming_strings";

    /// Parameters on which neither the meaning nor the plan's correctness of any statement depends.
    private static final Set<String> OF_NO_MEANING = Set.of(
            "application_name",
            "client_min_messages",
            "statement_timeout",
            "lock_timeout",
            "idle_in_transaction_session_timeout",
            "idle_session_timeout",
            "transaction_timeout",
            "client_connection_check_interval",
            "tcp_keepalives_idle",
            "tcp_keepalives_interval",
            "tcp_keepalives_count",
            "tcp_user_timeout",
            "work_mem",
            "maintenance_work_mem",
            "temp_buffers",
            "synchronous_commit",
            "default_transaction_isolation",
            "default_transaction_read_only",
            "default_transaction_deferrable",
            "transaction_isolation",
            "transaction_read_only",
            "transaction_deferrable");

    /// One parameter that was set.
    ///
    /// @param statement the SQL that sets it
    /// @param plain a SET that can stand among a client's own statements; null if there is none
    /// @param encoding client_encoding in which the statement's bytes are meant; null if all of them are ASCII
    /// @param standardStrings standard_conforming_strings by which the statement is meant; null if it has no
    ///     backslash
    private record Setting(
            String statement,
            @Nullable String plain,
            @Nullable String encoding,
            @Nullable Boolean standardStrings) {}

    private final Map<String, Setting> settings;
    private final int hash;
    private @Nullable SessionSettings ofMeaning;

    private SessionSettings(Map<String, Setting> settings) {
        this.settings = settings;
        this.hash = settings.hashCode();
    }

    /// With a parameter set to a value in its textual form, as in a startup message or ParameterStatus.
    public SessionSettings withValue(String name, String value) {
        var bytes = new String(value.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return withBytes(name, bytes, UTF8);
    }

    /// With a parameter set to a value of bytes.
    ///
    /// @param encoding client_encoding in which the bytes are meant
    public SessionSettings withBytes(String name, String value, String encoding) {
        var statement = SetStatement.exact(name, value, encoding);
        boolean ascii = SetStatement.isAscii(statement);
        return with(
                name,
                new Setting(
                        statement,
                        ascii ? SetStatement.plain(name, value, encoding) : null,
                        ascii ? null : encoding,
                        null));
    }

    /// With a parameter set by a statement of the client's own.
    ///
    /// @param encoding client_encoding in which the statement was sent
    /// @param standardStrings standard_conforming_strings when it was sent
    public SessionSettings withStatement(String name, String statement, String encoding, boolean standardStrings) {
        return with(
                name,
                new Setting(
                        statement,
                        null,
                        SetStatement.isAscii(statement) ? null : encoding,
                        statement.indexOf('\\') < 0 ? null : standardStrings));
    }

    private SessionSettings with(String name, Setting setting) {
        var copy = new LinkedHashMap<>(settings);
        copy.remove(name);
        copy.put(name, setting);
        return new SessionSettings(copy);
    }

    /// Without custom parameters, which have a dot in their names.
    public SessionSettings withoutCustom() {
        var copy = new LinkedHashMap<>(settings);
        copy.keySet().removeIf(name -> name.indexOf('.') > 0);
        if (copy.size() == settings.size()) return this;
        return copy.isEmpty() ? EMPTY : new SessionSettings(copy);
    }

    /// With a parameter as another session has it, or without it if that has none.
    public SessionSettings withDefaultOf(String name, SessionSettings defaults) {
        var setting = defaults.settings.get(name);
        if (setting != null) return with(name, setting);
        if (!settings.containsKey(name)) return this;
        var copy = new LinkedHashMap<>(settings);
        copy.remove(name);
        return copy.isEmpty() ? EMPTY : new SessionSettings(copy);
    }

    /// Whether a parameter is set as in another session, or in neither.
    public boolean isLike(SessionSettings other, String name) {
        return Objects.equals(settings.get(name), other.settings.get(name));
    }

    /// The names of the parameters that are set.
    public Set<String> names() {
        return settings.keySet();
    }

    /// The query that makes a custom parameter exist, without a value, as it does once a SET was rolled
    /// back.
    public static String existing(String name) {
        var bytes = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return "SELECT pg_catalog.set_config(" + SetStatement.literal(bytes, UTF8) + ", '', true)";
    }

    /// The SET statements that set these parameters, each in ASCII; those of which none is known are
    /// left out.
    ///
    /// @param wanted which of them
    public List<String> statements(Predicate<String> wanted) {
        var all = new ArrayList<String>();
        settings.forEach((name, setting) -> {
            if (wanted.test(name) && setting.plain() instanceof String plain) all.add(plain);
        });
        return all;
    }

    /// The same as SET LOCAL.
    ///
    /// @param wanted which of them
    public List<String> localStatements(Predicate<String> wanted) {
        return statements(wanted).stream().map(SetStatement::local).toList();
    }

    /// Without those that [#statements] sets with other spaces than these.
    public SessionSettings asStated() {
        var copy = new LinkedHashMap<>(settings);
        copy.values().removeIf(each -> each.plain() != null && !each.plain().equals(each.statement()));
        return copy.size() == settings.size() ? this : new SessionSettings(copy);
    }

    /// Whether the meaning of a statement can depend on a parameter.
    ///
    /// @param name in lower case
    public static boolean isOfMeaning(String name) {
        return !OF_NO_MEANING.contains(name);
    }

    /// The part of the settings on which the meaning of a statement can depend.
    public SessionSettings ofMeaning() {
        var known = ofMeaning;
        if (known == null) ofMeaning = known = selectOfMeaning();
        return known;
    }

    private SessionSettings selectOfMeaning() {
        var copy = new LinkedHashMap<>(settings);
        copy.keySet().removeIf(OF_NO_MEANING::contains);
        if (copy.size() == settings.size()) return this;
        return copy.isEmpty() ? EMPTY : new SessionSettings(copy);
    }

    /// The queries that turn a session with these settings into one with the wanted ones, in their
    /// order; none if they are equal.
    public List<String> difference(SessionSettings wanted) {
        return difference(wanted, false);
    }

    /// The same, each statement on its own: the extended protocol takes no more at once.
    public List<String> differenceOneByOne(SessionSettings wanted) {
        return difference(wanted, true);
    }

    /// The same as SET LOCAL, each on its own, so that they end with the transaction.
    public List<String> localDifference(SessionSettings wanted) {
        return differenceOneByOne(wanted).stream().map(SetStatement::local).toList();
    }

    private List<String> difference(SessionSettings wanted, boolean oneByOne) {
        if (equals(wanted)) return List.of();
        var script = new Script(oneByOne);
        if (settings.containsKey(ROLE)) script.add("RESET role");
        for (var name : settings.keySet())
            if (!wanted.settings.containsKey(name) && !name.equals(ROLE))
                script.add("RESET " + SetStatement.identifier(name));
        wanted.settings.forEach((name, setting) -> {
            if (!name.equals(ROLE) && setting.equals(settings.get(name))) return;
            // A value of it may leave out the order or the style, and these are those of the session then.
            if (name.equalsIgnoreCase(DATE_STYLE) && settings.containsKey(name)) script.add("RESET " + DATE_STYLE);
            script.add(setting);
        });
        script.restore(wanted);
        return script.queries();
    }

    /// Gathers statements into as few queries as can be: those whose meaning depends on a setting get a
    /// query of their own.
    private static final class Script {
        private final List<String> queries = new ArrayList<>();
        private final StringBuilder together = new StringBuilder();
        private final boolean oneByOne;
        private boolean encodingChanged;
        private boolean stringsChanged;

        Script(boolean oneByOne) {
            this.oneByOne = oneByOne;
        }

        void add(String statement) {
            if (oneByOne) end();
            if (!together.isEmpty()) together.append(';');
            together.append(statement);
        }

        void add(Setting setting) {
            if (setting.encoding() == null && setting.standardStrings() == null) {
                add(setting.statement());
                return;
            }
            if (setting.encoding() != null) {
                encodingChanged = true;
                add("SET client_encoding TO " + SetStatement.literal(setting.encoding(), UTF8));
            }
            if (setting.standardStrings() != null) {
                stringsChanged = true;
                add("SET standard_conforming_strings TO " + (setting.standardStrings() ? "on" : "off"));
            }
            end();
            add(setting.statement());
            end();
        }

        private void end() {
            if (!together.isEmpty()) queries.add(together.toString());
            together.setLength(0);
        }

        void restore(SessionSettings wanted) {
            if (encodingChanged) restore(wanted, ENCODING);
            if (stringsChanged) restore(wanted, STANDARD_STRINGS);
        }

        private void restore(SessionSettings wanted, String name) {
            var setting = wanted.settings.get(name);
            add(setting == null ? "RESET " + name : setting.statement());
        }

        List<String> queries() {
            end();
            return queries;
        }
    }

    @Override
    public boolean equals(Object other) {
        return other == this
                || other instanceof SessionSettings that && hash == that.hash && settings.equals(that.settings);
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return settings.keySet().toString();
    }
}
