package org.pgdrover.frontend.relay;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.bootstrap.ServerBootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.EventLoopGroup;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioServerSocketChannel;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.PasswordSources;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.auth.secrets.ServerSecrets;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.RoleSettings;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Clients;
import org.pgdrover.frontend.login.Login;
import org.pgdrover.frontend.login.LoginSuccess;
import org.pgdrover.frontend.login.SessionDefaults;
import org.pgdrover.frontend.login.Welcome;
import org.pgdrover.frontend.login.WelcomeCache;
import org.pgdrover.frontend.replication.Replication;
import org.pgdrover.listening.Listeners;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.pool.ServerPool;
import org.pgdrover.routing.DatabaseCatalog;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.sql.Residues;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;
import org.pgdrover.tls.ClientTls;
import org.pgdrover.tls.ServerTls;

/// The whole way from a real client socket to scripted servers, a primary and a standby, and what a
/// client says and hears on it.
public final class RelayRig implements AutoCloseable {
    private final ScriptedServer primary = new ScriptedServer("primary");
    private final ScriptedServer standby = new ScriptedServer("standby");
    private final EventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private volatile @Nullable Channel accepted;
    private final ScheduledExecutorService timer = Executors.newSingleThreadScheduledExecutor();
    private volatile long aheadNanos;
    private volatile long stoppedNanos;
    private volatile boolean stopped;
    private final Cluster topology;
    private final PoolRegistry pools;
    private final FunctionCatalog functions;
    private final Clients clients = new Clients(ProxyMetrics.NOOP);
    private final Login login;
    private final Channel listener;

    /// A cluster that changes only when it is told to.
    private static final class Cluster implements TopologySource {
        private final List<Node> nodes = new ArrayList<>();
        private volatile ClusterTopology topology;
        private volatile boolean sampled = true;

        Cluster(List<NodeConfig> configs) {
            for (int i = 0; i < configs.size(); i++) nodes.add(Node.of(i, configs.get(i)));
            topology = withPrimary(0);
        }

        private ClusterTopology withPrimary(int primary) {
            var states = new ArrayList<NodeState>();
            for (int i = 0; i < nodes.size(); i++) {
                var role = i == primary ? Role.PRIMARY : Role.STANDBY;
                states.add(new NodeState(nodes.get(i), true, role, true, 1, 100, 100, 0, 0, null));
            }
            return new ClusterTopology(1, 1, states, nodes.get(primary));
        }

        @Override
        public ClusterTopology topology() {
            return topology;
        }

        @Override
        public long insertPositionSampledAfter(long nanoTime) {
            return sampled ? 1 : -1;
        }

        @Override
        public void sampleSoon() {}

        @Override
        public long replayLsn(Node node) {
            return 100;
        }

        @Override
        public void listen(TopologyListener heard) {
            heard.onTopology(topology, topology);
        }

        @Override
        public void suspect(Node node, String why) {}
    }

    /// So much time passes at once.
    void advance(Duration time) {
        aheadNanos += time.toNanos();
    }

    /// The time of all that the rig drives.
    private long now() {
        return (stopped ? stoppedNanos : System.nanoTime()) + aheadNanos;
    }

    /// From now on time passes by [#advance] alone.
    void stopClock() {
        stoppedNanos = System.nanoTime();
        stopped = true;
    }

    public RelayRig() throws Exception {
        this(PoolConfig.DEFAULT);
    }

    /// @param size most server connections of a pool
    RelayRig(int size) throws Exception {
        this(pools(size));
    }

    RelayRig(PoolConfig pool) throws Exception {
        this(pool, FailoverConfig.DEFAULT);
    }

