package org.pgdrover.server.cli;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.config.FailoverMode;
import org.pgdrover.tls.ServerTls;

/// Asks each node whether the proxy could work with it, and collects a line a finding, with its remedy.
final class NodeCheck {
    private static final Duration TIMEOUT = Duration.ofSeconds(5);

    private final ClusterConfig cluster;
    private final NodeConnector connector;
    private final boolean willPromote;
    private final List<String> lines = new ArrayList<>();
    private final Set<String> identifiers = new HashSet<>();
    private int primaries;
    private int reached;
    private boolean failed;

    NodeCheck(ClusterConfig cluster, FailoverConfig failover, ServerTls tls) {
        this.cluster = cluster;
        this.connector = new NodeConnector(cluster, () -> tls);
        this.willPromote = failover.mode() == FailoverMode.AUTOMATIC;
    }

    List<String> lines() {
        return lines;
    }

    /// Whether anything was found that will not work.
    boolean failed() {
        return failed;
    }

    void run() {
        for (int i = 0; i < cluster.nodes().size(); i++)
            check(Node.of(i, cluster.nodes().get(i)));
        if (identifiers.size() > 1)
            wrong(
                    "cluster",
                    "the nodes have " + identifiers.size() + " different system identifiers",
                    "list only copies of one cluster in cluster.nodes");
        if (reached > 0 && primaries != 1)
            wrong(
                    "cluster",
                    primaries + " primaries (expected: 1)",
                    primaries == 0 ? "promote one of the standbys" : "stop all but one, and make them standbys anew");
    }

    private void ok(String where, String what) {
        lines.add("ok    " + where + ": " + what);
    }

    private void warn(String where, String what, String remedy) {
        lines.add("warn  " + where + ": " + what + "; " + remedy);
    }

    private void wrong(String where, String what, String remedy) {
        failed = true;
        lines.add("FAIL  " + where + ": " + what + "; " + remedy);
    }

    private void check(Node node) {
        try (var connection = connector.connect(node, TIMEOUT)) {
            reached++;
            check(node.name(), connection);
        } catch (SQLException failure) {
            wrong(
                    node.name(),
                    "cannot log in to " + node.endpoint() + " as " + cluster.user() + ": " + failure.getMessage(),
                    remedy(Objects.toString(failure.getSQLState(), "")));
        }
    }

    private static String remedy(String sqlState) {
        if (sqlState.startsWith("28"))
            return "check cluster.user, cluster.password and that the node's pg_hba.conf lets the proxy in";
        if (sqlState.equals("3D000")) return "check cluster.database";
        return "check host and port, that the server runs, listen_addresses and the firewall";
    }

    private void check(String name, Connection connection) throws SQLException {
        identifiers.add(ask(connection, "SELECT system_identifier FROM pg_control_system()"));
        boolean standby = isTrue(connection, "SELECT pg_is_in_recovery()");
        if (!standby) primaries++;
        ok(name, "PostgreSQL " + ask(connection, "SHOW server_version") + ", " + (standby ? "standby" : "primary"));
        if (standby) standby(name, connection);
        settings(name, connection);
        rights(name, connection);
    }

    private void standby(String name, Connection connection) throws SQLException {
        var status = ask(connection, "SELECT coalesce(max(status), 'none') FROM pg_stat_wal_receiver");
        if (status.equals("streaming") || status.isEmpty()) ok(name, "its WAL receiver streams");
        else
            wrong(
                    name,
                    "its WAL receiver does not stream (" + status + ")",
                    "check primary_conninfo and the server log; until it streams it gets no reads");
        var target = ask(connection, "SHOW recovery_target_timeline");
        if (!target.equals("latest"))
            wrong(
                    name,
                    "recovery_target_timeline = " + target + " (expected: latest)",
                    "it cannot follow a promoted standby: ALTER SYSTEM RESET recovery_target_timeline, and restart");
        if (!ask(connection, "SHOW recovery_min_apply_delay").equals("0"))
            warn(
                    name,
                    "recovery_min_apply_delay is set",
                    "it will lag on purpose; give it weight = 0 and priority = 0");
    }

    private void settings(String name, Connection connection) throws SQLException {
        var level = ask(connection, "SHOW wal_level");
        if (level.equals("minimal"))
            wrong(name, "wal_level = minimal (expected: replica or logical)", "set it and restart");
        if (Integer.parseInt(ask(connection, "SHOW max_wal_senders"))
                < cluster.nodes().size())
            warn(
                    name,
                    "max_wal_senders = " + ask(connection, "SHOW max_wal_senders"),
                    "as a primary it must serve every standby: set at least "
                            + cluster.nodes().size() + " and restart");
        if (ask(connection, "SHOW hot_standby").equals("off"))
            wrong(name, "hot_standby = off (expected: on)", "a standby would take no reads: set it and restart");
        if (ask(connection, "SHOW wal_log_hints").equals("off")
                && ask(connection, "SHOW data_checksums").equals("off"))
            warn(
                    name,
                    "wal_log_hints = off and no data checksums",
                    "an old primary cannot rejoin by pg_rewind: set wal_log_hints = on and restart");
    }

    private void rights(String name, Connection connection) throws SQLException {
        if (isTrue(connection, "SELECT rolsuper FROM pg_roles WHERE rolname = current_user")) {
            ok(name, "user " + cluster.user() + " is a superuser");
            return;
        }
        if (!isTrue(connection, "SELECT pg_has_role(current_user, 'pg_monitor', 'MEMBER')"))
            wrong(
                    name,
                    "user " + cluster.user() + " is not a member of pg_monitor",
                    "GRANT pg_monitor TO " + cluster.user());
        if (!willPromote) return;
        if (!isTrue(connection, "SELECT has_function_privilege('pg_promote(boolean, integer)', 'EXECUTE')"))
            wrong(
                    name,
                    "user " + cluster.user() + " may not promote",
                    "GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer) TO " + cluster.user());
        if (!isTrue(connection, "SELECT has_function_privilege('pg_reload_conf()', 'EXECUTE')"))
            wrong(
                    name,
                    "user " + cluster.user() + " may not reload the configuration",
                    "GRANT EXECUTE ON FUNCTION pg_reload_conf() TO " + cluster.user());
        int version = Integer.parseInt(ask(connection, "SHOW server_version_num"));
        if (version < 150_000)
            wrong(
                    name,
                    "user " + cluster.user() + " is not a superuser",
                    "before PostgreSQL 15 only a superuser can re-point standbys: ALTER ROLE " + cluster.user()
                            + " SUPERUSER");
        else if (!isTrue(connection, "SELECT has_parameter_privilege('primary_conninfo', 'ALTER SYSTEM')"))
            wrong(
                    name,
                    "user " + cluster.user() + " may not set primary_conninfo",
                    "GRANT ALTER SYSTEM ON PARAMETER primary_conninfo TO " + cluster.user());
    }

    private static String ask(Connection connection, String query) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(query)) {
            return row.next() ? Objects.toString(row.getString(1), "") : "";
        }
    }

    private static boolean isTrue(Connection connection, String query) throws SQLException {
        return ask(connection, query).equals("t");
    }
}
