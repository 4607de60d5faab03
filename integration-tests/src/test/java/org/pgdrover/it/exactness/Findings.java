package org.pgdrover.it.exactness;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The differences found so far, counted by kind; prints the first of each kind.
final class Findings {
    private static final int SEEDS = 6;

    private final PrintStream out;
    private final Map<String, Integer> kinds = new LinkedHashMap<>();
    private final Map<String, List<String>> seeds = new LinkedHashMap<>();
    private final List<String> examples = new ArrayList<>();

    Findings(PrintStream out) {
        this.out = out;
    }

    /// True if none of this kind was found before.
    synchronized boolean isNew(Difference difference, String where) {
        var some = seeds.computeIfAbsent(difference.kind(), _ -> new ArrayList<>());
        if (some.size() < SEEDS) some.add(where.replace("seed ", ""));
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
        kinds.entrySet().stream()
                .sorted((one, other) -> other.getValue() - one.getValue())
                .forEach(kind -> out.println("  " + kind.getValue() + " x  " + kind.getKey() + "  " + seeds.get(kind.getKey())));
    }
}
