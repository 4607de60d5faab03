package org.pgdrover.routing;

import java.util.concurrent.atomic.LongAccumulator;

/** When any session last wrote through this proxy. */
final class GlobalWrites {
    private final long origin = System.nanoTime();
    private final LongAccumulator latest = new LongAccumulator(Math::max, 0);

    void wrote(long nanoTime) {
        latest.accumulate(nanoTime - origin);
    }

    long lastNanos() {
        return origin + latest.get();
    }
}
