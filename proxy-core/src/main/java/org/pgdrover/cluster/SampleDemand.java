package org.pgdrover.cluster;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// The demand for fresh WAL positions. There is one if somebody asked lately, or a standby has not yet
/// come to the position last handed out.
///
/// Thread-safe, and cheap to tell on every read.
final class SampleDemand {
    private static final long LASTING_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long RENEWAL_NANOS = TimeUnit.MILLISECONDS.toNanos(200);

    private final Runnable wake;
    private final LongSupplier clock;
    private volatile long asked;
    private volatile long handedOut;

    SampleDemand(Runnable wake, LongSupplier clock) {
        this.clock = clock;
        this.asked = clock.getAsLong() - LASTING_NANOS;
        this.wake = wake;
    }

    void ask() {
        var now = clock.getAsLong();
        var before = now - asked;
        if (before < RENEWAL_NANOS) return;
        asked = now;
        if (before >= LASTING_NANOS) wake.run();
    }

    void handOut(long lsn) {
        if (lsn > handedOut) handedOut = lsn;
    }

    void startOver() {
        handedOut = 0;
    }

    boolean isPresent(long lowestReplayed) {
        return clock.getAsLong() - asked < LASTING_NANOS || lowestReplayed < handedOut;
    }
}
