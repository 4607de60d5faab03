package org.pgdrover.frontend;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.auth.AuthenticationMethod;
import org.pgdrover.auth.hba.HbaParser;
import org.pgdrover.auth.hba.HbaRules;
import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.ServerTls;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.failover.HoldGate;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.pool.PoolRegistry;
import org.pgdrover.routing.FunctionCatalog;
import org.pgdrover.routing.Router;
import org.pgdrover.testing.Message;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;
import org.pgdrover.tls.ClientTls;

/** A real client socket on one side and scripted servers on the other: what the relay does with every odd thing that a server may do. */
class RelayTest {
    private ScriptedServer primary;
    private ScriptedServer standby;
    private EventLoopGroup loops;
    private ScheduledExecutorService timer;
    private PoolRegistry pools;
    private FunctionCatalog functions;
    private Channel listener;

    /** A cluster that never changes. */
    private static final class Still implements TopologySource {
        private final ClusterTopology topology;

        Still(List<NodeConfig> configs) {
            var nodes = new ArrayList<NodeState>();
            for (int i = 0; i < configs.size(); i++) {
                var role = i == 0 ? Role.PRIMARY : Role.STANDBY;
                nodes.add(new NodeState(Node.of(i, configs.get(i)), true, role, true, 1, 100, 100, 0, 0));
            }
            topology = new ClusterTopology(1, 1, nodes, nodes.getFirst().node());
        }

        @Override
        public ClusterTopology topology() {
            return topology;
        }

        @Override
        public long insertPositionSampledAfter(long nanoTime) {
            return 1;
        }

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

    @BeforeEach
    void start() throws Exception {
        primary = new ScriptedServer("primary");
        standby = new ScriptedServer("standby");
        loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
        timer = Executors.newSingleThreadScheduledExecutor();
        var cluster = new ClusterConfig(
                List.of(
                        new NodeConfig("p", "127.0.0.1", primary.port()),
                        new NodeConfig("s", "127.0.0.1", standby.port())),
                "me",
                null,
                "db");
        var config = ProxyConfig.of(cluster);
        var topology = new Still(cluster.nodes());
        var gate = new HoldGate(FailoverConfig.DEFAULT, timer);
        gate.open();
        var transport = new Transport(NioSocketChannel::new);
        var connector = new ServerConnector(
                transport,
                ServerTls.DISABLED,
                new ServerOptions(user -> CompletableFuture.completedFuture(Optional.empty()), 100, System::nanoTime));
        pools = new PoolRegistry(PoolConfig.DEFAULT, connector, ProxyMetrics.NOOP, System::nanoTime, loops);
        functions = new FunctionCatalog(cluster, topology);
        var router = new Router(config.routing(), topology, functions, System::nanoTime);
        var rules = trust();
        var services = new FrontendServices(
                config,
                new FrontendServices.Access(
                        () -> rules,
                        user -> CompletableFuture.completedFuture(Optional.empty()),
                        () -> ClientTls.OFF,
                        Runnable::run),
                new FrontendServices.Backends(topology, pools, router, functions, gate, new CancelSender(transport)),
                ProxyMetrics.NOOP,
                null);
        var numbers = new AtomicLong();
        listener = new ServerBootstrap()
                .group(loops)
                .channelFactory(NioServerSocketChannel::new)
                .childHandler(new ChannelInitializer<Channel>() {
                    @Override
                    protected void initChannel(Channel channel) {
                        channel.pipeline().addLast(new ClientConnection(numbers.incrementAndGet(), channel, services));
                    }
                })
                .bind("127.0.0.1", 0)
                .sync()
                .channel();
    }

    private static HbaRules trust() throws Exception {
        var file = java.nio.file.Files.createTempFile("pool_hba", ".conf");
        try {
            java.nio.file.Files.writeString(file, "host all all all " + AuthenticationMethod.TRUST.label() + "\n");
            return HbaParser.parse(file);
        } finally {
            java.nio.file.Files.delete(file);
        }
    }

    @AfterEach
    void stop() throws Exception {
        listener.close().sync();
        pools.close();
        functions.close();
        timer.shutdownNow();
        primary.close();
        standby.close();
        loops.shutdownGracefully(0, 2, TimeUnit.SECONDS).sync();
    }

    private Wire connect() throws IOException {
        var wire = new Wire(new Socket("127.0.0.1", ((InetSocketAddress) listener.localAddress()).getPort()));
        wire.send(startup());
        for (var message = wire.read(); message != null && message.type() != 'Z'; message = wire.read())
            assertThat(message.type()).isIn('R', 'S', 'K', 'N');
        return wire;
    }

    private static byte[] startup() {
        var parameters = "user\0me\0database\0db\0\0".getBytes(java.nio.charset.StandardCharsets.UTF_8);
        return ByteBuffer.allocate(8 + parameters.length)
                .putInt(8 + parameters.length)
                .putInt(3 << 16)
                .put(parameters)
                .array();
    }

    private static WireBytes query(String sql) {
        return new WireBytes().message('Q', sql);
    }

