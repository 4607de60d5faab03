package org.pgdrover.failover;

import org.pgdrover.backend.CloseReason;
import org.pgdrover.cluster.ClusterTopology;
import org.pgdrover.cluster.Role;
import org.pgdrover.cluster.TopologyListener;
import org.pgdrover.pool.PoolRegistry;

/// Closes every connection to a node that must not be used any more. Such a node went down, or was the
/// primary and is not any longer.
public final class NodeEviction implements TopologyListener {
    private final PoolRegistry pools;

    public NodeEviction(PoolRegistry pools) {
        this.pools = pools;
    }

    @Override
    public void onTopology(ClusterTopology previous, ClusterTopology current) {
        for (var now : current.nodes()) {
            var before = previous.state(now.node());
            boolean wentDown = before.up() && !now.up();
            boolean demoted = before.role() == Role.PRIMARY && now.role() != Role.PRIMARY;
            if (wentDown || demoted) pools.evict(now.node().name(), CloseReason.NODE_LOST);
        }
    }
}
