package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;

/// What the monitor would know of the model's nodes: their roles as it is told, their positions as it
/// samples them.
final class SimulatedTopology implements TopologySource {
    private record Sample(long startedNanos, long position) {}

    private final List<ModelNode> models;
    private final List<Node> nodes;
    private final LongSupplier clock;
    private final List<TopologyListener> listeners = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();
    private final long[] replayed;
    private long term = 1;
    private ClusterTopology topology;

    SimulatedTopology(List<ModelNode> models, List<Node> nodes, LongSupplier clock) {
        this.models = models;
        this.nodes = nodes;
        this.clock = clock;
        this.replayed = new long[nodes.size()];
        this.topology = picture(0);
    }

    private ClusterTopology picture(int primary) {
        var states = new ArrayList<NodeState>();
        for (int i = 0; i < nodes.size(); i++) {
            var role = i == primary ? Role.PRIMARY : Role.STANDBY;
            boolean up = models.get(i).isUp();
            states.add(new NodeState(nodes.get(i), up, up ? role : Role.UNKNOWN, up, 1, 100, 100, 0, 0, null));
        }
        return new ClusterTopology(clock.getAsLong(), term, states, primary < 0 ? null : nodes.get(primary));
    }

    /// Asks every node for its position.
    void sample() {
        for (int i = 0; i < nodes.size(); i++) {
            if (!models.get(i).isUp()) continue;
            replayed[i] = models.get(i).position() + 1;
            if (nodes.get(i).equals(topology.primary())) samples.add(new Sample(clock.getAsLong(), replayed[i]));
        }
        if (samples.size() > 64) samples.removeFirst();
    }

    /// @param primary its number; -1 while there is none
    void change(int primary) {
        var before = topology;
        boolean another = primary >= 0 && !nodes.get(primary).equals(before.primary());
        if (another) {
            term++;
            samples.clear();
        }
        topology = picture(primary);
        for (var listener : listeners) listener.onTopology(before, topology);
    }

    @Nullable
    ModelNode primary() {
        var primary = topology.primary();
        return primary == null ? null : models.get(primary.index());
    }

    @Override
    public ClusterTopology topology() {
        return topology;
    }

    @Override
    public long insertPositionSampledAfter(long nanoTime) {
        for (var sample : samples) if (sample.startedNanos() - nanoTime > 0) return sample.position();
        return -1;
    }

    @Override
    public void sampleSoon() {}

    @Override
    public long replayLsn(Node node) {
        return replayed[node.index()];
    }

    @Override
    public void listen(TopologyListener listener) {
        listeners.add(listener);
        listener.onTopology(topology, topology);
    }

    @Override
    public void suspect(Node node, String why) {}
}
