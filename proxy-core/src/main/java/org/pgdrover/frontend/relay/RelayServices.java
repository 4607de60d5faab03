package org.pgdrover.frontend.relay;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;
import org.pgdrover.frontend.session.Classification;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.frontend.session.SharedStatements;
import org.pgdrover.listening.Listeners;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.protocol.StartupPacket.CancelKey;
import org.pgdrover.routing.Router;
import org.pgdrover.routing.RoutingSession;
import org.pgdrover.sql.QueryClass;

/// The services that the relays of all clients share.
public final class RelayServices {
    private static final int MOST_COMMON_SETTINGS = 1_000;

    private final ProxyConfig config;
    private final Backends backends;
    private final ProxyMetrics metrics;
    private final @Nullable StatementObserver observer;
    private final CancelRegistry cancelKeys;
    private final SharedStatements statements = new SharedStatements();
    private final Classification classification = new Classification();
    private final ConcurrentHashMap<SessionSettings, SessionSettings> commonSettings = new ConcurrentHashMap<>();

    /// The servers behind, and the way to them.
    ///
    /// @param clock nanoseconds, as of [System#nanoTime()]
    public record Backends(
            TopologySource topology,
            ServerConnector connector,
            PoolRegistry pools,
            Router router,
            HoldGate gate,
            Listeners listeners,
            CancelSender cancels,
            Runnable roleSettingsMayHaveChanged,
            LongSupplier clock) {}

    public RelayServices(
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

    /// Begins the relay of a client that has logged in.
    ///
    /// @param server that the client keeps for its whole session, and the pool that it is from; both null if there
    ///     is none
    public Phase relay(
            ClientConnection client,
            StartupRequest request,
            CancelKey key,
            Map<String, String> parameters,
            @Nullable ServerPool pool,
            @Nullable ServerConnection server) {
        var routing = backends.router().newSession(request.database(), request.user());
        var settings = common(request.settings());
        var session = new ClientSession(client.id(), request, settings, routing, statements, parameters);
        return new RelayPhase(client, this, session, key, pool, server);
    }

    /// Clients that begin with the same settings share one object: then it is compared at a glance.
    private SessionSettings common(SessionSettings settings) {
        if (commonSettings.size() >= MOST_COMMON_SETTINGS) return commonSettings.getOrDefault(settings, settings);
        var known = commonSettings.putIfAbsent(settings, settings);
        return known == null ? settings : known;
    }

    RoutingConfig routing() {
        return config.routing();
    }

    Duration holdTimeout() {
        return config.failover().holdTimeout();
    }

    /// Whether a COMMIT whose wait for a synchronous standby was cancelled is no success.
    boolean reportsCanceledWaits() {
        return config.failover().reportCanceledWaits();
    }

    ClusterTopology topology() {
        return backends.topology().topology();
    }

    ServerConnector connector() {
        return backends.connector();
    }

    PoolRegistry pools() {
        return backends.pools();
    }

    Router router() {
        return backends.router();
    }

    HoldGate gate() {
        return backends.gate();
    }

    Listeners listeners() {
        return backends.listeners();
    }

    CancelSender cancels() {
        return backends.cancels();
    }

    LongSupplier clock() {
        return backends.clock();
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

    Classification classification() {
        return classification;
    }

    /// The node of this name; null if the cluster has none.
    @Nullable
    Node node(String name) {
        var nodes = topology().nodes();
        for (int i = 0; i < nodes.size(); i++)
            if (nodes.get(i).node().name().equals(name)) return nodes.get(i).node();
        return null;
    }

    /// A node does not behave: it is to be looked at.
    void suspect(@Nullable String name, String why) {
        var node = name == null ? null : node(name);
        if (node != null) backends.topology().suspect(node, why);
    }

    /// A statement has succeeded: it may have changed what the catalog says, or what sessions begin with.
    void completed(QueryClass ran, RoutingSession session) {
        router().ran(ran, session);
        if (ran.mayChangeLogins()) session.changedLogins();
    }

    /// A transaction has ended, so that everybody sees now what was changed in it.
    void transactionEnded(RoutingSession session) {
        router().transactionEnded(session);
        if (session.takeChangedLogins()) backends.roleSettingsMayHaveChanged().run();
    }
}
