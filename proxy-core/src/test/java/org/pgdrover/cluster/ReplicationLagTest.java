package org.pgdrover.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class ReplicationLagTest {
    private static final WalSamples PRIMARY =
            WalSamples.NONE.plus(millis(1000), 100).plus(millis(2000), 200).plus(millis(3000), 300);

    private static long millis(long millis) {
        return TimeUnit.MILLISECONDS.toNanos(millis);
    }

    private static ReplicationLag at(long millis, long replayLsn) {
        return ReplicationLag.of(Reports.standbyAt(millis(millis), 1, replayLsn, null), PRIMARY);
    }

    @Test
    void isNothingForAStandbyThatHasReplayedAllHoweverLongAgoTheLastCommitWas() {
        assertThat(at(900_000, 300)).isEqualTo(ReplicationLag.NONE);
        assertThat(at(3000, 350)).isEqualTo(ReplicationLag.NONE);
    }

    @Test
    void isTheTimeSinceTheNewestSampleThatWasReplayed() {
        assertThat(at(3500, 299)).isEqualTo(new ReplicationLag(1, 1500));
        assertThat(at(3500, 100)).isEqualTo(new ReplicationLag(200, 2500));
    }

    @Test
    void isAtLeastTheAgeOfTheOldestSampleForAStandbyBehindAll() {
        assertThat(at(3500, 50)).isEqualTo(new ReplicationLag(250, 2500));
    }

    @Test
    void isUnknownWithoutAPrimary() {
        var lag = ReplicationLag.of(Reports.standby(1, 50, null), WalSamples.NONE);

        assertThat(lag.millis()).isEqualTo(Long.MAX_VALUE);
    }

    @Test
    void doesNotCountThePageHeadersThatAnIdlePrimaryHasSkipped() {
        var wal = new WalGeometry(8192, 16 << 20);

        assertThat(wal.recordEnd(0x4000028)).isEqualTo(0x4000000);
        assertThat(wal.recordEnd(0x4002018)).isEqualTo(0x4002000);
        assertThat(wal.recordEnd(0x4002028)).isEqualTo(0x4002028);
        assertThat(wal.recordEnd(0x4000C18)).isEqualTo(0x4000C18);
    }
}
