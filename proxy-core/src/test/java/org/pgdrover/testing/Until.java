package org.pgdrover.testing;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// Waits for what other threads will bring about, and not for ever.
public final class Until {
    private static final Duration MOST = Duration.ofSeconds(20);
    private static final long LOOK_NANOS = 200_000;

    private Until() {}

    /// @throws AssertionError if it does not become true
    public static void isTrue(BooleanSupplier condition) {
        long begun = System.nanoTime();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() - begun > MOST.toNanos()) throw new AssertionError("not within " + MOST);
            if (Thread.interrupted()) throw new AssertionError("interrupted");
            LockSupport.parkNanos(LOOK_NANOS);
        }
    }
}
