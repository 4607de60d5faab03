package org.pgdrover.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// The whole proxy in virtual time: conversations that have ever found something, usual ones, and new
/// ones.
///
/// `-Dsimulation.seconds` says for how long new seeds are run: 60 if it is not given, with `-Dquick` not at all. A seed
/// that fails is told with its transcript and with the command that repeats it to the letter.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SimulationTest {
    private static final int MOST_LINES = 400;
    private static final int FIRST_USUAL_SEED = 19;
    private static final boolean QUICK = System.getProperty("quick") != null;
    private static final int USUAL_SEEDS = QUICK ? 8 : 80;
    private static final long SECONDS = Long.getLong("simulation.seconds", QUICK ? 0 : 60);
    private static final boolean ACROSS = Boolean.getBoolean("simulation.across");
    private static final Options NEW = Options.ALL.withAcross(ACROSS).withRefusals(true);
    private static final List<Options> KINDS = List.of(
            NEW, NEW.withNames(true), NEW.withAim(true), NEW.withNames(true).withAim(true));

    private static void mustBeGood(long seed, Options options) {
        var result = new World(seed, options).run();
        if (result.isGood()) return;
        System.out.println("simulation: " + command(seed, options) + " repeats what has failed");
        var lines = new World(seed, options.traced()).run().trace();
        var transcript = lines.subList(Math.max(0, lines.size() - MOST_LINES), lines.size());
        assertThat(result.violations())
                .as("%s repeats it%n%s", command(seed, options), String.join("\n", transcript))
                .isEmpty();
    }

    private static String command(long seed, Options options) {
        return "benchmarks/simulate seed " + seed + (options.named() ? " named" : "")
                + (options.aimed() ? " aimed" : "") + (options.across() ? " across" : "")
                + (options.refusing() ? " refusing" : "");
    }

    /// The same in every build.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void nobodyCanTellInTheUsualSeeds(boolean named) {
        for (long seed = FIRST_USUAL_SEED; seed < FIRST_USUAL_SEED + USUAL_SEEDS; seed++)
            mustBeGood(seed, Options.ALL.withNames(named));
    }

    /// As many seconds as the system property says, for each kind of seed the same time.
    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    void nobodyCanTellTheProxyFromPostgres() {
        long first = System.nanoTime();
        System.out.println("simulation: new seeds from " + first + " for " + SECONDS + " s");
        for (var options : KINDS) {
            long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(SECONDS) / KINDS.size();
            for (long seed = first; System.nanoTime() < end; seed++) mustBeGood(seed, options);
        }
    }

    @Test
    @EnabledIfSystemProperty(named = "simulation.seed", matches = "-?\\d+")
    void oneSeed() {
        mustBeGood(Long.getLong("simulation.seed"), Options.fromProperties());
    }

    private record Found(long seed, Options options) {
        static Found of(String line) {
            var words = List.of(line.split("\\s+"));
            var kind = words.subList(1, Math.min(5, words.size()));
            var options = Options.ALL
                    .withNames(kind.contains("named"))
                    .withAim(kind.contains("aimed"))
                    .withAcross(kind.contains("across"))
                    .withRefusals(kind.contains("refusing"));
            return new Found(Long.parseLong(words.getFirst()), options);
        }
    }

    static Stream<Found> found() throws IOException {
        try (var file = SimulationTest.class.getResourceAsStream("found-seeds.txt")) {
            var text = new String(Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
            return text.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .map(Found::of);
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("found")
    void whatWasFoundOnceStaysAway(Found found) {
        mustBeGood(found.seed(), found.options());
    }

    @Test
    void repeatsASeedToTheLetter() {
        for (long seed = 1; seed <= 3; seed++)
            assertThat(Simulate.replay(seed).trace())
                    .isEqualTo(Simulate.replay(seed).trace());
    }
}
