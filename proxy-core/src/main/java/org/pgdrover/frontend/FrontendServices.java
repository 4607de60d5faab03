package org.pgdrover.frontend;

import io.netty.channel.Channel;
import java.time.Duration;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executor;
import java.util.function.Function;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.PasswordStore;
import org.pgdrover.auth.hba.HostNames;
import org.pgdrover.auth.hba.RoleMemberships;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.StatementObserver;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.tls.ClientTls;

/** Everything that client connections share; one instance for the proxy. */
public final class FrontendServices {
    private final ProxyConfig config;
    private final Access access;
    private final Backends backends;
    private final ProxyMetrics metrics;
    private final @Nullable StatementObserver observer;
    private final CancelRegistry cancelKeys = new CancelRegistry();
    private final WelcomeCache welcomes = new WelcomeCache(System::nanoTime);
    private final SharedStatements statements = new SharedStatements();
    private final Classification classification = new Classification();
    private final LoginGuard guard;
    private final ConcurrentHashMap<Long, ClientConnection> clients = new ConcurrentHashMap<>();

    /**
     * Who may come in, and how.
     *
     * @param rules in force now
     * @param secrets hear what logins yield
     * @param peers the operating system's name for whoever is at the other end of a Unix-domain socket, or null
     * @param tls the certificates in force now
     * @param hashing derives keys: a few threads, and a bounded queue
     * @param waiting runs what waits for other systems
     */
    public record Access(
            Supplier<AccessRules> rules,
            RoleMemberships roles,
            HostNames hosts,
            PasswordStore passwords,
            ServerSecrets secrets,
            LoginExchanges exchanges,
            Function<Channel, @Nullable String> peers,
            Supplier<ClientTls> tls,
            Executor hashing,
            Executor waiting) {}

    /**
     * The servers behind, and the way to them.
     *
     * @param connector for connections that belong to one client alone
     */
    public record Backends(
            TopologySource topology,
            ServerConnector connector,
            PoolRegistry pools,
            Router router,
            FunctionCatalog functions,
            HoldGate gate,
            CancelSender cancels) {}

    public FrontendServices(
            ProxyConfig config,
            Access access,
            Backends backends,
            ProxyMetrics metrics,
            @Nullable StatementObserver observer) {
        this.config = config;
        this.access = access;
        this.backends = backends;
        this.metrics = metrics;
        this.observer = observer;
        this.guard = new LoginGuard(config.auth().limits(), System::nanoTime);
    }

    ProxyConfig config() {
        return config;
    }

    Access access() {
        return access;
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

    WelcomeCache welcomes() {
        return welcomes;
    }

    SharedStatements statements() {
        return statements;
    }

    Classification classification() {
        return classification;
    }

    LoginGuard guard() {
        return guard;
    }

    Duration loginTimeout() {
        return config.auth().timeout();
    }

    LongSupplier clock() {
        return System::nanoTime;
    }

    LoginGuard.Admission clientConnected(ClientConnection client) {
        clients.put(client.id(), client);
        metrics.clientConnected();
        return guard.arrived(client.address());
    }

    void clientDisconnected(ClientConnection client, DisconnectReason reason) {
        clients.remove(client.id());
        metrics.clientDisconnected(reason.label());
        guard.left(client.address(), client.isLoggedIn());
    }

    /** Clients connected now, those that are still logging in among them. */
    public int clients() {
        return clients.size();
    }

    boolean hasRoom() {
        return clients.size() <= config.listen().maxClients();
    }

    /** Ends every session. */
    public void shutDownClients() {
        clients.values().forEach(ClientConnection::shutDown);
    }
}
