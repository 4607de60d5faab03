package org.pgdrover.frontend.replication;

import org.pgdrover.backend.CancelSender;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.frontend.CancelRegistry;
import org.pgdrover.frontend.ClientConnection;
import org.pgdrover.frontend.Phase;
import org.pgdrover.frontend.StartupRequest;

/// The means to join clients that replicate to servers, the same for all.
///
/// @param connector for connections that belong to one client alone
public record Replication(
        TopologySource topology, ServerConnector connector, CancelRegistry cancelKeys, CancelSender cancels) {
    public Phase begin(ClientConnection client, StartupRequest request) {
        return new ReplicationPhase(client, request, this);
    }
}
