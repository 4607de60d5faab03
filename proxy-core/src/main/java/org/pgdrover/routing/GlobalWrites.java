package org.pgdrover.routing;

import java.util.concurrent.atomic.LongAccumulator;

/// The moment when any session last wrote through this proxy.
final class GlobalWrites {
    private final long origin;
    private final LongAccumulator latest = new LongAccumulator(Math::max, 0);

    /// @param origin a moment before any write
    GlobalWrites(long origin) {
        this.origin = origin;
    }

    void wrote(long nanoTime) {
        latest.accumulate(nanoTime - origin);
    }

    long lastNanos() {
        return origin + latest.get();
    }
}
