package org.pgdrover.routing;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;

/// Reads catalogs from a serving node, with a connection of its own that lives for one reading.
final class JdbcCatalogLoader implements CatalogLoader {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    private static final int ROWS_AT_ONCE = 1_000;

    /// What takes one row of a query.
    @FunctionalInterface
    private interface RowReader {
        void read(ResultSet row) throws SQLException;
    }

    /// Where a connection to a database comes from.
    @FunctionalInterface
    interface Dialer {
        Connection connect(String database) throws SQLException;
    }

    private final Dialer dialer;
    /// The last catalog read, which the next one shares what it can with.
    private volatile DatabaseCatalog last = DatabaseCatalog.NONE;

    JdbcCatalogLoader(NodeConnector connector, TopologySource topology) {
        this(database -> connector.connect(topology.topology().anyServing(), database, TIMEOUT));
    }

    JdbcCatalogLoader(Dialer dialer) {
        this.dialer = dialer;
    }

    @Override
    public DatabaseCatalog load(String database) throws SQLException {
        try (var connection = dialer.connect(database)) {
            connection.setReadOnly(true);
            connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
            connection.setAutoCommit(false);
            var catalog = read(connection);
            last = catalog;
            return catalog;
        }
    }

    private DatabaseCatalog read(Connection connection) throws SQLException {
        var reader = new CatalogReader();
        read(connection, CatalogQueries.FUNCTIONS, reader::function);
        read(connection, CatalogQueries.TYPES, reader::type);
        read(connection, CatalogQueries.RELATIONS, reader::relation);
        read(connection, CatalogQueries.TREES, reader::tree);
        read(connection, CatalogQueries.FOLLOWERS, reader::follower);
        read(connection, CatalogQueries.HIDDEN, reader::hidden);
        return reader.conclude(last);
    }

    private static void read(Connection connection, String sql, RowReader reader) throws SQLException {
        try (var statement = connection.createStatement()) {
            statement.setFetchSize(ROWS_AT_ONCE);
            try (var rows = statement.executeQuery(sql)) {
                while (rows.next()) reader.read(rows);
            }
        }
    }
}
