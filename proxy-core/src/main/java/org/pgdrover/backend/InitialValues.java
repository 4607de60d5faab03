package org.pgdrover.backend;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/// The values with which a session begins, of the run-time parameters that servers report and that anybody may
/// set. The object is immutable.
///
/// They come from `postgresql.conf`, `ALTER DATABASE … SET` and `ALTER ROLE … SET`, so that they can differ
/// from node to node and from one login to the next, while those of a session stay as they are.
public final class InitialValues {
    /// In lower case, by the name under which PostgreSQL reports them (manual, section 54.2.7).
    private static final Map<String, String> NAMES = names(
            "application_name",
            "client_encoding",
            "DateStyle",
            "default_transaction_read_only",
            "IntervalStyle",
            "scram_iterations",
            "search_path",
            "standard_conforming_strings",
            "TimeZone");

    private static final int MOST_COMMON = 10_000;
    /// Equal ones are one object, so that they are compared at a glance.
    private static final Map<InitialValues, InitialValues> COMMON = new ConcurrentHashMap<>();

    private final Map<String, String> values;
    private final int hash;

    private InitialValues(Map<String, String> values) {
        this.values = Map.copyOf(values);
        this.hash = this.values.hashCode();
    }

    private static Map<String, String> names(String... reported) {
        var names = new HashMap<String, String>();
        for (var name : reported) names.put(name, name.toLowerCase(Locale.ROOT));
        return Map.copyOf(names);
    }

    /// @param reported name to value, as the server writes them
    /// @param without names in lower case, of parameters that the session has set itself
    public static InitialValues of(Map<String, String> reported, Set<String> without) {
        var values = new HashMap<String, String>();
        NAMES.forEach((name, key) -> {
            var value = reported.get(name);
            if (value != null && !without.contains(key)) values.put(key, value);
        });
        return common(new InitialValues(values));
    }

    /// With the values that were reported since.
    ///
    /// @param reported name to value, as the server writes them
    /// @param without names in lower case, of parameters that are left as they are
    public InitialValues with(Map<String, String> reported, Set<String> without) {
        Map<String, String> changed = null;
        for (var name : NAMES.entrySet()) {
            var key = name.getValue();
            var value = reported.get(name.getKey());
            if (value == null || value.equals(values.get(key)) || without.contains(key)) continue;
            if (changed == null) changed = new HashMap<>(values);
            changed.put(key, value);
        }
        return changed == null ? this : common(new InitialValues(changed));
    }

    /// With another value of a parameter.
    ///
    /// @param name in lower case
    public InitialValues with(String name, String value) {
        var changed = new HashMap<>(values);
        changed.put(name, value);
        return common(new InitialValues(changed));
    }

    /// Whether it has this value of a parameter.
    ///
    /// @param name in lower case
    public boolean has(String name, String value) {
        return value.equals(values.get(name));
    }

    /// Settings of the session, with the values with which the session has begun of some parameters that they leave
    /// alone.
    ///
    /// @param names in lower case; those of which no value is known are passed over
    public SessionSettings under(SessionSettings known, Set<String> names) {
        var whole = known;
        for (var name : names) {
            var value = values.get(name);
            if (value != null && !known.names().contains(name)) whole = whole.withValue(name, value);
        }
        return whole;
    }

    /// Whether it has values of such a parameter at all.
    ///
    /// @param name in lower case
    public static boolean isOne(String name) {
        return NAMES.containsValue(name);
    }

    private static InitialValues common(InitialValues values) {
        if (COMMON.size() >= MOST_COMMON) return COMMON.getOrDefault(values, values);
        var known = COMMON.putIfAbsent(values, values);
        return known == null ? values : known;
    }

    /// Tells each parameter of which another session has another value, with both, the other one last; what that
    /// does not report is passed over.
    public void others(InitialValues there, Others tell) {
        values.forEach((name, value) -> {
            var other = there.values.get(name);
            if (other != null && !other.equals(value)) tell.accept(name, value, other);
        });
    }

    /// Is told of two values of a parameter.
    @FunctionalInterface
    public interface Others {
        /// @param name in lower case
        void accept(String name, String value, String other);
    }

    @Override
    public boolean equals(Object other) {
        return other == this || other instanceof InitialValues that && hash == that.hash && values.equals(that.values);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
