package org.pgdrover.routing;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// See [ConsistencyPropertyTest] for what it promises: never stale.
@Timeout(60)
class RoutingSessionTest {
    /// Times may overflow.
    private static final long NOW = nearlyOver();

    private static long nearlyOver() {
        return Long.MAX_VALUE - 10;
    }

    private final TwoStandbys cluster = new TwoStandbys();
    private final GlobalWrites globalWrites = new GlobalWrites(NOW - 1000);
    private final RoutingSession session = new RoutingSession("db", "me", globalWrites);

    @Test
    void isToCoverTheLatestThatItWroteOrSaw() {
        session.wrote(NOW);
        session.readOnPrimary(NOW + 100);
        session.readOnPrimary(NOW + 50);

        assertThat(session.hasUnsampled()).isTrue();
        assertThat(session.unsampledNanos()).isEqualTo(NOW + 100);
    }

    @Test
    void tellsEverybodyOfItsWritesAndNobodyOfItsReads() {
        session.readOnPrimary(NOW + 100);
        assertThat(globalWrites.lastNanos()).isEqualTo(NOW - 1000);

        session.wrote(NOW + 200);
        assertThat(globalWrites.lastNanos()).isEqualTo(NOW + 200);
    }

    @Test
    void neverLowersItsFloor() {
        session.sampled(20);
        session.readOnPrimary(NOW);
        session.sampled(10);

        assertThat(session.floor()).isEqualTo(20);
        assertThat(session.hasUnsampled()).isFalse();
    }

    @Test
    void forgetsPositionsOfAnotherTerm() {
        session.enterTerm(1, NOW);
        assertThat(session.hasUnsampled())
                .describedAs("it has seen nothing yet")
                .isFalse();
        session.wrote(NOW);
        session.sampled(20);
        session.read(cluster.node(1), NOW);

        session.enterTerm(1, NOW + 1);
        assertThat(session.floor()).isEqualTo(20);
        session.enterTerm(2, NOW + 2);
        assertThat(session.floor()).isZero();
        assertThat(session.standby()).isNull();
        assertThat(session.hasUnsampled()).isTrue();
        assertThat(session.unsampledNanos()).isEqualTo(NOW + 2);
    }

    @Test
    void waitsMoreAndMoreSeldomForAStandbyThatIsUpToDate() {
        assertThat(waitsWithin(20_000)).containsExactly(100L, 300L, 700L, 1500L, 3100L, 6300L, 11300L, 16300L);
    }

    @Test
    void isInAHurryAgainOnceItHasReadOnAStandby() {
        waitsWithin(2_000);

        session.read(cluster.node(1), NOW);

        assertThat(waitsWithin(350)).containsExactly(100L, 300L);
    }

    /// The milliseconds at which a session that reads all the time would wait.
    private List<Long> waitsWithin(long millis) {
        var waits = new ArrayList<Long>();
        for (long time = 0; time < millis; time += 10)
            if (session.startToWait(NOW + TimeUnit.MILLISECONDS.toNanos(time))) waits.add(time);
        return waits;
    }
}
