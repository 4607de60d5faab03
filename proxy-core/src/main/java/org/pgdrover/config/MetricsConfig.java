package org.pgdrover.config;

/// The address of /metrics and /health. Port 0 serves neither, -1 asks the system for a free port.
public record MetricsConfig(String host, int port) {
    public static final MetricsConfig DEFAULT = new MetricsConfig("127.0.0.1", 9187);
}
