package org.pgdrover.cluster;

/// Hears of changes of the cluster.
@FunctionalInterface
public interface TopologyListener {
    void onTopology(ClusterTopology previous, ClusterTopology current);
}
