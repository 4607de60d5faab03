package org.pgdrover.config;

import java.time.Duration;

/// The settings of probes: how often, how long, and how many failures mean that a node is down.
public record HealthConfig(Duration interval, Duration timeout, int failures) {
    public static final HealthConfig DEFAULT = new HealthConfig(Duration.ofSeconds(1), Duration.ofSeconds(1), 3);
}
