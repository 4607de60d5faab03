package org.pgdrover.simulation;

import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/// Looks for defects that the proxy once had, and tells how long it takes to find each: `KnownDefects
/// SECONDS [NAME]`.
public final class KnownDefects {
    /// @param only what clients do beside reading
    /// @param shown what a violation says that shows it
    private record Defect(String name, Set<Features> only, boolean faults, boolean early, String shown) {}

    private static final List<Defect> ALL = List.of(
            new Defect(
                    "settings of a client that left early",
                    EnumSet.of(Features.CUSTOM, Features.SET),
                    false,
                    true,
                    "LEAK|was told that"),
            new Defect(
                    "LISTEN, temporary tables, locks of a client that left early",
                    EnumSet.of(Features.LISTEN, Features.TEMPORARY, Features.LOCK, Features.PREPARE),
                    false,
                    true,
                    "LEAK"),
            new Defect(
                    "BEGIN READ ONLY; SET; COMMIT",
                    EnumSet.of(Features.READ_ONLY, Features.CUSTOM, Features.SET),
                    false,
                    false,
                    "LEAK|was told that|app\\."),
            new Defect(
                    "a name means what an answered Parse made of it",
                    EnumSet.of(Features.NAMED, Features.PIPELINE, Features.WRITE),
                    false,
                    false,
                    "hears"),
            new Defect(
                    "a cancel hits the next statement",
                    EnumSet.of(Features.CANCEL, Features.SLEEP),
                    false,
                    false,
                    "57014"),
            new Defect("runs twice", EnumSet.of(Features.VIEW, Features.REMOTE), true, false, "twice|ran \\d times"),
            new Defect(
                    "statements shared although settings differ",
                    EnumSet.of(Features.NAMED, Features.ZONE, Features.SET),
                    false,
                    false,
                    "hears D.*expected D"),
            new Defect(
                    "the unnamed statement of somebody else",
                    EnumSet.of(Features.EXTENDED, Features.FLUSH),
                    false,
                    false,
                    "hears"),
            new Defect(
                    "a batch run again elsewhere",
                    EnumSet.of(Features.VIEW, Features.EXTENDED, Features.NAMED),
                    false,
                    false,
                    "hears"),
            new Defect(
                    "INSERT; COMMIT told as 40001",
                    EnumSet.of(Features.SEVERAL, Features.TRANSACTION, Features.WRITE),
                    true,
                    false,
                    "was told 40001"),
            new Defect(
                    "hangs",
                    EnumSet.of(Features.FLUSH, Features.READ_ONLY, Features.PIPELINE, Features.SLEEP),
                    false,
                    false,
                    "is not answered"),
            new Defect(
                    "a failed string that changed the session",
                    EnumSet.of(Features.SEVERAL, Features.TEMPORARY, Features.PREPARE, Features.ERROR),
                    false,
                    false,
                    "LEAK|hears"),
            new Defect(
                    "functions that change the session",
                    EnumSet.of(Features.FUNCTION_SET, Features.CUSTOM),
                    false,
                    false,
                    "LEAK|was told|hears"),
            new Defect("lastval of somebody else", EnumSet.of(Features.SEQUENCE), false, false, "lastval|currval"),
            new Defect(
                    "RESET ALL and DISCARD ALL",
                    EnumSet.of(Features.RESET_ALL, Features.DISCARD, Features.SET),
                    false,
                    false,
                    "was told|hears"),
            new Defect(
                    "lost writes, stale reads",
                    EnumSet.of(Features.SHARED, Features.WRITE, Features.TRANSACTION, Features.EFFECT),
                    true,
                    false,
                    "reads the past|in the database|hears D|hears C"));

    private KnownDefects() {}

    public static void main(String[] arguments) {
        long seconds = Long.parseLong(arguments[0]);
        for (var defect : ALL) if (arguments.length == 1 || defect.name().contains(arguments[1])) look(defect, seconds);
    }

    private static long cpu() {
        return ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    }

    private static void look(Defect defect, long seconds) {
        var without = EnumSet.allOf(Features.class);
        without.removeAll(defect.only());
        without.remove(Features.READ);
        var options = new Options(without, defect.faults(), defect.early(), true, true, false, false, false);
        var shown = Pattern.compile(defect.shown());
        long begin = cpu();
        int others = 0;
        for (long seed = 1; cpu() - begin < seconds * 1_000_000_000L; seed++) {
            var result = new World(seed, options).run();
            if (result.isGood()) continue;
            var first = result.violations().getFirst();
            if (shown.matcher(first).find()) {
                System.out.printf(
                        "%-60s seed %5d, %6.2f s CPU: %s%n",
                        defect.name(),
                        seed,
                        (cpu() - begin) / 1e9,
                        first.lines().findFirst().orElse(""));
                return;
            }
            if (others++ < 2)
                System.out.println("    (beside: seed " + seed + " "
                        + first.lines().findFirst().orElse("") + ")");
        }
        System.out.printf("%-60s NOT FOUND in %d s CPU%n", defect.name(), seconds);
    }
}
