package org.pgdrover.listening;

import static org.assertj.core.api.Assertions.assertThat;

import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.nio.NioIoHandler;
import io.netty.channel.socket.nio.NioSocketChannel;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerOptions;
import org.pgdrover.backend.Transport;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.testing.Logins;
import org.pgdrover.testing.ScriptedServer;
import org.pgdrover.testing.Until;
import org.pgdrover.testing.Wire;
import org.pgdrover.testing.WireBytes;
import org.pgdrover.tls.ServerTls;

/// The listeners in front of scripted servers.
@Timeout(60)
class ListenersTest {
    private static final int BACKEND = 4711;

    private final ScriptedServer first = new ScriptedServer("first");
    private final ScriptedServer second = new ScriptedServer("second");
    private final MultiThreadIoEventLoopGroup loops = new MultiThreadIoEventLoopGroup(2, NioIoHandler.newFactory());
    private final Cluster cluster = new Cluster(first, second);
    private final Gauge gauge = new Gauge();
    private volatile @Nullable Wire wire;
    private @Nullable Listeners listeners;

    ListenersTest() throws IOException {}

    /// A cluster whose primary changes when it is told to.
    private static final class Cluster implements TopologySource {
        private final List<Node> nodes = new ArrayList<>();
        private final List<TopologyListener> heard = new CopyOnWriteArrayList<>();
        private volatile ClusterTopology topology;

        Cluster(ScriptedServer... servers) {
            for (var server : servers)
                nodes.add(Node.of(nodes.size(), new NodeConfig("n" + nodes.size(), "127.0.0.1", server.port())));
            topology = withPrimary(0);
        }

        private ClusterTopology withPrimary(int primary) {
            var states = new ArrayList<NodeState>();
            for (int i = 0; i < nodes.size(); i++)
                states.add(new NodeState(
                        nodes.get(i), true, i == primary ? Role.PRIMARY : Role.STANDBY, true, 1, 1, 1, 0, 0, null));
            return new ClusterTopology(1, 1, states, nodes.get(primary));
        }

        void promote(int primary) {
            var before = topology;
            topology = withPrimary(primary);
            for (var each : heard) each.onTopology(before, topology);
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
        public void sampleSoon() {}

        @Override
        public long replayLsn(Node node) {
            return 1;
        }

        @Override
        public void listen(TopologyListener listener) {
            heard.add(listener);
            listener.onTopology(topology, topology);
        }

        @Override
        public void suspect(Node node, String why) {}
    }

    private static final class Gauge implements ProxyMetrics {
        private IntSupplier subscriptions = () -> -1;
        private final AtomicInteger dropped = new AtomicInteger();

        @Override
        public void subscriptions(IntSupplier now) {
            subscriptions = now;
        }

        @Override
        public void notificationDropped() {
            dropped.incrementAndGet();
        }
    }

    /// A client, with what has come for it.
    private final class Client {
        final List<Arrival> arrivals = new CopyOnWriteArrayList<>();
        final Subscription subscription = listeners().begin("db", "me", loops.next(), arrivals::addAll);

        void want(String channel) {
            var ready = new Arrival.Ready(channel, subscription.want(channel));
            Until.isTrue(() -> arrivals.contains(ready));
        }

        List<String> heard() {
            var all = new ArrayList<String>();
            for (var each : arrivals)
                if (each instanceof Arrival.Notified(var frame, var _, var channel))
                    all.add(channel + " " + (frame.length - 5 - 4 - channel.length() - 2));
            return all;
        }

        boolean has(Class<? extends Arrival> kind) {
            return arrivals.stream().anyMatch(kind::isInstance);
        }
    }

    @BeforeEach
    void start() {
        for (var server : List.of(first, second))
            server.on("LISTEN pgdrover_", (connection, _) -> {
                wire = connection;
                connection.send(new WireBytes().message('C', "LISTEN").message('Z', 'I'));
                return true;
            });
        var connector = new ServerConnector(
                new Transport(NioSocketChannel::new),
                () -> ServerTls.DISABLED,
                new ServerOptions(Logins.withoutPasswords(), 10, System::nanoTime));
        listeners = new Listeners(cluster, connector, gauge, new Random());
    }

    @AfterEach
    void stop() throws Exception {
        listeners().close();
        first.close();
        second.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).await(5, TimeUnit.SECONDS);
    }

