package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/// What a session holds, with the part that a ROLLBACK takes back.
final class SessionState {
    /// Parameters that can be set, with their spelling in answers and their default.
    private static final Map<String, String> SPELLING =
            Map.of("timezone", "TimeZone", "datestyle", "DateStyle", "intervalstyle", "IntervalStyle");
    private static final Map<String, String> DEFAULTS = Map.of(
            "application_name", "",
            "timezone", "UTC",
            "datestyle", "ISO, MDY",
            "intervalstyle", "postgres",
            "search_path", "\"$user\", public",
            "statement_timeout", "0",
            "client_encoding", "UTF8",
            "idle_session_timeout", "0",
            "work_mem", "4MB");
    static final List<String> REPORTED =
            List.of("application_name", "timezone", "datestyle", "intervalstyle", "search_path");

    record Temporary(List<String> rows, boolean dropAtCommit, String owner) {}

    record Notification(String channel, String payload, int process) {}

    /// What a savepoint goes back to.
    record Snapshot(
            Map<String, String> values,
            Map<String, String> locals,
            Map<String, Temporary> temporaries,
            Map<String, String> listens,
            LinkedHashMap<String, @Nullable String> writes,
            List<Notification> notifies) {}

    final Map<String, String> startup = new HashMap<>();
    Map<String, String> values = Map.of();
    Map<String, String> locals = Map.of();
    Map<String, Temporary> temporaries = Map.of();
    Map<String, String> listens = Map.of();
    LinkedHashMap<String, @Nullable String> writes = new LinkedHashMap<>();
    List<Notification> notifies = List.of();
    /// Custom parameters that exist: those that the database declares with an empty value, and what
    /// somebody has set.
    final Set<String> placeholders = new HashSet<>(List.of("app.tenant", "app.x"));

    Snapshot snapshot() {
        return new Snapshot(values, locals, temporaries, listens, new LinkedHashMap<>(writes), notifies);
    }

    void restore(Snapshot to) {
        values = to.values();
        locals = to.locals();
        temporaries = to.temporaries();
        listens = to.listens();
        writes = new LinkedHashMap<>(to.writes());
        notifies = to.notifies();
    }

    static <V> Map<String, V> with(Map<String, V> map, String key, V value) {
        var copy = new TreeMap<>(map);
        copy.put(key, value);
        return copy;
    }

    static <V> Map<String, V> without(Map<String, V> map, String key) {
        if (!map.containsKey(key)) return map;
        var copy = new TreeMap<>(map);
        copy.remove(key);
        return copy;
    }

    static <V> List<V> plus(List<V> list, V value) {
        var copy = new ArrayList<>(list);
        copy.add(value);
        return copy;
    }

    // Parameters

    static String spelling(String name) {
        return SPELLING.getOrDefault(name, name);
    }

    /// The value in force; an error if there is no such parameter.
    String value(String name) {
        var value = locals.get(name);
        if (value == null) value = values.get(name);
        if (value == null) value = startup.get(name);
        if (value == null) value = DEFAULTS.get(name);
        if (value == null && placeholders.contains(name)) value = "";
        if (value == null) throw SqlError.of("42704", "unrecognized configuration parameter \"" + name + "\"");
        return value;
    }

    void set(boolean local, String name, @Nullable String value) {
        if (!DEFAULTS.containsKey(name)) {
            if (!name.contains("."))
                throw SqlError.of("42704", "unrecognized configuration parameter \"" + name + "\"");
            placeholders.add(name);
        }
        if (value != null && name.equals("timezone") && value.equals("Mars/Olympus"))
            throw SqlError.of("22023", "invalid value for parameter \"TimeZone\": \"" + value + "\"");
        if ("10000".equals(value) && name.equals("statement_timeout")) value = "10s";
        if (local) {
            locals = with(locals, name, value == null ? defaultOf(name) : value);
            return;
        }
        values = value == null ? without(values, name) : with(values, name, value);
        locals = without(locals, name);
    }

    void reset(String name) {
        set(false, name, null);
    }

    void resetAll() {
        values = Map.of();
        locals = Map.of();
    }

    private String defaultOf(String name) {
        var value = startup.get(name);
        return value != null ? value : DEFAULTS.getOrDefault(name, "");
    }
}
