package org.pgdrover.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/// The settings of how clients prove who they are.
///
/// @param identFile user name maps; null is none
/// @param timeout from the connection to the end of the login
/// @param scramIterations of verifiers that are derived here, and of what unknown users are shown; at
/// least 1
/// @param clearTextToServers whether a server that asks for the password in clear text gets it without
/// TLS
/// @param ldapCaFile authorities that directories' certificates are checked with; null are those of the
/// Java runtime
public record AuthConfig(
        Path hbaFile,
        Path userList,
        @Nullable Path identFile,
        Duration timeout,
        int scramIterations,
        boolean clearTextToServers,
        LoginLimits limits,
        Query query,
        OAuth oauth,
        @Nullable Path ldapCaFile) {
    public static final AuthConfig DEFAULT =
            new AuthConfig(Path.of("pool_hba.conf"), Path.of("users.txt"), Duration.ofSeconds(30));

    /// All else as by default.
    public AuthConfig(Path hbaFile, Path userList, Duration timeout) {
        this(hbaFile, userList, null, timeout, 4096, false, LoginLimits.DEFAULT, Query.DEFAULT, OAuth.DEFAULT, null);
    }

    /// What strangers may use of us.
    ///
    /// @param maxLogins connections that have not logged in yet, at once
    /// @param maxClientsPerAddress connections of one address, at once; 0 is no limit
    /// @param failureDelay before the first failure of an address is answered; doubled with each further
    /// one
    /// @param maxFailureDelay where the doubling ends
    public record LoginLimits(
            int maxLogins, int maxClientsPerAddress, Duration failureDelay, Duration maxFailureDelay) {
        public static final LoginLimits DEFAULT =
                new LoginLimits(5000, 0, Duration.ofMillis(100), Duration.ofSeconds(10));
    }

    /// Passwords of users whom the user list does not have, read from the cluster.
    ///
    /// @param user null is the proxy's own user, with its password
    /// @param database null is the proxy's own
    /// @param sql gives the password, or user and password, of the user $1; no row if there is none
    /// @param cache how long an answer is remembered
    public record Query(
            boolean enabled,
            @Nullable String user,
            @Nullable String password,
            @Nullable String database,
            String sql,
            Duration cache) {
        public static final Query DEFAULT =
                new Query(false, null, null, null, "SELECT pgdrover.password_of($1)", Duration.ofSeconds(10));

        @Override
        public String toString() {
            return "Query[enabled=" + enabled + ", user=" + user + ", database=" + database + "]";
        }
    }

    /// How bearer tokens are judged.
    ///
    /// @param audience one of which a token must be meant for; empty takes any
    /// @param identityClaim the claim that names the bearer
    /// @param caFile authorities that issuers' certificates are checked with; null are those of the Java
    /// runtime
    public record OAuth(
            List<String> audience,
            String identityClaim,
            @Nullable Path caFile) {
        public static final OAuth DEFAULT = new OAuth(List.of(), "sub", null);

        public OAuth {
            audience = List.copyOf(audience);
        }
    }
}
