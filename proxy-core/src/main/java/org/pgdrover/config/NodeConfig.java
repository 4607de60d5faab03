package org.pgdrover.config;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// One PostgreSQL server of the cluster; its role is discovered, never configured.
///
/// @param weight share of the reads, relative to the other nodes; 0 takes none
/// @param priority breaks ties between equally advanced promotion candidates, higher first; 0 is never
/// promoted
/// @param tlsName the host name that its certificate must have, if that is not the endpoint's; otherwise
/// null
public record NodeConfig(
        String name,
        Endpoint endpoint,
        int weight,
        int priority,
        @Nullable String tlsName) {
    public NodeConfig {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(endpoint, "endpoint");
        if (weight < 0) throw new IllegalArgumentException("weight: " + weight + " (expected: >= 0)");
        if (priority < 0) throw new IllegalArgumentException("priority: " + priority + " (expected: >= 0)");
    }

    public NodeConfig(String name, Endpoint endpoint, int weight, int priority) {
        this(name, endpoint, weight, priority, null);
    }

    public NodeConfig(String name, String host, int port) {
        this(name, new Endpoint(host, port), 1, 100);
    }
}
