package org.pgdrover.it.exactness;

import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Holds random conversations with PostgreSQL and with the proxy, and compares what the clients hear.
final class DifferentialFuzzer {
    /// In the place of the only seed that is played.
    static final long ALL_SEEDS = -1;

    private static final int WORKERS = 10;
    private static final int PAST = 12;
    private static final int PATIENCE = 15_000;

    private final Options options;
    private final LongSupplier nanoTime;
    private final PrintStream out;
    private final Findings findings;
    private final AtomicLong conversations = new AtomicLong();
    private long begun;

    /// @param conversations so many at least, unless the time is over
    /// @param minimiseSeconds how long a new kind of difference is made smaller; 0 is not at all
    /// @param kinds ends after so many kinds of differences
    record Options(
            long seed,
            long conversations,
            long seconds,
            long minimiseSeconds,
            int kinds,
            long only,
            @Nullable Pattern known) {}

    DifferentialFuzzer(Options options, LongSupplier nanoTime, PrintStream out) {
        this.options = options;
        this.nanoTime = nanoTime;
        this.out = out;
        findings = new Findings(out);
    }

    /// The pools of the workers: of one to four servers.
    static Map<String, Integer> pools() {
        var pools = new TreeMap<String, Integer>();
        for (int i = 0; i < WORKERS; i++) pools.put("pool" + (i + 1), i % 4 + 1);
        return pools;
    }

    /// What the schemas of a worker's clients begin with.
    static List<String> schemas() {
        var schemas = new ArrayList<String>();
        for (int i = 0; i < WORKERS; i++) schemas.add("w" + (i + 1) + "_");
        return schemas;
    }

    Findings run(Rig rig) throws InterruptedException, ExecutionException {
        begun = nanoTime.getAsLong();
        try (var threads = Executors.newFixedThreadPool(WORKERS + 1)) {
            var workers = new ArrayList<Future<?>>();
            for (int i = 0; i < WORKERS; i++) {
                int worker = i;
                workers.add(threads.submit(() -> {
                    work(rig, worker);
                    return null;
                }));
            }
            for (var worker : workers) worker.get();
        }
        tellProgress();
        return findings;
    }

    private void work(Rig rig, int worker) throws IOException {
        var user = "pool" + (worker + 1);
        var schemas = schemas().get(worker);
        var maker = new ScenarioMaker(new Vocabulary(), schemas);
        var past = new ArrayList<Scenario>();
        try (var playground = new Playground(rig, user, schemas, options.known)) {
            var runner = playground.runner(PATIENCE, 0);
            // A seed is always the same worker's, whose pool has always the same size.
            long first = options.seed + Math.floorMod(worker - options.seed, (long) WORKERS);
            for (long seed = first; !isOver(); seed += WORKERS) {
                if (options.only != ALL_SEEDS && seed != options.only) return;
                var scenario = maker.make(seed);
                past.add(scenario);
                if (past.size() > PAST) past.removeFirst();
                playground.reset(scenario);
                for (var difference : runner.differences(scenario)) {
                    if (Limit.of(scenario, difference) instanceof Limit limit) {
                        findings.explained(limit, difference, scenario.name());
                        continue;
                    }
                    if (!findings.isNew(difference, scenario.name())) continue;
                    show(playground, past, difference);
                    past.clear();
                    break;
                }
                long done = conversations.addAndGet(scenario.actors().size());
                if (seed % 2000 == 1999) tellProgress();
                if (done >= options.conversations) return;
            }
        }
    }

    private boolean isOver() {
        return conversations.get() >= options.conversations
                || elapsedSeconds() >= options.seconds
                || findings.kinds() >= options.kinds;
    }

    private long elapsedSeconds() {
        return TimeUnit.NANOSECONDS.toSeconds(nanoTime.getAsLong() - begun);
    }

    private void show(Playground playground, List<Scenario> past, Difference difference) throws IOException {
        var when = "after " + elapsedSeconds() + " s and " + conversations.get() + " conversations";
        var minimal = options.minimiseSeconds == 0
                ? new Minimiser.Minimal(List.of(past.getLast()), difference, true)
                : new Minimiser(playground, nanoTime, TimeUnit.SECONDS.toNanos(options.minimiseSeconds))
                        .minimise(past, difference);
        findings.show(when, minimal);
    }

    private void tellProgress() {
        long seconds = Math.max(1, elapsedSeconds());
        out.printf(
                "%d conversations in %d s (%d a second), %d differences of %d kinds, and %d explained%n",
                conversations.get(),
                seconds,
                conversations.get() / seconds,
                findings.count(),
                findings.kinds(),
                findings.explained());
        out.flush();
    }
}
