package org.pgdrover.cluster;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/// The roles and databases of one node, as far as logins depend on them, by fingerprints.
///
/// These are the settings of `ALTER ROLE … SET` and `ALTER DATABASE … SET`, which role and database a
/// name means, and who may log in there.
///
/// @param version changes with anything that sessions may begin with, the configuration files' load time
/// too
/// @param fingerprints of what holds for each scope; a scope for which nothing holds is missing
/// @param knownNanos a session whose login began at this time of the clock or later begins with these
public record RoleSettings(String version, Map<Scope, Long> fingerprints, long knownNanos) {
    /// Nothing is known yet.
    public static final RoleSettings UNKNOWN = new RoleSettings("", Map.of(), 0);

    /// For whom something holds: the empty string is all databases, or all users.
    public record Scope(String database, String user) {}

    public RoleSettings {
        fingerprints = Map.copyOf(fingerprints);
    }

    /// Where a standby's roles and databases are not, or are not known to be, the primary's.
    ///
    /// The standby has not replayed the change yet, or its server connections have not been looked at since.
    public record Difference(RoleSettings standbys, RoleSettings primarys) {
        /// Whether sessions of a user in a database may begin otherwise on the standby.
        public boolean concerns(String database, String user) {
            return !standbys.beginAlike(primarys, database, user);
        }

        static @Nullable Difference between(RoleSettings standbys, RoleSettings primarys) {
            return standbys.fingerprints().equals(primarys.fingerprints()) ? null : new Difference(standbys, primarys);
        }
    }

    /// Whether sessions of a user in a database begin alike under both, or are refused alike.
    public boolean beginAlike(RoleSettings other, String database, String user) {
        return same(other, "", "") && same(other, database, "") && same(other, "", user) && same(other, database, user);
    }

    private boolean same(RoleSettings other, String database, String user) {
        var scope = new Scope(database, user);
        return fingerprints.getOrDefault(scope, 0L).equals(other.fingerprints.getOrDefault(scope, 0L));
    }
}
