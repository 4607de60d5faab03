package org.pgdrover.routing;

import java.util.ArrayList;
import java.util.List;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.Endpoint;

/// A cluster of a primary and two standbys whose positions and samples the test sets.
final class TwoStandbys implements TopologySource {
    private record Sample(long startedNanos, long position) {}

    private final List<Node> nodes = new ArrayList<>();
    private final List<Sample> samples = new ArrayList<>();
    private final long[] positions = new long[3];
    private final boolean[] serves = {true, true, true};
    private final long[] lagMillis = new long[3];
    private long term = 1;
    private int primary;
    private int asked;

    TwoStandbys() {
        this(1, 1, 1);
    }

    TwoStandbys(int... weights) {
        for (int i = 0; i < 3; i++)
            nodes.add(new Node(i, "pg" + i, new Endpoint("127.0.0.1", 5432 + i), weights[i], 1));
    }

    Node node(int index) {
        return nodes.get(index);
    }

    int primary() {
        return primary;
    }

    void position(int node, long position) {
        positions[node] = position;
    }

    long position(int node) {
        return positions[node];
    }

    void serves(int node, boolean answers) {
        serves[node] = answers;
    }

    void lag(int node, long millis) {
        lagMillis[node] = millis;
    }

    /// How often somebody has asked for a sample.
    int asked() {
        return asked;
    }

    /// A sample of the primary's position that began at a time.
    void sample(long startedNanos, long position) {
        samples.add(new Sample(startedNanos, position));
    }

    void promote(int node) {
        primary = node;
        term++;
        samples.clear();
    }

    @Override
    public ClusterTopology topology() {
        var states = new ArrayList<NodeState>();
        for (int i = 0; i < 3; i++) {
            var role = i == primary ? Role.PRIMARY : Role.STANDBY;
            states.add(new NodeState(
                    nodes.get(i), serves[i], role, serves[i], 1, positions[i], positions[i], lagMillis[i], 0, null));
        }
        return new ClusterTopology(1, term, states, nodes.get(primary));
    }

    @Override
    public long insertPositionSampledAfter(long nanoTime) {
        asked++;
        long least = -1;
        for (var sample : samples)
            if (sample.startedNanos() - nanoTime > 0 && (least < 0 || sample.position() < least))
                least = sample.position();
        return least;
    }

    @Override
    public void sampleSoon() {}

    @Override
    public long replayLsn(Node node) {
        return positions[node.index()];
    }

    @Override
    public void listen(TopologyListener listener) {
        throw new UnsupportedOperationException();
    }

    @Override
    public void suspect(Node node, String why) {}
}
