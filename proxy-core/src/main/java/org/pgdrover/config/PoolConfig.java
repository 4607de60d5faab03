package org.pgdrover.config;

import java.util.Map;

/// Pool limits, with overrides by database and by user; a user's wins over a database's.
///
/// @param maxPerNode most server connections to one node over all pools; 0 is no limit
/// @param statementCache most prepared statements kept on one server connection
public record PoolConfig(
        PoolSettings defaults,
        int maxPerNode,
        Map<String, PoolSettings> databases,
        Map<String, PoolSettings> users,
        int statementCache) {
    public static final PoolConfig DEFAULT = new PoolConfig(PoolSettings.DEFAULT, 0, Map.of(), Map.of(), 500);

    public PoolConfig {
        databases = Map.copyOf(databases);
        users = Map.copyOf(users);
    }

    /// The settings that hold for one database and user.
    public PoolSettings settings(String database, String user) {
        var ofUser = users.get(user);
        if (ofUser != null) return ofUser;
        var ofDatabase = databases.get(database);
        return ofDatabase != null ? ofDatabase : defaults;
    }
}