    RelayRig(PoolConfig pool, FailoverConfig failover) throws Exception {
        var cluster = new ClusterConfig(
                List.of(
                        new NodeConfig("p", "127.0.0.1", primary.port()),
                        new NodeConfig("s", "127.0.0.1", standby.port())),
                "me",
                null,
                "db");
        var config = ProxyConfig.of(cluster).with(pool).with(failover);
        topology = new Cluster(cluster.nodes());
        var gate = new HoldGate(failover, timer);
        gate.open();
        var transport = new Transport(NioSocketChannel::new);
        var connector = new ServerConnector(
                transport, () -> ServerTls.DISABLED, new ServerOptions(Logins.withoutPasswords(), 100, this::now));
        pools = new PoolRegistry(pool, connector, ProxyMetrics.NOOP, this::now, loops);
        functions = new FunctionCatalog(_ -> catalog(), timer, this::now);
        functions.prepare("db");
        // Read before anybody's first statement.
        timer.submit(() -> {}).get();
        var router = new Router(config.routing(), topology, functions, this::now);
        var rules = trust();
        var cancels = new CancelSender(transport, () -> ServerTls.DISABLED);
        var cancelKeys = new CancelRegistry();
        var services = new RelayServices(
                config,
                new RelayServices.Backends(
                        topology,
                        connector,
                        pools,
                        router,
                        gate,
                        new Listeners(topology, connector, ProxyMetrics.NOOP, new Random()),
                        cancels,
                        () -> {},
                        this::now),
                ProxyMetrics.NOOP,
                null,
                cancelKeys);
        var welcome = new Welcome(
                config.pool(),
                new Welcome.Primary(topology, pools, gate, config.failover().holdTimeout()),
                defaults(pools),
                cancelKeys,
                (client, request, key, parameters, lent) -> services.relay(
                        client,
                        request,
                        key,
                        parameters,
                        lent == null ? null : lent.pool(),
                        lent == null ? null : lent.server()));
        var replication = new Replication(topology, connector, cancelKeys, cancels);
        login = Logins.login(
                rules,
                PasswordSources.NOBODY,
                () -> ClientTls.OFF,
                cancelKeys,
                new LoginSuccess(
                        new ServerSecrets(PasswordSources.NOBODY), pools, functions, welcome, replication::begin));
        var numbers = new AtomicLong();
        listener = new ServerBootstrap()
                .group(loops)
                .channelFactory(NioServerSocketChannel::new)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        accepted = channel;
                        channel.pipeline()
                                .addLast(new ClientConnection(
                                        numbers.incrementAndGet(), channel, clients, login, Duration.ofSeconds(60)));
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
    }

    private static PoolConfig pools(int size) {
        var usual = PoolSettings.DEFAULT;
        var settings =
                new PoolSettings(usual.mode(), size, 0, usual.waitTimeout(), usual.idleTimeout(), usual.lifetime());
        return new PoolConfig(settings, 0, Map.of(), Map.of(), PoolConfig.DEFAULT.statementCache());
    }

    private SessionDefaults defaults(PoolRegistry pools) {
        return new SessionDefaults(
                node -> RoleSettings.UNKNOWN,
                () -> CompletableFuture.completedFuture(null),
                pools,
                new WelcomeCache(this::now));
    }

    private static DatabaseCatalog catalog() {
        return new DatabaseCatalog.Builder()
                .function("pg_catalog", "abs", true, Residues.NONE)
                .relation("public", "t", true, Residues.NONE, Residues.NONE)
                .build();
    }

    private static HbaRules trust() throws Exception {
        var file = Files.createTempFile("pool_hba", ".conf");
        try {
            Files.writeString(file, "host all all all " + AuthenticationMethod.TRUST.label() + "\n");
            return HbaParser.parse(file);
        } finally {
            Files.delete(file);
        }
    }

