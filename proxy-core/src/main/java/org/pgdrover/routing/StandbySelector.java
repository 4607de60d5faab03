package org.pgdrover.routing;

import java.util.concurrent.TimeUnit;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeState;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.config.Consistency;
import org.pgdrover.config.RoutingConfig;

/// Draws a node for reads, by weight, among those that may serve them.
final class StandbySelector {
    /// A session draws again after this long, so that load follows the weights although sessions keep
    /// their standby.
    private static final long REDRAW_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final RoutingConfig config;
    private final TopologySource topology;
    private final long maxLagMillis;
    private final IntUnaryOperator random;

    StandbySelector(RoutingConfig config, TopologySource topology, IntUnaryOperator random) {
        this.random = random;
        this.config = config;
        this.topology = topology;
        this.maxLagMillis = config.maxLag().toMillis();
    }

    /// Whether a session stays with the standby that it read last, rather than drawing again.
    boolean keeps(RoutingSession session, long nanoTime) {
        if (config.consistency() == Consistency.EVENTUAL || config.consistency() == Consistency.BOUNDED) return false;
        return nanoTime - session.drawnNanos() < REDRAW_NANOS;
    }

    boolean isEligible(NodeState state) {
        return state.servesStandbyReads() && state.node().weight() > 0 && state.lagMillis() <= maxLagMillis;
    }

    /// Whether there is a standby that may serve reads if the standby has replayed enough.
    boolean isAnyEligible(ClusterTopology now) {
        var nodes = now.nodes();
        for (int i = 0; i < nodes.size(); i++) if (isEligible(nodes.get(i))) return true;
        return false;
    }

    /// A standby that has replayed the position, or the primary if it takes part and its share comes up;
    /// null if there is none.
    @Nullable
    Node draw(ClusterTopology now, long floor, RoutingSession session) {
        int total = 0;
        var nodes = now.nodes();
        for (int i = 0; i < nodes.size(); i++) total += weight(nodes.get(i), floor, session);
        if (total == 0) return null;
        int ticket = random.applyAsInt(total);
        for (int i = 0; i < nodes.size(); i++) {
            ticket -= weight(nodes.get(i), floor, session);
            if (ticket < 0) return nodes.get(i).node();
        }
        return null;
    }

    private int weight(NodeState state, long floor, RoutingSession session) {
        var node = state.node();
        if (state.role() == Role.PRIMARY) return primarysWeight(node);
        return serves(state, floor, session) ? node.weight() : 0;
    }

    /// Whether a standby may serve a session's reads, and has replayed the position.
    boolean serves(NodeState state, long floor, RoutingSession session) {
        return isEligible(state) && session.beginsAlike(state) && topology.replayLsn(state.node()) >= floor;
    }

    private int primarysWeight(Node node) {
        return switch (config.primaryReads()) {
            case WHEN_NO_STANDBY -> 0;
            case WEIGHTED -> node.weight();
            case ALWAYS -> Math.max(1, node.weight());
        };
    }
}
