package org.pgdrover.config;

import java.util.Objects;

/**
 * One PostgreSQL server of the cluster; its role is discovered, never configured.
 *
 * @param weight share of the reads, relative to the other nodes; 0 takes none
 * @param priority breaks ties between equally advanced promotion candidates, higher first; 0 is never promoted
 */
public record NodeConfig(String name, Endpoint endpoint, int weight, int priority) {
    public NodeConfig {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(endpoint, "endpoint");
        if (weight < 0) throw new IllegalArgumentException("weight: " + weight + " (expected: >= 0)");
        if (priority < 0) throw new IllegalArgumentException("priority: " + priority + " (expected: >= 0)");
    }

    public NodeConfig(String name, String host, int port) {
        this(name, new Endpoint(host, port), 1, 100);
    }
}