    private static WireBytes extended(String sql) {
        return new WireBytes()
                .message('P', "", sql, (short) 0)
                .message('B', "", "", (short) 0, (short) 0, (short) 0)
                .message('D', 'P', "")
                .message('E', "", 0)
                .message('S');
    }

    /** Messages up to the n-th ReadyForQuery, or to the end of the stream. */
    private static List<Message> answers(Wire wire, int readies) throws IOException {
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

    private static String types(List<Message> messages) {
        var types = new StringBuilder();
        messages.forEach(message -> types.append(message.type()));
        return types.toString();
    }

    private static String row(List<Message> messages) {
        return messages.stream()
                .filter(message -> message.type() == 'D')
                .map(message -> message.text(6))
                .findFirst()
                .orElse("none");
    }

    private static Message error(List<Message> messages) {
        return messages.stream()
                .filter(message -> message.type() == 'E')
                .findFirst()
                .orElseThrow();
    }

    @Test
    void takesTheClientsBytesCutAnywhere() throws Exception {
        try (var client = connect()) {
            var bytes = extended("SELECT 1").append(query("INSERT")).bytes();
            for (int at = 1; at < bytes.length; at++) {
                client.send(java.util.Arrays.copyOf(bytes, at));
                client.send(java.util.Arrays.copyOfRange(bytes, at, bytes.length));
                var answers = answers(client, 2);
                assertThat(types(answers)).describedAs("cut at " + at).isEqualTo("12nDCZTDCZ");
            }
            for (byte each : bytes) client.send(new byte[] {each});
            assertThat(types(answers(client, 2))).isEqualTo("12nDCZTDCZ");
        }
    }

    @Test
    void takesTheServersBytesCutAnywhere() throws Exception {
        var whole = standby.rows().message('C', "SELECT 1").message('Z', 'I').bytes();
        var cut = new AtomicLong();
        standby.on("cut", (wire, message) -> {
            int at = (int) cut.get();
            wire.send(java.util.Arrays.copyOf(whole, at));
            wire.send(java.util.Arrays.copyOfRange(whole, at, whole.length));
            return true;
        });
        try (var client = connect()) {
            for (int at = 1; at < whole.length; at++) {
                cut.set(at);
                client.send(query("SELECT 'cut'"));
                assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
            }
        }
    }

    @Test
    void sendsReadsToTheStandbyAndWritesToThePrimary() throws Exception {
        try (var client = connect()) {
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
            client.send(query("INSERT INTO t VALUES (1)"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            client.send(query("SELECT 1"));
            assertThat(row(answers(client, 1))).isEqualTo("standby");
        }
    }

    @Test
    void runsAReadAgainWhoseServerDiesBeforeItAnswers() throws Exception {
        standby.on("SELECT 2", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("SELECT 2"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
            client.send(extended("SELECT 2 "));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void doesNotRunAReadAgainOnceRowsOfItAreOut() throws Exception {
        standby.on("SELECT 3", (wire, message) -> {
            wire.send(standby.rows());
            return false;
        });
        try (var client = connect()) {
            client.send(query("SELECT 3"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("TDEZ");
            assertThat(error(answers).field('C')).isEqualTo("08006");
            assertThat(primary.count("SELECT 3")).isZero();
            client.send(query("SELECT 1"));
            assertThat(types(answers(client, 1))).isEqualTo("TDCZ");
        }
    }

    @Test
    void neverRunsAWriteTwice() throws Exception {
        primary.on("INSERT 4", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("INSERT 4"));
            var answers = answers(client, 1);
            assertThat(error(answers).field('C')).isEqualTo("08007");
            assertThat(primary.count("INSERT 4")).isEqualTo(1);
            client.send(query("INSERT 5"));
            assertThat(row(answers(client, 1))).isEqualTo("primary");
        }
    }

    @Test
    void failsATransactionWhoseServerDies() throws Exception {
        primary.on("BEGIN", (wire, message) -> {
            wire.send(new WireBytes().message('C', "BEGIN").message('Z', 'T'));
            return true;
        });
        primary.on("UPDATE 6", (wire, message) -> false);
        try (var client = connect()) {
            client.send(query("BEGIN"));
            answers(client, 1);
            client.send(query("UPDATE 6"));
            var lost = answers(client, 1);
            assertThat(error(lost).field('C')).isEqualTo("40001");
            assertThat(lost.getLast().body()).containsExactly('E');
            client.send(query("UPDATE 7"));
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("25P02");
            client.send(query("COMMIT"));
            var end = answers(client, 1);
            assertThat(end.getFirst().text(0)).isEqualTo("ROLLBACK");
            assertThat(end.getLast().body()).containsExactly('I');
            assertThat(primary.count("UPDATE 7")).isZero();
        }
    }

    @Test
    void asksThePrimaryWhatAStandbyRefuses() throws Exception {
        standby.on("SELECT 8", (wire, message) -> {
            wire.send(ScriptedServer.error("25006", "cannot execute in a read-only transaction")
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("SELECT 8"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("TDCZ");
            assertThat(row(answers)).isEqualTo("primary");
        }
    }

    @Test
    void passesErrorsNoticesAndStatusesWithAllTheirFields() throws Exception {
        primary.on("UPDATE 9", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('N', 'S', "NOTICE", 'C', "00000", 'M', "look", (char) 0)
                    .message('S', "application_name", "changed")
                    .append(ScriptedServer.error("23505", "duplicate"))
                    .message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("UPDATE 9"));
            var answers = answers(client, 1);
            assertThat(types(answers)).isEqualTo("NSEZ");
            assertThat(error(answers).field('C')).isEqualTo("23505");
            assertThat(error(answers).field('H')).isEqualTo("a hint");
        }
    }

    @Test
    void keepsThePipelineInOrderAfterAnError() throws Exception {
        primary.on("UPDATE 10", (wire, message) -> {
            wire.send(ScriptedServer.error("22012", "division by zero"));
            for (var next = wire.read(); next != null && next.type() != 'S'; next = wire.read()) {}
            wire.send(new WireBytes().message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(extended("UPDATE 11").append(extended("UPDATE 10")).append(extended("UPDATE 12")));
            assertThat(types(answers(client, 3))).isEqualTo("12nDCZEZ12nDCZ");
        }
    }

    @Test
    void endsTheSessionOnlyOfTheClientWhoseServerTalksNonsense() throws Exception {
        primary.on("UPDATE 13", (wire, message) -> {
            wire.send(new byte[] {'!', 0, 0, 0, 4});
            return true;
        });
        try (var client = connect();
                var other = connect()) {
            client.send(query("UPDATE 13"));
            var answers = answers(client, 1);
            assertThat(types(answers)).startsWith("E");
            other.send(query("UPDATE 14"));
            assertThat(row(answers(other, 1))).isEqualTo("primary");
        }
    }

    @Test
    void answersReadsHoweverOftenTheirServersDie() throws Exception {
        try (var client = connect()) {
            for (int i = 0; i < 20; i++) {
                client.send(query("SELECT 15"));
                assertThat(row(answers(client, 1))).isIn("primary", "standby");
                standby.drop();
                primary.drop();
            }
        }
    }

    @Test
    void sendsACancelToTheServerThatRunsTheStatement() throws Exception {
        primary.on("UPDATE 16", (wire, message) -> {
            long end = System.nanoTime() + Duration.ofSeconds(10).toNanos();
            while (primary.cancelled().isEmpty() && System.nanoTime() < end) Thread.onSpinWait();
            wire.send(ScriptedServer.error("57014", "canceling statement due to user request")
                    .message('Z', 'I'));
            return true;
        });
        var port = ((InetSocketAddress) listener.localAddress()).getPort();
        try (var client = new Wire(new Socket("127.0.0.1", port))) {
            client.send(startup());
            Message key = null;
            for (var message = client.read(); message != null && message.type() != 'Z'; message = client.read())
                if (message.type() == 'K') key = message;
            assertThat(key).isNotNull();
            client.send(query("UPDATE 16"));
            while (primary.count("UPDATE 16") == 0) Thread.onSpinWait();
            try (var cancel = new Wire(new Socket("127.0.0.1", port))) {
                var body = java.util.Objects.requireNonNull(key).body();
                cancel.send(ByteBuffer.allocate(8 + body.length)
                        .putInt(8 + body.length)
                        .putInt(1234 << 16 | 5678)
                        .put(body)
                        .array());
                assertThat(cancel.read()).isNull();
            }
            assertThat(error(answers(client, 1)).field('C')).isEqualTo("57014");
            assertThat(standby.cancelled()).isEmpty();
        }
    }

    @Test
    void relaysCopyBothWays() throws Exception {
        primary.on("COPY t FROM", (wire, message) -> {
            wire.send(new WireBytes().message('G', (char) 0, (short) 1, (short) 0));
            int rows = 0;
            for (var next = wire.read(); next != null && next.type() == 'd'; next = wire.read()) rows++;
            wire.send(new WireBytes().message('C', "COPY " + rows).message('Z', 'I'));
            return true;
        });
        standby.on("COPY t TO", (wire, message) -> {
            wire.send(new WireBytes()
                    .message('H', (char) 0, (short) 1, (short) 0)
                    .message('d', "1\n")
                    .message('d', "2\n"));
            wire.send(new WireBytes().message('c').message('C', "COPY 2").message('Z', 'I'));
            return true;
        });
        try (var client = connect()) {
            client.send(query("COPY t FROM STDIN"));
            assertThat(java.util.Objects.requireNonNull(client.read()).type()).isEqualTo('G');
            for (int i = 0; i < 100; i++) client.send(new WireBytes().message('d', "row\n"));
            client.send(new WireBytes().message('c'));
            assertThat(answers(client, 1).getFirst().text(0)).isEqualTo("COPY 100");
            client.send(query("COPY t TO STDOUT"));
            assertThat(types(answers(client, 1))).isEqualTo("HddcCZ");
        }
    }
}
