package org.pgdrover.cluster;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/// Asks one node what it is and how far it has come, over a connection that it keeps.
///
/// Confined to the thread of its [NodeWatch].
final class NodeProbe implements AutoCloseable {
    /// What logins depend on: what is set, which role or database a name means, and who may log in there.
    private static final String ROLE_SETTINGS = """
            SELECT coalesce(d.datname, '') AS database, coalesce(r.rolname, '') AS role,
                   hashtextextended(s.setconfig::text, 0) AS fingerprint
              FROM pg_db_role_setting s LEFT JOIN pg_database d ON d.oid = s.setdatabase
                   LEFT JOIN pg_roles r ON r.oid = s.setrole
            UNION ALL SELECT '', rolname, oid::bigint FROM pg_roles WHERE rolcanlogin
            UNION ALL SELECT datname, '', hashtextextended(concat_ws(' ', oid, datallowconn,
                   (SELECT string_agg(grantee::text, ' ' ORDER BY grantee)
                      FROM aclexplode(coalesce(datacl, acldefault('d', datdba))) WHERE privilege_type = 'CONNECT')), 0)
              FROM pg_database
            """;

    /// All that a decision may need, in one round trip. The columns that the user may not see are null.
    private static final String REPORT = """
            SELECT n.recovering, s.system_identifier,
                   CASE WHEN n.recovering THEN coalesce(w.received_tli, 0) ELSE
                       ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END,
                   greatest(c.timeline_id, r.min_recovery_end_timeline),
                   CASE WHEN n.recovering THEN 0 ELSE (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint END,
                   coalesce((pg_last_wal_receive_lsn() - '0/0'::pg_lsn)::bigint, 0),
                   coalesce((pg_last_wal_replay_lsn() - '0/0'::pg_lsn)::bigint, 0),
                   coalesce((extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000)::bigint, -1),
                   w.pid, coalesce(w.status, 'streaming'), coalesce(w.sender_host, ''), coalesce(w.sender_port, 0),
                   coalesce(w.conninfo, ''),
                   coalesce((extract(epoch FROM clock_timestamp() - w.last_msg_receipt_time) * 1000)::bigint, -1),
                   (extract(epoch FROM current_setting('wal_receiver_timeout')::interval) * 1000)::bigint,
                   current_setting('synchronous_standby_names'),
                   (SELECT array_agg(DISTINCT application_name::text) FROM pg_stat_replication
                     WHERE sync_state IN ('sync', 'quorum')),
                   (SELECT sum(hashtextextended(database || '/' || role, fingerprint)) FROM (%s) each)
                       || ' ' || pg_conf_load_time()
              FROM (SELECT pg_is_in_recovery() AS recovering) n
              LEFT JOIN pg_stat_wal_receiver w ON true,
                   pg_control_system() s, pg_control_checkpoint() c, pg_control_recovery() r
            """.formatted(ROLE_SETTINGS);

    private static final String SAMPLE = """
            SELECT pg_is_in_recovery(), coalesce((CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                   ELSE pg_current_wal_insert_lsn() END - '0/0'::pg_lsn)::bigint, 0)
            """;

    private static final String GEOMETRY = """
            SELECT current_setting('wal_block_size')::int, pg_size_bytes(current_setting('wal_segment_size'))
            """;

    private final Node node;
    private final NodeConnector connector;
    private final Duration timeout;
    private final LongSupplier clock;
    private @Nullable Session session;
    private int receivedTimeline;
    private RoleSettings roleSettings = RoleSettings.UNKNOWN;

    NodeProbe(Node node, NodeConnector connector, Duration timeout, LongSupplier clock) {
        this.clock = clock;
        this.node = node;
        this.connector = connector;
        this.timeout = timeout;
    }

    /// The prepared statements on the kept connection.
    private record Session(
            Connection connection, PreparedStatement report, PreparedStatement sample, WalGeometry wal) {}

    /// Asks for everything. A kept connection that turns out to have ended is replaced once: its end may
    /// have been the connection's own, and the second try tells.
    NodeReport report() throws SQLException {
        var kept = session != null;
        try {
            return askReport();
        } catch (SQLException e) {
            close();
            if (!kept || ProbeFailure.of(e).kind() != ProbeFailure.Kind.LOST) throw e;
        }
        return askReport();
    }

