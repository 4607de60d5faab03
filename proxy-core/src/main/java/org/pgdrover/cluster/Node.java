package org.pgdrover.cluster;

import org.pgdrover.config.Endpoint;
import org.pgdrover.config.NodeConfig;

/// One PostgreSQL server of the cluster.
///
/// @param index position in the node list, from 0; stable while the proxy runs
public record Node(int index, String name, Endpoint endpoint, int weight, int priority) {
    public static Node of(int index, NodeConfig config) {
        return new Node(index, config.name(), config.endpoint(), config.weight(), config.priority());
    }

    @Override
    public String toString() {
        return name;
    }
}
