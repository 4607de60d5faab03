package org.pgdrover.it.exactness;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.config.PoolMode;
import org.pgdrover.it.exactness.Rig.Target;

/// Short runs of the proofs from outside; `benchmarks/exactness` has the long ones.
///
/// The system property `pgdrover.exactness` switches on those that still find something.
@Timeout(180)
class ExactnessTest {
    private static final long SECONDS = 20;

    private static void assumeWanted() {
        assumeTrue(Boolean.getBoolean("pgdrover.exactness"), "not asked for by -Dpgdrover.exactness=true");
    }

    @Test
    void conversationsAreThoseOfPostgres() throws Exception {
        assumeWanted();
        assertThat(differences(Target.PROXY, SECONDS)).isEmpty();
    }

    @Test
    void postgresDoesNotDifferFromItself() throws Exception {
        assumeWanted();
        assertThat(differences(Target.POSTGRES, SECONDS / 4)).isEmpty();
    }

    private static Iterable<String> differences(Target target, long seconds) throws Exception {
        var options = new DifferentialFuzzer.Options(
                System.currentTimeMillis(), Long.MAX_VALUE, seconds, 10, 3, DifferentialFuzzer.ALL_SEEDS, (Pattern)
                        null);
        try (var rig = new Rig(
                target,
                PoolMode.TRANSACTION,
                DifferentialFuzzer.pools(),
                primary -> Playground.prepare(primary, DifferentialFuzzer.schemas()))) {
            return new DifferentialFuzzer(options, System::nanoTime, System.out)
                    .run(rig)
                    .examples();
        }
    }

    @Test
    void everyAnswerIsTheOneThatWasAskedFor() throws Exception {
        var options = new AnswerIdentity.Options(System.currentTimeMillis(), Long.MAX_VALUE, SECONDS, 48, true);
        try (var rig = new Rig(Target.PROXY, PoolMode.TRANSACTION, AnswerIdentity.POOLS, AnswerIdentity::prepare)) {
            var tally = new AnswerIdentity(options, System::nanoTime, System.out).run(rig);
            assertThat(tally.wrongs()).isEmpty();
            assertThat(tally.answers()).isPositive();
        }
    }

    @Test
    void serversAreCleanWhenTheyAreLent() throws Exception {
        assumeWanted();
        var options = new LeakHunt.Options(System.currentTimeMillis(), SECONDS, 200);
        try (var rig = new Rig(Target.PROXY, PoolMode.TRANSACTION, LeakHunt.POOLS, LeakHunt::prepare)) {
            assertThat(new LeakHunt(options, System::nanoTime, System.out)
                            .run(rig)
                            .kinds())
                    .isEmpty();
        }
    }
}
