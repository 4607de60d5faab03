package org.pgdrover.simulation;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// The whole proxy in virtual time: new conversations for `-Dsimulation.seconds`, and all that have ever found
/// something.
///
/// A seed that fails is told with its transcript, and `-Dsimulation.seed` repeats it to the letter.
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class SimulationTest {
    private static final int MOST_LINES = 400;

    private static void mustBeGood(Result result) {
        if (result.isGood()) return;
        var replayed = Simulate.replay(result.seed());
        var lines = replayed.trace();
        var transcript = lines.subList(Math.max(0, lines.size() - MOST_LINES), lines.size());
        assertThat(result.violations())
                .as(
                        "seed %d (-Dsimulation.seed=%d repeats it)%n%s",
                        result.seed(), result.seed(), String.join("\n", transcript))
                .isEmpty();
    }

    @Test
    @Timeout(value = 1, unit = TimeUnit.DAYS)
    @EnabledIfSystemProperty(named = "simulation.seconds", matches = "\\d+")
    void nobodyCanTellTheProxyFromPostgres() {
        long seconds = Long.getLong("simulation.seconds", 20);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        for (long seed = System.nanoTime(); System.nanoTime() < end; seed++) mustBeGood(Simulate.run(seed));
    }

    @Test
    @EnabledIfSystemProperty(named = "simulation.seed", matches = "-?\\d+")
    void oneSeed() {
        mustBeGood(Simulate.run(Long.getLong("simulation.seed")));
    }

    static LongStream found() throws IOException {
        try (var file = SimulationTest.class.getResourceAsStream("found-seeds.txt")) {
            var text = new String(java.util.Objects.requireNonNull(file).readAllBytes(), StandardCharsets.UTF_8);
            return text.lines()
                    .filter(line -> !line.isBlank() && !line.startsWith("#"))
                    .mapToLong(line -> Long.parseLong(line.split("\\s")[0]));
        }
    }

    @ParameterizedTest(allowZeroInvocations = true)
    @MethodSource("found")
    void whatWasFoundOnceStaysAway(long seed) {
        mustBeGood(Simulate.run(seed));
    }

    @Test
    void repeatsASeedToTheLetter() {
        for (long seed = 1; seed <= 3; seed++)
            assertThat(Simulate.replay(seed).trace())
                    .isEqualTo(Simulate.replay(seed).trace());
    }
}
