package org.pgdrover.it.exactness;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The differences found so far, counted by kind; prints the first of each kind.
final class Findings {
    private static final int SEEDS = 6;

    private final PrintStream out;
    private final Map<String, Integer> kinds = new LinkedHashMap<>();
    private final Map<Limit, Map<String, Integer>> explained = new EnumMap<>(Limit.class);
    private final Map<String, List<String>> seeds = new LinkedHashMap<>();
    private final List<String> examples = new ArrayList<>();

    Findings(PrintStream out) {
        this.out = out;
    }

    /// A difference was found that comes of a limit which the documentation names.
    synchronized void explained(Limit limit, Difference difference, String where) {
        explained.computeIfAbsent(limit, _ -> new TreeMap<>()).merge(difference.kind(), 1, Integer::sum);
        remember(limit.toString(), where);
    }

    synchronized int explained() {
        return explained.values().stream().mapToInt(Findings::sum).sum();
    }

    private static int sum(Map<String, Integer> counts) {
        return counts.values().stream().mapToInt(Integer::intValue).sum();
    }

    private void remember(String kind, String where) {
        var some = seeds.computeIfAbsent(kind, _ -> new ArrayList<>());
        if (some.size() < SEEDS) some.add(where.replace("seed ", ""));
    }

    /// True if none of this kind was found before.
    synchronized boolean isNew(Difference difference, String where) {
        remember(difference.kind(), where);
        return kinds.merge(difference.kind(), 1, Integer::sum) == 1;
    }

    synchronized void show(String when, Minimiser.Minimal minimal) {
        var lines = new ArrayList<String>();
        lines.add("difference " + (examples.size() + 1) + " " + when
                + (minimal.reproduced() ? "" : " (not seen again when played alone)"));
        for (var scenario : minimal.scenarios()) {
            lines.add("  " + scenario.name());
            for (var line : scenario.shown()) lines.add("  " + line);
        }
        lines.add("  client " + (char) ('A' + minimal.difference().actor()) + " heard");
        lines.addAll(minimal.difference().shown());
        examples.add(String.join("\n", lines));
        out.println(examples.getLast());
        out.flush();
    }

    synchronized int count() {
        return kinds.values().stream().mapToInt(Integer::intValue).sum();
    }

    synchronized int kinds() {
        return kinds.size();
    }

    synchronized List<String> examples() {
        return List.copyOf(examples);
    }

    synchronized void summary() {
        explained.forEach((limit, kindsOfIt) -> {
            out.println("  explained " + sum(kindsOfIt) + " x  " + limit + "  " + seeds.get(limit.toString()));
            kindsOfIt.forEach((kind, times) -> out.println("    " + times + " x  " + kind));
        });
        kinds.entrySet().stream()
                .sorted((one, other) -> other.getValue() - one.getValue())
                .forEach(kind ->
                        out.println("  " + kind.getValue() + " x  " + kind.getKey() + "  " + seeds.get(kind.getKey())));
    }
}
