package org.pgdrover.config;

import java.time.Duration;

/// The settings of what is done when the primary is lost.
///
/// @param holdTimeout longest time new work waits for a primary; then SQLSTATE 57P03
/// @param holdMaxClients most clients that wait at once; the next one gets its error at once
/// @param maxDataLossBytes a standby that is known to lack more WAL than this is not promoted
/// @param reportCanceledWaits whether a COMMIT whose wait for a synchronous standby was cancelled is
/// reported as 08007, and cancel requests are kept from a COMMIT
public record FailoverConfig(
        FailoverMode mode,
        Duration holdTimeout,
        int holdMaxClients,
        long maxDataLossBytes,
        boolean reportCanceledWaits) {
    public static final FailoverConfig DEFAULT =
            new FailoverConfig(FailoverMode.AUTOMATIC, Duration.ofSeconds(30), 10_000, 1 << 20, true);
}
