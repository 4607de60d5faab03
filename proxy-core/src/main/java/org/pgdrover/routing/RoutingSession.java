package org.pgdrover.routing;

import org.pgdrover.cluster.Node;

public final class RoutingSession {
    boolean pinned;
    long wrote;

    public RoutingSession(String database) {}

    public void pin(String why) {
        pinned = true;
    }

    public void unpin() {
        pinned = false;
    }

    public void wrote(long n) {
        wrote = n;
    }

    public void read(Node node, long n) {}
}
