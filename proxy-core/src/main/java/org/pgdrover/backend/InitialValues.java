package org.pgdrover.backend;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import org.jspecify.annotations.Nullable;

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

    /// With another value of a parameter, if it is one of those.
    ///
    /// @param name as the server writes it
    public InitialValues with(String name, String value) {
        var key = NAMES.get(name);
        if (key == null || value.equals(values.get(key))) return this;
        var changed = new HashMap<>(values);
        changed.put(key, value);
        return common(new InitialValues(changed));
    }

    private static InitialValues common(InitialValues values) {
        if (COMMON.size() >= MOST_COMMON) return COMMON.getOrDefault(values, values);
        var known = COMMON.putIfAbsent(values, values);
        return known == null ? values : known;
    }

    /// Tells each value that another session does not begin with; what that does not report is passed over.
    public void others(InitialValues there, BiConsumer<String, String> tell) {
        values.forEach((name, value) -> {
            var other = there.value(name);
            if (other != null && !other.equals(value)) tell.accept(name, value);
        });
    }

    private @Nullable String value(String name) {
        return values.get(name);
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
