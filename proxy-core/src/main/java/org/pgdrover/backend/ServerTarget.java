package org.pgdrover.backend;

import org.pgdrover.config.Endpoint;

/// A server connection's target: a node, and the database and user it is logged in with.
public record ServerTarget(String node, Endpoint endpoint, String database, String user) {
    @Override
    public String toString() {
        return user + "@" + node + "/" + database;
    }
}