    private Listeners listeners() {
        if (listeners == null) throw new IllegalStateException("not started");
        return listeners;
    }

    private void send(String channel, String payload) throws IOException {
        var to = wire;
        if (to == null) throw new IOException("nobody listens");
        to.send(new WireBytes().message('A', BACKEND, channel, payload));
    }

    /// What the server passes on when a statement of the listeners' own is committed.
    private void commit(String statement) throws IOException {
        var channel = statement.substring("NOTIFY ".length(), statement.indexOf(','));
        send(channel, statement.substring(statement.indexOf('\'') + 1, statement.length() - 1));
    }

    @Test
    void tellsEachClientWhatStandsBehindItsMarker() throws Exception {
        var one = new Client();
        var other = new Client();
        one.want("a");
        other.want("a");

        send("a", "");
        commit(one.subscription.toSubscribe("a"));
        send("a", "1");
        commit(other.subscription.toSubscribe("a"));
        send("a", "22");
        commit(one.subscription.toUnsubscribe(null));
        send("a", "333");
        commit(one.subscription.toEnd());

        Until.isTrue(() -> one.has(Arrival.Marked.class));
        Until.isTrue(() -> other.heard().size() == 2);
        assertThat(one.heard()).containsExactly("a 1", "a 2");
        assertThat(other.heard()).containsExactly("a 2", "a 3");
        assertThat(one.arrivals).contains(new Arrival.Marked(one.subscription.lastNumber(), BACKEND, false));
        assertThat(first.logins()).isOne();
        assertThat(gauge.subscriptions.getAsInt()).isOne();
    }

    @Test
    void takesNoMarkerTwice() throws Exception {
        var client = new Client();
        client.want("a");
        var subscribe = client.subscription.toSubscribe("a");
        var unsubscribe = client.subscription.toUnsubscribe("a");
        commit(subscribe);
        commit(unsubscribe);
        commit(subscribe);
        send("a", "1");
        commit(client.subscription.toEnd());
        Until.isTrue(() -> client.has(Arrival.Marked.class));
        assertThat(client.heard()).isEmpty();
    }

    @Test
    void listensToNothingThatNobodyWants() {
        var client = new Client();
        client.want("a");
        client.subscription.wantNothing();
        Until.isTrue(() -> first.count("UNLISTEN \"a\"") == 1);
        client.want("a");
        client.subscription.leave();
        Until.isTrue(() -> first.count("UNLISTEN \"a\"") == 2);
    }

    @Test
    void listensAgainOnANewPrimary() throws Exception {
        var client = new Client();
        client.want("a");
        client.subscription.subscribe("a");
        Until.isTrue(() -> client.has(Arrival.Changed.class));

        cluster.promote(1);

        Until.isTrue(() -> client.has(Arrival.Resumed.class));
        assertThat(client.arrivals).contains(new Arrival.Interrupted());
        assertThat(second.count("LISTEN \"a\"")).isOne();
        send("a", "1");
        Until.isTrue(() -> client.heard().equals(List.of("a 1")));
    }

    @Test
    void listensAgainWhenItsConnectionIsLost() throws Exception {
        var client = new Client();
        client.want("a");
        client.subscription.subscribe("a");
        Until.isTrue(() -> client.has(Arrival.Changed.class));
        first.drop();
        Until.isTrue(() -> client.has(Arrival.Resumed.class));
        assertThat(first.count("LISTEN \"a\"")).isEqualTo(2);
    }

    @Test
    void tellsNothingMoreToAClientForWhomTooMuchWaits() throws Exception {
        var deaf = new Client();
        var client = new Client();
        for (var each : List.of(deaf, client)) {
            each.want("a");
            each.subscription.subscribe("a");
            Until.isTrue(() -> each.has(Arrival.Changed.class));
        }
        var payload = "x".repeat(7_900);
        int sent = 0;
        while (!deaf.has(Arrival.Overflown.class)) {
            int wanted = ++sent;
            send("a", payload);
            Until.isTrue(() -> client.heard().size() == wanted);
            client.subscription.taken(payload.length() + 5 + 4 + 2 + 1);
        }
        assertThat(sent).isBetween(900, 1_100);
        assertThat(gauge.dropped).hasValue(1);
        assertThat(gauge.subscriptions.getAsInt()).isOne();
    }
}
