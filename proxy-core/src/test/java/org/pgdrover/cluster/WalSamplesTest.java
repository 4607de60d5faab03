package org.pgdrover.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class WalSamplesTest {
    private static WalSamples of(long... pairs) {
        var samples = WalSamples.NONE;
        for (var i = 0; i < pairs.length; i += 2) samples = samples.plus(pairs[i], pairs[i + 1]);
        return samples;
    }

    @Test
    void givesTheLowestPositionSampledAfterAMoment() {
        var samples = of(10, 100, 20, 200, 30, 300);

        assertThat(samples.startedAfter(9)).isEqualTo(100);
        assertThat(samples.startedAfter(10)).isEqualTo(200);
        assertThat(samples.startedAfter(29)).isEqualTo(300);
        assertThat(samples.startedAfter(30)).isEqualTo(-1);
        assertThat(WalSamples.NONE.startedAfter(0)).isEqualTo(-1);
    }

    @Test
    void keepsARepeatedPositionOnceWithTheLaterMoment() {
        var samples = of(10, 100, 20, 100, 30, 100);

        assertThat(samples.startedAfter(25)).isEqualTo(100);
        assertThat(samples.reachedNanos(100)).isEqualTo(30);
    }

    @Test
    void ignoresALateSample() {
        assertThat(of(20, 200, 10, 100).newest()).isEqualTo(200);
    }

    @Test
    void startsOverWhenAPrimaryCameBackWithLessThanItHadInserted() {
        var samples = of(10, 100, 20, 200, 30, 150);

        assertThat(samples.newest()).isEqualTo(150);
        assertThat(samples.reachedAny(149)).isFalse();
    }

    @Test
    void forgetsTheOldestSamples() {
        var samples = WalSamples.NONE;
        for (var i = 1; i <= 1000; i++) samples = samples.plus(i, i * 10L);

        assertThat(samples.newest()).isEqualTo(10_000);
        assertThat(samples.startedAfter(0)).isEqualTo(4010);
        assertThat(samples.startedAfter(999)).isEqualTo(10_000);
    }

    @Test
    void comparesMomentsAcrossTheOverflowOfTheClock() {
        var samples = of(Long.MAX_VALUE - 1, 100, Long.MIN_VALUE + 5, 200);

        assertThat(samples.startedAfter(Long.MAX_VALUE)).isEqualTo(200);
    }
}
