package org.pgdrover.cluster;

import java.util.Map;

/// The settings of `ALTER ROLE … SET` and `ALTER DATABASE … SET` on one node, by fingerprints.
///
/// @param version changes with anything that sessions may begin with, the configuration files' load time
/// too
/// @param fingerprints of what is set for each scope; a scope for which nothing is set is missing
/// @param knownNanos a session whose login began at this time of the clock or later begins with these
public record RoleSettings(String version, Map<Scope, Long> fingerprints, long knownNanos) {
    /// Nothing is known yet.
    public static final RoleSettings UNKNOWN = new RoleSettings("", Map.of(), 0);

    /// For whom something is set: the empty string is all databases, or all users.
    public record Scope(String database, String user) {}

    public RoleSettings {
        fingerprints = Map.copyOf(fingerprints);
    }

    /// Whether sessions of a user in a database begin alike under both.
    public boolean beginAlike(RoleSettings other, String database, String user) {
        return same(other, "", "") && same(other, database, "") && same(other, "", user) && same(other, database, user);
    }

    private boolean same(RoleSettings other, String database, String user) {
        var scope = new Scope(database, user);
        return fingerprints.getOrDefault(scope, 0L).equals(other.fingerprints.getOrDefault(scope, 0L));
    }
}
