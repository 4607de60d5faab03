package org.pgdrover.routing;

public enum RoutingReason {
    READ,
    WRITE;

    public String label() {
        return name().toLowerCase(java.util.Locale.ROOT);
    }
}
