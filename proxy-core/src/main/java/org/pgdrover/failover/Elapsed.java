package org.pgdrover.failover;

import java.time.Duration;
import java.util.Locale;

/// Time that has passed, as the log shows it.
record Elapsed(Duration duration) {
    static Elapsed between(long sinceNanos, long nowNanos) {
        return new Elapsed(Duration.ofNanos(nowNanos - sinceNanos));
    }

    @Override
    public String toString() {
        return String.format(Locale.ROOT, "%.2f s", duration.toNanos() / 1e9);
    }
}
