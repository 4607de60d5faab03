package org.pgdrover.cluster;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.function.LongSupplier;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.metrics.ProxyMetrics;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Watches every node and publishes the picture of the cluster.
///
/// One [NodeWatch] per node asks; one thread, the monitor's, draws each picture and calls the listeners.
/// Readers are anywhere and pay one volatile read.
public final class HealthMonitor implements TopologySource, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HealthMonitor.class);

    private final NodeConnector connector;
    private final LongSupplier clock;
    private final List<Node> nodes;
    private final List<NodeWatch> watches;
    private final AtomicLongArray replayed;
    private final WalSampleLog samples = new WalSampleLog();
    private final SampleDemand demand;
    private final LinkedBlockingQueue<Runnable> news = new LinkedBlockingQueue<>();
    private final CountDownLatch firstRound;
    private final Thread thread;
    private volatile List<NodeHealth> healths;
    private volatile ClusterTopology topology;

    // Confined to the monitor's thread.
    private Leadership leadership = Leadership.NONE;
    private Set<String> refusals = Set.of();
    private final List<TopologyListener> listeners = new ArrayList<>();

    /// @param clock nanoseconds, the same as the pools'
    public HealthMonitor(ClusterConfig config, NodeConnector connector, ProxyMetrics metrics, LongSupplier clock) {
        this.connector = connector;
        this.clock = clock;
        var list = new ArrayList<Node>();
        for (var each : config.nodes()) list.add(Node.of(list.size(), each));
        nodes = List.copyOf(list);
        replayed = new AtomicLongArray(nodes.size());
        healths = nodes.stream().map(NodeHealth::unknown).toList();
        topology = ClusterTopology.initial(nodes);
        firstRound = new CountDownLatch(nodes.size());
        var observer = new WatchObserver();
        watches = nodes.stream()
                .map(node -> new NodeWatch(node, connector, config.health(), observer, clock))
                .toList();
        demand = new SampleDemand(() -> watches.forEach(NodeWatch::wake), clock);
        thread = Thread.ofPlatform().name("topology").daemon().unstarted(this::run);
        for (var node : nodes) register(node, metrics);
    }

    /// The way to the nodes that the probes take.
    public NodeConnector connector() {
        return connector;
    }

    /// The clock that all of its times are of, in nanoseconds.
    public LongSupplier clock() {
        return clock;
    }

    /// Starts to probe.
    public void start() {
        thread.start();
        watches.forEach(NodeWatch::start);
    }

    /// Waits until each node has answered or failed once; false if that took too long.
    public boolean awaitFirstRound(Duration limit) throws InterruptedException {
        return firstRound.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    public List<Node> nodes() {
        return nodes;
    }

    @Override
    public ClusterTopology topology() {
        return topology;
    }

    @Override
    public long insertPositionSampledAfter(long nanoTime) {
        demand.ask();
        var position = samples.current().startedAfter(nanoTime);
        if (position > 0) demand.handOut(position);
        return position;
    }

    @Override
    public void sampleSoon() {
        watches.forEach(NodeWatch::hurry);
    }

    @Override
    public long replayLsn(Node node) {
        return replayed.get(node.index());
    }

    /// The newest known WAL insert position of the primary, or of the last one while there is none; 0 if
    /// unknown.
    public long lastInsertPosition() {
        return samples.current().newest();
    }

    /// What the probes of a node have shown; as new as the topology.
    public NodeHealth health(Node node) {
        return healths.get(node.index());
    }

    @Override
    public void listen(TopologyListener listener) {
        news.add(() -> {
            listeners.add(listener);
            tell(listener, topology, topology);
        });
    }

    @Override
    public void suspect(Node node, String why) {
        log.atDebug().addKeyValue("node", node).addKeyValue("reason", why).log("traffic saw a node fail");
        watches.get(node.index()).request();
    }

    /// What sessions on a node begin with, as its last probe has seen it; as new as the topology.
    public RoleSettings roleSettings(Node node) {
        var report = health(node).report();
        return report == null ? RoleSettings.UNKNOWN : report.roleSettings();
    }

    /// Probes the primary once more, if there is one; done when the answer, or the failure, is part of
    /// the topology.
    public CompletableFuture<?> refreshPrimary() {
        var primary = topology.primary();
        return primary == null ? CompletableFuture.completedFuture(null) : refresh(primary);
    }

    /// Probes a node once more; done when the answer, or the failure, is part of the topology.
    public CompletableFuture<NodeHealth> refresh(Node node) {
        return watches.get(node.index()).refresh();
    }

    /// From now on nobody who writes this timeline or a lower one is taken for primary; 0 lifts that.
    /// Done when it holds, with the topology that it made.
    public CompletableFuture<ClusterTopology> fenceThrough(int timeline) {
        var done = new CompletableFuture<ClusterTopology>();
        news.add(() -> {
            leadership = leadership.fencedThrough(timeline);
            publish();
            done.complete(topology);
        });
        return done;
    }

    @Override
    public void close() {
        watches.forEach(NodeWatch::close);
        thread.interrupt();
    }

    private void register(Node node, ProxyMetrics metrics) {
        metrics.node(
                node.name(),
                () -> topology.state(node).up() ? 1 : 0,
                () -> node.equals(topology.primary()) ? 1 : 0,
                () -> topology.state(node).lagBytes(),
                () -> topology.state(node).lagMillis());
    }

    private void run() {
        try {
            while (true) news.take().run();
        } catch (InterruptedException _) {
            // Closed.
        }
    }

    private void accept(NodeHealth health, List<CompletableFuture<NodeHealth>> waiting) {
        var before = healths.get(health.node().index());
        var changed = new ArrayList<>(healths);
        changed.set(health.node().index(), health);
        healths = List.copyOf(changed);
        logChange(before, health);
        publish();
        if (!before.observed()) firstRound.countDown();
        waiting.forEach(each -> each.complete(health));
    }

    private void publish() {
        var previous = topology;
        var election = elect();
        var winner = election.primary();
        var newTerm = winner != null
                && (!winner.equals(leadership.owner()) || election.next().timeline() != leadership.timeline());
        leadership = election.next();
        if (winner != null && newTerm) lead(winner);
        var view = new ClusterView(leadership, samples.current());
        topology = view.next(previous, healths, winner, newTerm);
        logRefusals(Set.copyOf(election.refusals()));
        for (var each : listeners) tell(each, previous, topology);
    }

    /// Nobody is primary before all nodes have been asked: another one may have the better claim.
    private Leadership.Election elect() {
        var complete = healths.stream().allMatch(NodeHealth::observed);
        return complete ? leadership.elect(healths) : new Leadership.Election(leadership, null, List.of());
    }

    private void lead(Node primary) {
        samples.startOver(primary);
        demand.startOver();
        var report = health(primary).report();
        if (report != null) samples.add(primary, report.startedNanos(), report.insertLsn());
        log.atInfo()
                .addKeyValue("node", primary)
                .addKeyValue("timeline", leadership.timeline())
                .log("primary found");
    }

    private static void tell(TopologyListener listener, ClusterTopology previous, ClusterTopology current) {
        try {
            listener.onTopology(previous, current);
        } catch (RuntimeException e) {
            log.atError().setCause(e).log("a listener of the topology failed");
        }
    }

    private void logChange(NodeHealth before, NodeHealth now) {
        if (now.up() && !before.up())
            log.atInfo().addKeyValue("node", now.node()).log("node is up");
        if (now.failure() == null) return;
        var event = before.up() && !now.up() || now.failures() == 1 ? log.atWarn() : log.atDebug();
        event.addKeyValue("node", now.node())
                .addKeyValue("up", now.up())
                .addKeyValue("kind", now.failure().kind())
                .addKeyValue("failures", now.failures())
                .addKeyValue("reason", now.failure())
                .log("probe failed");
    }

    private void logRefusals(Set<String> current) {
        var fresh = new HashSet<>(current);
        fresh.removeAll(refusals);
        fresh.forEach(each -> log.atError().log("{}", each));
        refusals = current;
    }

    private long lowestReplayed() {
        var lowest = Long.MAX_VALUE;
        for (var state : topology.nodes()) {
            if (state.servesStandbyReads()) lowest = Math.min(lowest, replayLsn(state.node()));
        }
        return lowest;
    }

    /// Takes what the watches find to where it belongs: positions straight into the shared places,
    /// health to the monitor's thread.
    private final class WatchObserver implements NodeWatch.Observer {
        @Override
        public void onHealth(NodeHealth health, List<CompletableFuture<NodeHealth>> waiting) {
            var report = health.report();
            if (report != null && health.failure() == null)
                take(health.node(), report.startedNanos(), report.inRecovery(), report.replayLsn());
            news.add(() -> accept(health, waiting));
        }

        @Override
        public void onSample(Node node, WalSample sample) {
            take(node, sample.startedNanos(), sample.inRecovery(), sample.lsn());
        }

        @Override
        public boolean wantsSamples() {
            return demand.isPresent(lowestReplayed());
        }

        private void take(Node node, long startedNanos, boolean inRecovery, long lsn) {
            replayed.set(node.index(), lsn);
            if (!inRecovery) samples.add(node, startedNanos, lsn);
        }
    }
}
