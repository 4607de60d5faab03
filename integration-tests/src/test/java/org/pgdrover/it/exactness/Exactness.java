package org.pgdrover.it.exactness;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.PoolMode;

/// The command line of the long runs.
public final class Exactness {
    private Exactness() {}

    /// Takes the name of a proof and pairs of options, as `benchmarks/exactness --help` tells them.
    public static void main(String[] arguments) throws Exception {
        var options = options(arguments);
        boolean held = switch (arguments.length == 0 ? "" : arguments[0]) {
            case "fuzz" -> fuzz(options);
            case "known" -> known(options);
            case "identity" -> identity(options);
            case "leaks" -> leaks(options);
            default ->
                throw new IllegalArgumentException(
                        "proof: none of that name (expected: fuzz, known, identity or leaks)");
        };
        System.exit(held ? 0 : 1);
    }

    private static Map<String, String> options(String[] arguments) {
        var options = new HashMap<String, String>();
        for (int i = 1; i + 1 < arguments.length; i += 2) {
            if (!arguments[i].startsWith("--"))
                throw new IllegalArgumentException("option: " + arguments[i] + " (expected: --name value)");
            options.put(arguments[i].substring(2), arguments[i + 1]);
        }
        return options;
    }

    static long number(Map<String, String> options, String name, long otherwise) {
        var given = options.get(name);
        return given == null ? otherwise : Long.parseLong(given);
    }

    private static boolean fuzz(Map<String, String> options) throws Exception {
        var fuzzer = new DifferentialFuzzer(
                new DifferentialFuzzer.Options(
                        number(options, "seed", System.currentTimeMillis()),
                        number(options, "conversations", Long.MAX_VALUE),
                        number(options, "seconds", 600),
                        number(options, "minimise", 20),
                        (int) number(options, "kinds", Integer.MAX_VALUE),
                        number(options, "only", DifferentialFuzzer.ALL_SEEDS),
                        pattern(options)),
                System::nanoTime,
                System.out);
        try (var rig = new Rig(
                target(options),
                mode(options),
                DifferentialFuzzer.pools(),
                primary -> Playground.prepare(primary, DifferentialFuzzer.schemas()))) {
            var findings = fuzzer.run(rig);
            findings.summary();
            return findings.kinds() == 0;
        }
    }

    private static boolean known(Map<String, String> options) throws Exception {
        int different = 0;
        try (var rig = new Rig(
                        target(options),
                        mode(options),
                        DifferentialFuzzer.pools(),
                        primary -> Playground.prepare(primary, DifferentialFuzzer.schemas()));
                var playground = new Playground(rig, "pool1", "w1_", pattern(options))) {
            var names = Pattern.compile(options.getOrDefault("names", ""));
            for (var conversation : KnownConversations.all("w1_")) {
                if (!names.matcher(conversation.name()).find()) continue;
                playground.purge();
                playground.reset(conversation);
                var differences = playground
                        .runner((int) number(options, "patience", 3000), 3000)
                        .differences(conversation);
                System.out.println((differences.isEmpty() ? "same       " : "different  ") + conversation.name());
                for (var difference : differences) difference.shown().forEach(System.out::println);
                if (!differences.isEmpty()) different++;
            }
        }
        System.out.println(different + " known conversations differ");
        return different == 0;
    }

    private static boolean identity(Map<String, String> options) throws Exception {
        var proof = new AnswerIdentity(
                new AnswerIdentity.Options(
                        number(options, "seed", System.currentTimeMillis()),
                        number(options, "answers", 10_000_000),
                        number(options, "seconds", 3600),
                        (int) number(options, "clients", 48),
                        number(options, "disturb", 1) != 0),
                System::nanoTime,
                System.out);
        try (var rig = new Rig(target(options), mode(options), AnswerIdentity.POOLS, AnswerIdentity::prepare)) {
            var tally = proof.run(rig);
            tally.wrongs().forEach(System.out::println);
            return tally.wrongs().isEmpty();
        }
    }

    private static boolean leaks(Map<String, String> options) throws Exception {
        var proof = new LeakHunt(
                new LeakHunt.Options(
                        number(options, "seed", System.currentTimeMillis()), number(options, "seconds", 600), (int)
                                number(options, "clients", 200)),
                System::nanoTime,
                System.out);
        try (var rig = new Rig(target(options), mode(options), LeakHunt.POOLS, LeakHunt::prepare)) {
            var kinds = proof.run(rig).kinds();
            kinds.forEach(found -> System.out.println("  " + found.times() + " x  " + found.kind() + ", first after "
                    + found.atSecond() + " s: " + found.example()));
            return kinds.isEmpty();
        }
    }

    private static Rig.Target target(Map<String, String> options) {
        return Rig.Target.valueOf(options.getOrDefault("against", "proxy").toUpperCase(Locale.ROOT));
    }

    private static @Nullable Pattern pattern(Map<String, String> options) {
        var known = options.get("known");
        return known == null ? null : Pattern.compile(known);
    }

    private static PoolMode mode(Map<String, String> options) {
        return PoolMode.valueOf(options.getOrDefault("mode", "transaction").toUpperCase(Locale.ROOT));
    }
}
