package org.pgdrover.frontend;

import java.util.Map;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;

/** What the relays of all clients share. */
public final class FrontendServices {
    private final ProxyConfig config;
    private final Backends backends;
    private final ProxyMetrics metrics;
    private final @Nullable StatementObserver observer;
    private final CancelRegistry cancelKeys;
    private final SharedStatements statements = new SharedStatements();
    private final Classification classification = new Classification();

    /** The servers behind, and the way to them. */
    public record Backends(
            TopologySource topology,
            PoolRegistry pools,
            Router router,
            FunctionCatalog functions,
            HoldGate gate,
            CancelSender cancels,
            Runnable roleSettingsMayHaveChanged) {}

    public FrontendServices(
            ProxyConfig config,
            Backends backends,
            ProxyMetrics metrics,
            @Nullable StatementObserver observer,
            CancelRegistry cancelKeys) {
        this.config = config;
        this.backends = backends;
        this.metrics = metrics;
        this.observer = observer;
        this.cancelKeys = cancelKeys;
    }

    /** @param server that the client keeps for its whole session, and the pool that it is from; both null if there is none */
    public Phase relay(
            ClientConnection client,
            StartupRequest request,
            CancelKey key,
            Map<String, String> parameters,
            @Nullable ServerPool pool,
            @Nullable ServerConnection server) {
        var session = new ClientSession(client, this, request, parameters);
        return new RelayPhase(client, this, session, key, server != null, pool, server);
    }

    ProxyConfig config() {
        return config;
    }

    Backends backends() {
        return backends;
    }

    ProxyMetrics metrics() {
        return metrics;
    }

    @Nullable
    StatementObserver observer() {
        return observer;
    }

    CancelRegistry cancelKeys() {
        return cancelKeys;
    }

    SharedStatements statements() {
        return statements;
    }

    Classification classification() {
        return classification;
    }

    LongSupplier clock() {
        return System::nanoTime;
    }
}
