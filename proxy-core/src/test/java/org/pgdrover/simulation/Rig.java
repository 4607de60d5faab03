package org.pgdrover.simulation;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.PasswordSources;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.RoleSettings;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.PrimaryReads;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.failover.NodeEviction;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Clients;
import org.pgdrover.frontend.login.Login;
import org.pgdrover.frontend.login.LoginSuccess;
import org.pgdrover.frontend.login.SessionDefaults;
import org.pgdrover.frontend.login.Welcome;
import org.pgdrover.frontend.login.WelcomeCache;
import org.pgdrover.frontend.relay.RelayServices;
import org.pgdrover.frontend.replication.Replication;
import org.pgdrover.listening.Listeners;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.testing.Logins;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.ServerTls;

/// The proxy itself, whole but for its sockets: the one place of the simulation that knows how its parts
/// are joined.
final class Rig {
    private static final HbaRules TRUST = trust();

    /// What differs from seed to seed.
    record Settings(PoolMode mode, int poolSize, Consistency consistency) {}

    private final World world;
    private final SimulatedTopology topology;
    private final HoldGate gate;
    private final PoolRegistry pools;
    private final FunctionCatalog catalog;
    private final Listeners listeners;
    private final Clients clients = new Clients(ProxyMetrics.NOOP);
    private final Login login;
    private long numbers;

    Rig(World world, Settings settings) {
        this.world = world;
        var loop = world.loop();
        var configs = new ArrayList<NodeConfig>();
        var nodes = new ArrayList<Node>();
        for (var model : world.nodes()) {
            configs.add(new NodeConfig(model.name(), "127.0.0.1", World.FIRST_PORT + configs.size()));
            nodes.add(Node.of(nodes.size(), configs.getLast()));
        }
        var config = ProxyConfig.of(new ClusterConfig(configs, "me", null, "db"))
                .with(pool(settings))
                .with(routing(settings));
        topology = new SimulatedTopology(world.nodes(), nodes, loop::now);
        gate = new HoldGate(FailoverConfig.DEFAULT, loop);
        gate.open();
        var transport = new Transport(() -> new LineChannel(world.network(), new java.net.InetSocketAddress(1)));
        var connector = new ServerConnector(
                transport,
                () -> ServerTls.DISABLED,
                new ServerOptions(Logins.withoutPasswords(), config.pool().statementCache(), loop::now));
        pools = new PoolRegistry(config.pool(), connector, ProxyMetrics.NOOP, loop::now, loop);
        topology.listen(new NodeEviction(pools));
        catalog = new FunctionCatalog(database -> ModelCatalog.read(), loop, loop::now);
        // What functions do that nobody has read of yet is a documented limit.
        catalog.prepare("db");
        var router = new Router(config.routing(), topology, catalog, loop::now, world.random()::nextInt);
        var cancels = new CancelSender(transport, () -> ServerTls.DISABLED);
        var cancelKeys = new CancelRegistry();
        listeners = new Listeners(topology, connector, ProxyMetrics.NOOP, new java.util.Random(1));
        var relays = new RelayServices(
                config,
                new RelayServices.Backends(
                        topology, connector, pools, router, gate, listeners, cancels, () -> {}, loop::now),
                ProxyMetrics.NOOP,
                null,
                cancelKeys);
        var welcome = new Welcome(
                config.pool(),
                new Welcome.Primary(topology, pools, gate, config.failover().holdTimeout()),
                new SessionDefaults(
                        node -> RoleSettings.UNKNOWN,
                        () -> CompletableFuture.completedFuture(null),
                        pools,
                        new WelcomeCache(loop::now)),
                cancelKeys,
                (client, request, key, parameters, lent) -> relays.relay(
                        client,
                        request,
                        key,
                        parameters,
                        lent == null ? null : lent.pool(),
                        lent == null ? null : lent.server()));
        var replication = new Replication(topology, connector, cancelKeys, cancels);
        login = Logins.login(
                TRUST,
                PasswordSources.NOBODY,
                () -> ClientTls.OFF,
                cancelKeys,
                new LoginSuccess(
                        new ServerSecrets(PasswordSources.NOBODY), pools, catalog, welcome, replication::begin));
    }

    private static PoolConfig pool(Settings settings) {
        var limits = new PoolSettings(
                settings.mode(),
                settings.poolSize(),
                0,
                Duration.ofSeconds(30),
                Duration.ofMinutes(10),
                Duration.ofHours(1));
        return new PoolConfig(limits, 0, Map.of(), Map.of(), 500);
    }

    private static RoutingConfig routing(Settings settings) {
        return new RoutingConfig(
                true,
                PrimaryReads.WHEN_NO_STANDBY,
                settings.consistency(),
                Duration.ofSeconds(10),
                List.of(),
                List.of(),
                List.of());
    }

    private static HbaRules trust() {
        try {
            var file = java.nio.file.Files.createTempFile("pool_hba", ".conf");
            java.nio.file.Files.writeString(file, "host all all all " + AuthenticationMethod.TRUST.label() + "\n");
            var rules = HbaParser.parse(file);
            java.nio.file.Files.delete(file);
            return rules;
        } catch (Exception impossible) {
            throw new IllegalStateException(impossible);
        }
    }

    SimulatedTopology topology() {
        return topology;
    }

    /// Gives a client's channel its last handler.
    void initialise(LineChannel channel) {
        channel.config().setWriteBufferWaterMark(new io.netty.channel.WriteBufferWaterMark(4_096, 16_384));
        channel.pipeline()
                .addLast("client", new ClientConnection(++numbers, channel, clients, login, Duration.ofSeconds(60)));
    }

    /// The monitor has seen a change; the gate follows as the failover coordinator has it follow.
    void topologyChanged(int primary) {
        if (primary < 0) gate.close("the primary is lost");
        topology.change(primary);
        if (primary >= 0) gate.open();
    }

    /// Nobody is connected, and nobody's work is left.
    void checkAtRest() {
        if (clients.count() != 0) world.violated(clients.count() + " clients are still known");
        if (gate.held() != 0) world.violated(gate.held() + " clients are still held");
        for (ServerPool pool : pools.pools()) {
            if (pool.leased() != 0) world.violated(pool.target() + ": " + pool.leased() + " servers are still lent");
            if (pool.waiting() != 0) world.violated(pool.target() + ": " + pool.waiting() + " still wait");
        }
    }

    void close() {
        clients.shutDown();
        listeners.close();
        pools.close();
        catalog.close();
    }
}