    @Override
    public void close() throws Exception {
        clients.shutDown();
        listener.close().sync();
        pools.close();
        functions.close();
        timer.shutdownNow();
        primary.close();
        standby.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    /// The clients that are connected, and those for whom something is still done.
    Clients clients() {
        return clients;
    }

    ScriptedServer primary() {
        return primary;
    }

    ScriptedServer standby() {
        return standby;
    }

    /// How many connections to servers are open.
    int openServers() {
        return pools.pools().stream().mapToInt(ServerPool::open).sum();
    }

    /// How many of them work for clients.
    int leasedServers() {
        return pools.pools().stream().mapToInt(ServerPool::leased).sum();
    }

    /// Whether the primary's position is known from now on; else what was written or seen there is only
    /// there.
    void samples(boolean known) {
        topology.sampled = known;
    }

    /// From now on the other node is the primary.
    void changeRoles() {
        topology.topology = topology.withPrimary(1);
    }

    /// Returns when the event loops have done what they had to do.
    void settle() {
        for (int i = 0; i < 3; i++) for (var loop : loops) loop.submit(() -> {}).syncUninterruptibly();
    }

    // A client

    /// The last handler of a channel that nobody else has.
    public ClientConnection onChannel(Channel channel) {
        return new ClientConnection(0, channel, clients, login, Duration.ofSeconds(60));
    }

    /// The client that has connected last is gone, which NIO finds only when it reads.
    void loseLastClient() {
        Objects.requireNonNull(accepted).close().syncUninterruptibly();
    }

    Wire connect() throws IOException {
        return connect("");
    }

    /// @param parameters of the startup message beside user and database, each name and value with a zero byte
    Wire connect(String parameters) throws IOException {
        var wire = socket();
        login(wire, parameters);
        return wire;
    }

    private Wire socket() throws IOException {
        return new Wire(new Socket("127.0.0.1", ((InetSocketAddress) listener.localAddress()).getPort()));
    }

    /// Logs in, and gives back the body of BackendKeyData.
    private static byte[] login(Wire wire, String parameters) throws IOException {
        wire.send(startup(parameters));
        byte[] key = {};
        for (var message = wire.read(); message != null && message.type() != 'Z'; message = wire.read()) {
            assertThat(message.type()).isIn('R', 'S', 'K', 'N');
            if (message.type() == 'K') key = message.body();
        }
        return key;
    }

    /// A client that can have its statements cancelled.
    Cancellable connectCancellable() throws IOException {
        var wire = socket();
        return new Cancellable(this, wire, login(wire, ""));
    }

    record Cancellable(RelayRig rig, Wire wire, byte[] key) implements AutoCloseable {
        /// Sends a CancelRequest, and returns when it has been dealt with.
        void cancel() throws IOException {
            try (var cancel = rig.socket()) {
                cancel.send(ByteBuffer.allocate(8 + key.length)
                        .putInt(8 + key.length)
                        .putInt(1234 << 16 | 5678)
                        .put(key)
                        .array());
                assertThat(cancel.read()).isNull();
            }
            rig.settle();
        }

        @Override
        public void close() throws IOException {
            wire.close();
        }
    }

    private static byte[] startup(String more) {
        var parameters = ("user\0me\0database\0db\0" + more + "\0").getBytes(StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + parameters.length)
                .putInt(8 + parameters.length)
                .putInt(3 << 16)
                .put(parameters)
                .array();
    }

    // What it says and hears

    static WireBytes query(String sql) {
        return new WireBytes().message('Q', sql);
    }

    /// A batch of the extended query protocol with the unnamed statement.
    static WireBytes extended(String sql) {
        return parsed(sql).append(bound()).message('S');
    }

    static WireBytes parsed(String sql) {
        return new WireBytes().message('P', "", sql, (short) 0);
    }

    static WireBytes bound() {
        return new WireBytes()
                .message('B', "", "", (short) 0, (short) 0, (short) 0)
                .message('D', 'P', "")
                .message('E', "", 0);
    }

    /// Messages up to the n-th ReadyForQuery, or to the end of the stream.
    static List<Message> answers(Wire wire, int readies) throws IOException {
        var all = new ArrayList<Message>();
        int seen = 0;
        while (seen < readies) {
            var message = wire.read();
            if (message == null) break;
            all.add(message);
            if (message.type() == 'Z') seen++;
        }
        return all;
    }

    static String types(List<Message> messages) {
        var types = new StringBuilder();
        messages.forEach(message -> types.append(message.type()));
        return types.toString();
    }

    /// What the rows say, which is where they come from.
    static List<String> rows(List<Message> messages) {
        return messages.stream()
                .filter(message -> message.type() == 'D')
                .map(message -> message.text(6))
                .toList();
    }

    static String row(List<Message> messages) {
        return rows(messages).stream().findFirst().orElse("none");
    }

    static Message error(List<Message> messages) {
        return messages.stream()
                .filter(message -> message.type() == 'E')
                .findFirst()
                .orElseThrow();
    }
}
