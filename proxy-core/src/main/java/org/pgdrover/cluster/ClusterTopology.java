package org.pgdrover.cluster;

import java.sql.SQLException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// An immutable picture of the whole cluster; a new one replaces it whenever anything changes.
///
/// @param version grows with each picture
/// @param term grows each time the primary changes to another node; what was leased in an older term is
/// never written to again
/// @param nodes one state per node, at its node's index
/// @param primary the node that takes writes, or null while there is none
public record ClusterTopology(
        long version,
        long term,
        List<NodeState> nodes,
        @Nullable Node primary) {
    public ClusterTopology {
        nodes = List.copyOf(nodes);
    }

    public static ClusterTopology initial(List<Node> nodes) {
        return new ClusterTopology(0, 0, nodes.stream().map(NodeState::unknown).toList(), null);
    }

    public NodeState state(Node node) {
        return nodes.get(node.index());
    }

    /// A node to read the catalog from: the primary, or while there is none a standby that serves.
    ///
    /// @throws SQLException if no node serves
    public Node anyServing() throws SQLException {
        if (primary != null) return primary;
        for (var state : nodes) if (state.servesStandbyReads()) return state.node();
        throw new SQLException("no node of the cluster serves");
    }
}
