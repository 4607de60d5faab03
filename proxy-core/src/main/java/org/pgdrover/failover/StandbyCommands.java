package org.pgdrover.failover;

import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Collection;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.Conninfo;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.NodeConnector;
import org.postgresql.PGConnection;

/// The SQL that changes what a standby is or whom it follows.
final class StandbyCommands {
    private static final Duration POLL = Duration.ofMillis(20);
    private static final String INSUFFICIENT_PRIVILEGE = "42501";
    private static final Duration SILENCE = Duration.ofSeconds(5);

    private final NodeConnector connector;
    private final Duration timeout;
    private final LongSupplier clock;

    StandbyCommands(NodeConnector connector, Duration timeout, LongSupplier clock) {
        this.clock = clock;
        this.connector = connector;
        this.timeout = timeout;
    }

    /// How a promotion ended.
    sealed interface Promotion {
        /// The node writes now; its timeline branched off at this WAL position.
        record Done(long forkLsn) implements Promotion {}

        /// The node has not been told, or said no: it stays a standby.
        record NotBegun(String why) implements Promotion {}

        /// The node was told and is not heard of any more: it may be primary one day.
        record Unknown(String why) implements Promotion {}
    }

    /// Promotes a standby, for as long as that takes: it first replays all that it has received.
    ///
    /// Asked with `wait = false` and then watched, because `pg_promote` itself looks ten times a second
    /// only, and says nothing of a server that dies meanwhile.
    Promotion promote(Node node) throws InterruptedException {
        try (var connection = connector.connect(node, timeout)) {
            if (inRecovery(connection)) {
                var refusal = begin(connection);
                if (refusal != null) return refusal;
            }
        } catch (SQLException e) {
            return new Promotion.NotBegun(String.valueOf(e.getMessage()));
        }
        return await(node);
    }

    private static @Nullable Promotion begin(Connection connection) {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery("SELECT pg_promote(wait => false)")) {
            row.next();
            return row.getBoolean(1) ? null : new Promotion.NotBegun("pg_promote() said false");
        } catch (SQLException e) {
            var state = String.valueOf(e.getSQLState());
            var message = e.getMessage() + remedy(state);
            return state.startsWith("08") ? new Promotion.Unknown(message) : new Promotion.NotBegun(message);
        }
    }

    private static String remedy(String sqlState) {
        var missingRight = sqlState.equals(INSUFFICIENT_PRIVILEGE);
        return missingRight ? "; grant the proxy's user EXECUTE on pg_promote(boolean, integer)" : "";
    }

    private Promotion await(Node node) throws InterruptedException {
        var heard = clock.getAsLong();
        while (true) {
            try (var connection = connector.connect(node, timeout)) {
                while (inRecovery(connection)) {
                    heard = clock.getAsLong();
                    Thread.sleep(POLL);
                }
                return new Promotion.Done(lastReplayed(connection));
            } catch (SQLException e) {
                if (clock.getAsLong() - heard > SILENCE.toNanos())
                    return new Promotion.Unknown(String.valueOf(e.getMessage()));
                Thread.sleep(POLL);
            }
        }
    }

    /// Makes a standby follow another primary, unless it follows a standby that does.
    ///
    /// @param relays standbys that follow the primary
    /// @return what was done, in words
    /// @throws IllegalStateException if the standby's settings do not allow it
    String follow(Node standby, Node primary, Collection<Node> relays) throws SQLException {
        try (var connection = connector.connect(standby, timeout)) {
            var conninfo = setting(connection, "primary_conninfo");
            var slot = setting(connection, "primary_slot_name");
            requireFollower(conninfo, setting(connection, "recovery_target_timeline"));
            var present = Conninfo.parse(conninfo);
            for (var relay : relays) {
                if (present.equals(present.at(relay.endpoint()))) return "it follows " + relay;
            }
            if (!slot.isEmpty()) ensureSlot(primary, slot);
            var wanted = present.at(primary.endpoint());
            if (wanted.equals(present)) return "primary_conninfo names it already";
            execute(connection, "ALTER SYSTEM SET primary_conninfo = " + literal(connection, wanted.format()));
            query(connection, "SELECT pg_reload_conf()");
            return "primary_conninfo changed and reloaded";
        }
    }

    private static void requireFollower(String conninfo, String targetTimeline) {
        if (conninfo.isEmpty())
            throw new IllegalStateException("primary_conninfo: empty (expected: a connection string to edit)");
        if (!targetTimeline.equals("latest"))
            throw new IllegalStateException("recovery_target_timeline: " + targetTimeline
                    + " (expected: latest); set it and restart the standby");
    }

    /// A standby with a slot does not stream from a server that lacks it.
    private void ensureSlot(Node primary, String slot) throws SQLException {
        var sql = """
                SELECT pg_create_physical_replication_slot(?, true)
                 WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = ?)
                """;
        try (var connection = connector.connect(primary, timeout);
                var statement = connection.prepareStatement(sql)) {
            statement.setString(1, slot);
            statement.setString(2, slot);
            statement.executeQuery().close();
        }
    }

    private static boolean inRecovery(Connection connection) throws SQLException {
        return query(connection, "SELECT pg_is_in_recovery()").equals("t");
    }

    /// Still the end of recovery when the server has long been primary.
    private static long lastReplayed(Connection connection) throws SQLException {
        return Long.parseLong(
                query(connection, "SELECT coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0)"));
    }

    private static String setting(Connection connection, String name) throws SQLException {
        return query(connection, "SELECT current_setting('" + name + "')");
    }

    private static String query(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            row.next();
            return row.getString(1);
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static String literal(Connection connection, String value) throws SQLException {
        return "'" + connection.unwrap(PGConnection.class).escapeLiteral(value) + "'";
    }
}
