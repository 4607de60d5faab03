package org.pgdrover.simulation;

import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Runs one seed after the other, and tells what was found: `Simulate SECONDS [FIRST-SEED]`, or
/// `Simulate seed SEED`.
public final class Simulate {
    private Simulate() {}

    /// Everything about one seed.
    static Result replay(long seed) {
        return new World(seed, Options.fromProperties().traced()).run();
    }

    static Result run(long seed) {
        return new World(seed, Options.fromProperties()).run();
    }

    public static void main(String[] arguments) {
        if (arguments[0].equals("seed")) {
            var result = replay(Long.parseLong(arguments[1]));
            result.trace().forEach(System.out::println);
            System.out.println(result.isGood() ? "good" : result.violations());
            return;
        }
        long seconds = Long.parseLong(arguments[0]);
        long seed = arguments.length > 1 ? Long.parseLong(arguments[1]) : System.nanoTime();
        hunt(seconds, seed);
    }

    /// What a violation must say that ends the search; null if nothing does.
    private static final @Nullable String UNTIL = System.getProperty("simulation.until");

    private static boolean isWanted(String violation) {
        return UNTIL != null && Pattern.compile(UNTIL).matcher(violation).find();
    }

    private static void hunt(long seconds, long first) {
        long begin = System.nanoTime();
        long end = begin + seconds * 1_000_000_000L;
        long seed = first;
        long clients = 0;
        int bad = 0;
        Map<String, String> kinds = new TreeMap<>();
        Map<String, Integer> counts = new TreeMap<>();
        boolean found = false;
        while (!found && System.nanoTime() < end) {
            var result = run(seed++);
            clients += result.clients();
            if (result.isGood()) continue;
            bad++;
            var what = result.violations().getFirst();
            found = isWanted(what);
            var kind = what.replaceAll("c?\\d+[nk]\\d+", "#").replaceAll("\\d+", "#");
            kind = kind.length() > 220 ? kind.substring(0, 220) : kind;
            kinds.putIfAbsent(
                    kind,
                    result.seed() + " after " + (System.nanoTime() - begin) / 1_000_000 + " ms: "
                            + what.lines().limit(12).toList());
            counts.merge(kind, 1, Integer::sum);
        }
        kinds.entrySet().stream()
                .sorted((a, b) -> counts.getOrDefault(b.getKey(), 0) - counts.getOrDefault(a.getKey(), 0))
                .limit(Integer.getInteger("simulation.kinds", 60))
                .forEach(each -> System.out.println(counts.get(each.getKey()) + " x seed " + each.getValue()));
        System.out.printf(
                "%d seeds, %d conversations in %d s, %d seeds with violations, %d kinds%n",
                seed - first, clients, (System.nanoTime() - begin) / 1_000_000_000, bad, kinds.size());
        System.out.println(Arrays.toString(new long[] {first}));
    }
}
