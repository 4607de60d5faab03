package org.pgdrover.cluster;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.TlsConfig;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/** Opens JDBC connections to nodes as the proxy's own user, for the control plane alone; client traffic never comes this way. */
public final class NodeConnector {
    private final ClusterConfig config;

    public NodeConnector(ClusterConfig config) {
        this.config = config;
    }

    /** Connects and logs in, or fails; neither this nor any later statement waits for one answer longer than the timeout. */
    public Connection connect(Node node, Duration timeout) throws SQLException {
        return connect(node, config.database(), timeout);
    }

    /** The same in another database than the proxy's own. */
    public Connection connect(Node node, String database, Duration timeout) throws SQLException {
        var url = "jdbc:postgresql:" + URLEncoder.encode(database, StandardCharsets.UTF_8);
        var connection = new Driver().connect(url, properties(node, timeout));
        if (connection == null) throw new SQLException("the JDBC driver does not take its own URL");
        try {
            connection.setNetworkTimeout(Runnable::run, millis(timeout));
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private Properties properties(Node node, Duration timeout) {
        var properties = new Properties();
        PGProperty.PG_HOST.set(properties, node.endpoint().host());
        PGProperty.PG_PORT.set(properties, node.endpoint().port());
        PGProperty.USER.set(properties, config.user());
        set(properties, PGProperty.PASSWORD, config.password());
        PGProperty.APPLICATION_NAME.set(properties, "pgdrover");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "12");
        // Functions are called by a privileged user: none but PostgreSQL's own may be found.
        PGProperty.OPTIONS.set(properties, "-c search_path=pg_catalog");
        PGProperty.GSS_ENC_MODE.set(properties, "disable");
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        timeouts(properties, timeout);
        tls(properties, config.tls());
        return properties;
    }

    /** The socket's own timeouts take whole seconds; the login as a whole has the exact one, and each statement after it as well. */
    private static void timeouts(Properties properties, Duration timeout) {
        PGProperty.LOGIN_TIMEOUT.set(properties, Double.toString(millis(timeout) / 1000.0));
        var seconds = Math.ceilDiv(millis(timeout), 1000);
        PGProperty.CONNECT_TIMEOUT.set(properties, seconds);
        PGProperty.SOCKET_TIMEOUT.set(properties, seconds);
    }

    private static void tls(Properties properties, TlsConfig tls) {
        PGProperty.SSL_MODE.set(
                properties, tls.mode().name().toLowerCase(Locale.ROOT).replace('_', '-'));
        set(properties, PGProperty.SSL_ROOT_CERT, text(tls.caFile()));
        set(properties, PGProperty.SSL_CERT, text(tls.certFile()));
        set(properties, PGProperty.SSL_KEY, text(tls.keyFile()));
    }

    private static void set(Properties properties, PGProperty property, @Nullable String value) {
        if (value != null) property.set(properties, value);
    }

    private static @Nullable String text(@Nullable Path path) {
        return path == null ? null : path.toString();
    }

    private static int millis(Duration timeout) {
        return (int) Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
    }
}
