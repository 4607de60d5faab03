package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// What a cluster has committed, as versions of rows of a key-value table; standbys read it at an older
/// position.
final class ModelData {
    private record Version(long position, @Nullable String value) {}

    private final Map<String, List<Version>> rows = new HashMap<>();
    private final Map<String, Integer> committed = new HashMap<>();
    private final Map<String, Integer> ran = new HashMap<>();
    private final List<Long> commitTimes = new ArrayList<>();
    private long sequence;

    /// The number of commits, which stands for the WAL position.
    long position() {
        return commitTimes.size();
    }

    /// The position that was reached at a moment.
    long positionAt(long nanos) {
        int at = commitTimes.size();
        while (at > 0 && commitTimes.get(at - 1) > nanos) at--;
        return at;
    }

    @Nullable
    String read(String key, long position) {
        var versions = rows.get(key);
        if (versions == null) return null;
        for (int i = versions.size() - 1; i >= 0; i--)
            if (versions.get(i).position() <= position) return versions.get(i).value();
        return null;
    }

    /// The position at which the key got the value; -1 if it never had it.
    long positionOf(String key, @Nullable String value) {
        for (var version : rows.getOrDefault(key, List.of()))
            if (Objects.equals(version.value(), value)) return version.position();
        return value == null ? 0 : -1;
    }

    /// The same at its last writing: a prepared statement may have written it more than once.
    long lastPositionOf(String key, @Nullable String value) {
        long last = positionOf(key, value);
        for (var version : rows.getOrDefault(key, List.of()))
            if (Objects.equals(version.value(), value)) last = Math.max(last, version.position());
        return last;
    }

    void commit(LinkedHashMap<String, @Nullable String> writes, long nanos) {
        commitTimes.add(nanos);
        writes.forEach((key, value) -> {
            rows.computeIfAbsent(key, none -> new ArrayList<>()).add(new Version(position(), value));
            if (value != null) committed.merge(value, 1, Integer::sum);
        });
    }

    /// How often a value, which is written once by whoever wrote it, has been committed.
    int timesCommitted(String nonce) {
        return committed.getOrDefault(nonce, 0);
    }

    /// How much has been done so far that nobody can undo.
    long done() {
        return position() + ran.values().stream().mapToInt(Integer::intValue).sum();
    }

    Map<String, Integer> committed() {
        return committed;
    }

    /// Something was done that no ROLLBACK undoes.
    void ran(String nonce) {
        ran.merge(nonce, 1, Integer::sum);
    }

    Map<String, Integer> ran() {
        return ran;
    }

    long nextval() {
        return ++sequence;
    }
}
