package org.pgdrover.config;

import java.time.Duration;

/** How often nodes are probed, how long a probe may take and how many failures in a row mean down. */
public record HealthConfig(Duration interval, Duration timeout, int failures) {
    public static final HealthConfig DEFAULT = new HealthConfig(Duration.ofSeconds(1), Duration.ofSeconds(1), 3);
}
