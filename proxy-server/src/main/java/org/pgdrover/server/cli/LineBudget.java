package org.pgdrover.server.cli;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/// Lets so many lines a second pass, and counts the others; thread-safe.
final class LineBudget {
    private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

    private final int linesPerSecond;
    private final LongSupplier clock;
    private long second;
    private int passed;
    private long leftOut;

    /// @param clock nanoseconds
    LineBudget(int linesPerSecond, LongSupplier clock) {
        this.linesPerSecond = linesPerSecond;
        this.clock = clock;
        this.second = clock.getAsLong();
    }

    /// How many lines have been left out since the last that passed, if one may pass now; -1 if it may
    /// not.
    synchronized long take() {
        long now = clock.getAsLong();
        if (now - second >= SECOND) {
            second = now;
            passed = 0;
        }
        if (passed == linesPerSecond) {
            leftOut++;
            return -1;
        }
        passed++;
        long untold = leftOut;
        leftOut = 0;
        return untold;
    }
}
