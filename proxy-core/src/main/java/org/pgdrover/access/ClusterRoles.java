package org.pgdrover.access;

import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.auth.hba.RoleMemberships;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The memberships of all roles, read from the cluster every few seconds as long as a rule asks for
/// them.
///
/// As in `pg_hba.conf`, a membership counts whether its privileges are inherited or not, and a superuser
/// is a member of nothing by being one.
public final class ClusterRoles implements RoleMemberships, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ClusterRoles.class);
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final long REFRESH_SECONDS = 5;

    private static final String SQL = """
            WITH RECURSIVE held (member, role) AS (
                SELECT oid, oid FROM pg_catalog.pg_roles
                UNION
                SELECT held.member, m.roleid FROM held JOIN pg_catalog.pg_auth_members m ON m.member = held.role)
            SELECT u.rolname, r.rolname
              FROM held JOIN pg_catalog.pg_roles u ON u.oid = member JOIN pg_catalog.pg_roles r ON r.oid = role""";

    private final NodeConnector connector;
    private final TopologySource topology;
    private final BooleanSupplier needed;
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("pgdrover-roles").factory());
    private volatile @Nullable Map<String, Set<String>> roles;

    /// @param needed whether any rule asks for a membership now
    public ClusterRoles(NodeConnector connector, TopologySource topology, BooleanSupplier needed) {
        this.connector = connector;
        this.topology = topology;
        this.needed = needed;
    }

    /// Begins to read.
    public void start() {
        worker.scheduleWithFixedDelay(this::refresh, 0, REFRESH_SECONDS, TimeUnit.SECONDS);
    }

    private void refresh() {
        if (!needed.getAsBoolean()) return;
        try {
            roles = read();
        } catch (SQLException failure) {
            log.atWarn()
                    .addKeyValue("reason", failure.getMessage())
                    .log("role memberships could not be read: what was read before still counts");
        } catch (RuntimeException failure) {
            log.atError().setCause(failure).log("reading role memberships failed");
        }
    }

    private Map<String, Set<String>> read() throws SQLException {
        try (var connection = connector.connect(topology.topology().anyServing(), TIMEOUT);
                var statement = connection.createStatement();
                var rows = statement.executeQuery(SQL)) {
            var read = new HashMap<String, Set<String>>();
            while (rows.next())
                read.computeIfAbsent(rows.getString(1), member -> new HashSet<>())
                        .add(rows.getString(2));
            return read;
        }
    }

    @Override
    public boolean isMember(String user, String role) throws Unknown {
        var known = roles;
        if (known == null)
            throw new Unknown("role memberships have not been read from the cluster yet: try again in a moment");
        return known.getOrDefault(user, Set.of()).contains(role);
    }

    @Override
    public void close() {
        worker.shutdownNow();
    }
}
