package org.pgdrover.frontend.login;

import java.time.Duration;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.pool.PoolRegistry;

/// The means to begin a session, the same for all clients.
///
/// @param defaults what sessions begin with
/// @param cancelKeys where the client's key is registered
/// @param sessions make the phase that follows
public record Welcome(
        PoolConfig pooling,
        Primary primary,
        SessionDefaults defaults,
        CancelRegistry cancelKeys,
        SessionBegin sessions) {
    /// The way to servers of the primary.
    ///
    /// @param holdTimeout how long a client waits for a primary at most
    public record Primary(TopologySource topology, PoolRegistry pools, HoldGate gate, Duration holdTimeout) {}

    boolean isSessionMode(StartupRequest request) {
        return pooling.settings(request.database(), request.user()).mode() == PoolMode.SESSION;
    }
}
