package org.pgdrover.routing;

import java.sql.SQLException;
import java.time.Duration;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;

/** Reads function volatility from <code>pg_proc</code> of the primary, with a connection of its own that lives for one query. */
final class JdbcFunctionLoader implements FunctionLoader {
    private static final Duration TIMEOUT = Duration.ofSeconds(10);
    /** A type's name can be called like a function, as a cast; it is known as steady unless a function says otherwise. */
    private static final String SQL = """
            SELECT n.nspname, p.proname, p.provolatile = 'v'
              FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
             WHERE p.prokind <> 'p'
            UNION ALL
            SELECT n.nspname, t.typname, false
              FROM pg_catalog.pg_type t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
             WHERE t.typtype IN ('b', 'd', 'e', 'r', 'm') AND t.typelem = 0""";

    private final NodeConnector connector;
    private final TopologySource topology;

    JdbcFunctionLoader(NodeConnector connector, TopologySource topology) {
        this.connector = connector;
        this.topology = topology;
    }

    @Override
    public FunctionNames load(String database) throws SQLException {
        try (var connection = connector.connect(topology.topology().anyServing(), database, TIMEOUT);
                var statement = connection.createStatement();
                var rows = statement.executeQuery(SQL)) {
            var names = new FunctionNames.Builder();
            while (rows.next()) names.add(rows.getString(1), rows.getString(2), rows.getBoolean(3));
            return names.build();
        }
    }
}
