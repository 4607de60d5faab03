package org.pgdrover.config;

import java.time.Duration;

/// The limits of one pool (one node, database and user).
///
/// @param size most server connections of the pool, at least 1
/// @param minSize server connections kept open although idle
/// @param waitTimeout longest wait for a server connection; then SQLSTATE 53300
/// @param idleTimeout an idle server connection beyond `minSize` is closed after this; zero is never
/// @param lifetime a server connection is not reused after this, with a jitter of 10 %; zero is never
public record PoolSettings(
        PoolMode mode, int size, int minSize, Duration waitTimeout, Duration idleTimeout, Duration lifetime) {
    public static final PoolSettings DEFAULT = new PoolSettings(
            PoolMode.TRANSACTION, 20, 0, Duration.ofSeconds(30), Duration.ofMinutes(10), Duration.ofHours(1));

    public PoolSettings {
        if (size < 1) throw new IllegalArgumentException("size: " + size + " (expected: >= 1)");
        if (minSize < 0 || minSize > size)
            throw new IllegalArgumentException(
                    "min-size: " + minSize + " (expected: 0 to size, which is " + size + ")");
    }
}
