package org.pgdrover.failover;

import java.time.Duration;
import java.util.Locale;

/** Time that has passed, as the log shows it. */
record Elapsed(Duration duration) {
    static Elapsed since(long nanoTime) {
        return new Elapsed(Duration.ofNanos(System.nanoTime() - nanoTime));
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f s", duration.toNanos() / 1e9);
    }
}