    /// Asks for the role and the position alone: replayed for a standby, inserted for a primary.
    WalSample sample() throws SQLException {
        try {
            var open = session();
            var started = clock.getAsLong();
            try (var row = only(open.sample())) {
                var recovering = row.getBoolean(1);
                return new WalSample(
                        started,
                        recovering,
                        recovering ? row.getLong(2) : open.wal().recordEnd(row.getLong(2)));
            }
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    boolean connected() {
        return session != null;
    }

    private NodeReport askReport() throws SQLException {
        try {
            var open = session();
            var started = clock.getAsLong();
            try (var row = only(open.report())) {
                return read(row, started, open);
            }
        } catch (SQLException e) {
            close();
            throw e;
        }
    }

    private NodeReport read(ResultSet row, long started, Session open) throws SQLException {
        var recovering = row.getBoolean(1);
        var insert = open.wal().recordEnd(row.getLong(5));
        var replay = recovering ? row.getLong(7) : insert;
        // Received WAL that was there before the WAL receiver started counts as replayed only.
        var receive = recovering ? Math.max(row.getLong(6), replay) : insert;
        return new NodeReport(
                started,
                recovering,
                row.getLong(2),
                timeline(recovering, row.getInt(3), row.getInt(4)),
                insert,
                receive,
                replay,
                row.getLong(8),
                recovering ? receiver(row) : null,
                row.getString(16),
                names(row),
                roleSettings(row.getString(18), open.connection()));
    }

    /// The control file is late to learn of a new timeline, so what the WAL receiver last said counts
    /// too.
    private int timeline(boolean recovering, int current, int inControlFile) {
        if (!recovering) return current;
        if (current > 0) receivedTimeline = current;
        return current > 0 ? current : Math.max(receivedTimeline, inControlFile);
    }

    private static @Nullable WalReceiver receiver(ResultSet row) throws SQLException {
        if (row.getObject(9) == null) return null;
        return new WalReceiver(
                row.getString(10).equals("streaming"),
                row.getString(11),
                row.getInt(12),
                Conninfo.parse(row.getString(13)).applicationName(),
                row.getLong(14),
                row.getLong(15));
    }

    /// Read only when the version has changed, for there may be many.
    private RoleSettings roleSettings(String version, Connection connection) throws SQLException {
        if (version.equals(roleSettings.version())) return roleSettings;
        var fingerprints = new HashMap<RoleSettings.Scope, Long>();
        try (var statement = connection.createStatement();
                var rows = statement.executeQuery(ROLE_SETTINGS)) {
            while (rows.next())
                fingerprints.merge(
                        new RoleSettings.Scope(rows.getString(1), rows.getString(2)), rows.getLong(3), Long::sum);
        }
        roleSettings = new RoleSettings(version, fingerprints, clock.getAsLong());
        return roleSettings;
    }

    private static Set<String> names(ResultSet row) throws SQLException {
        var array = row.getArray(17);
        return array == null ? Set.of() : Set.of((String[]) array.getArray());
    }

    private static ResultSet only(PreparedStatement statement) throws SQLException {
        var rows = statement.executeQuery();
        if (rows.next()) return rows;
        rows.close();
        throw new SQLException("a probe got no row (expected: one)");
    }

    private Session session() throws SQLException {
        if (session != null) return session;
        var connection = connector.connect(node, timeout);
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(GEOMETRY)) {
            row.next();
            var wal = new WalGeometry(row.getInt(1), row.getLong(2));
            session = new Session(
                    connection, connection.prepareStatement(REPORT), connection.prepareStatement(SAMPLE), wal);
            return session;
        } catch (SQLException e) {
            abandon(connection);
            throw e;
        }
    }

    @Override
    public void close() {
        if (session != null) abandon(session.connection());
        session = null;
    }

    /// Not `close()`: that would send a farewell to a node that may hang.
    private static void abandon(Connection connection) {
        try {
            connection.abort(Runnable::run);
        } catch (SQLException _) {
            // It is gone either way.
        }
    }
}
