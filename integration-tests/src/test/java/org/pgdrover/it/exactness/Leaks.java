package org.pgdrover.it.exactness;

import java.io.PrintStream;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;

/// What the observers have found in servers, counted by kind.
final class Leaks {
    /// @param atSecond when it was found first
    /// @param example the first value
    record Found(String kind, long atSecond, String example, LongAdder times) {}

    private final Map<String, String> reference;
    private final LongSupplier nanoTime;
    private final long begun;
    private final PrintStream out;
    private final Map<String, Found> kinds = new ConcurrentHashMap<>();
    private final Map<String, LongAdder> events = new ConcurrentHashMap<>();
    private final Set<String> servers = ConcurrentHashMap.newKeySet();
    private final LongAdder looks = new LongAdder();

    /// @param reference the settings of a fresh session
    Leaks(Map<String, String> reference, LongSupplier nanoTime, PrintStream out) {
        this.reference = Map.copyOf(reference);
        this.nanoTime = nanoTime;
        this.out = out;
        begun = nanoTime.getAsLong();
    }

    Map<String, String> reference() {
        return reference;
    }

    void looked() {
        looks.increment();
    }

    void server(String processId) {
        servers.add(processId);
    }

    void event(String what) {
        events.computeIfAbsent(what, _ -> new LongAdder()).increment();
    }

    void found(String kind, String value) {
        kinds.computeIfAbsent(kind, _ -> first(kind, value)).times.increment();
    }

    private Found first(String kind, String value) {
        long seconds = TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong() - begun);
        out.println("after " + seconds + " s: " + kind + ": " + value);
        return new Found(kind, seconds, value, new LongAdder());
    }

    List<Found> kinds() {
        return kinds.values().stream()
                .sorted(Comparator.comparing(Found::atSecond))
                .toList();
    }

    String summary() {
        return looks.sum() + " looks at " + servers.size() + " servers, "
                + kinds.values().stream().mapToLong(found -> found.times.sum()).sum() + " leaks of " + kinds.size()
                + " kinds; " + events;
    }
}
