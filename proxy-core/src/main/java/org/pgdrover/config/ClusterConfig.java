package org.pgdrover.config;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The nodes, and the proxy's own user, which probes them and carries out a failover.
public record ClusterConfig(
        List<NodeConfig> nodes,
        String user,
        @Nullable String password,
        String database,
        ClusterTlsConfig tls,
        HealthConfig health) {
    public ClusterConfig {
        nodes = List.copyOf(nodes);
    }

    public ClusterConfig(List<NodeConfig> nodes, String user, @Nullable String password, String database) {
        this(nodes, user, password, database, ClusterTlsConfig.DEFAULT, HealthConfig.DEFAULT);
    }

    @Override
    public String toString() {
        return "ClusterConfig[nodes=" + nodes + ", user=" + user + ", password=***, database=" + database + ", tls="
                + tls + ", health=" + health + "]";
    }
}
