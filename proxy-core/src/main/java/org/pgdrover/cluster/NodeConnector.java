package org.pgdrover.cluster;

import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Locale;
import java.util.Properties;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.TlsMode;
import org.pgdrover.tls.ServerTls;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/// Opens JDBC connections to nodes as the proxy's own user. They are for the control plane alone; client
/// traffic never comes this way.
public final class NodeConnector {
    private final ClusterConfig config;
    private final Supplier<ServerTls> tls;
    private final String user;
    private final @Nullable String password;

    /// As the proxy's own user.
    ///
    /// @param tls in force now
    public NodeConnector(ClusterConfig config, Supplier<ServerTls> tls) {
        this(config, tls, config.user(), config.password());
    }

    /// As another user.
    public NodeConnector(ClusterConfig config, Supplier<ServerTls> tls, String user, @Nullable String password) {
        this.config = config;
        this.tls = tls;
        this.user = user;
        this.password = password;
    }

    /// Connects and logs in, or fails; neither this nor any later statement waits for one answer longer
    /// than the timeout.
    public Connection connect(Node node, Duration timeout) throws SQLException {
        return connect(node, config.database(), timeout);
    }

    /// The same in another database than the proxy's own.
    public Connection connect(Node node, String database, Duration timeout) throws SQLException {
        var url = "jdbc:postgresql:" + URLEncoder.encode(database, StandardCharsets.UTF_8);
        var connection = dial(url, node, timeout);
        try {
            connection.setNetworkTimeout(Runnable::run, millis(timeout));
            return connection;
        } catch (SQLException e) {
            connection.close();
            throw e;
        }
    }

    private Connection dial(String url, Node node, Duration timeout) throws SQLException {
        var now = tls.get();
        var properties = properties(node, timeout);
        tls(properties, now);
        if (now.mode() == TlsMode.DISABLE) return drive(url, properties);
        return NodeSockets.using(now.sockets(node.endpoint()), () -> drive(url, properties));
    }

    private static Connection drive(String url, Properties properties) throws SQLException {
        var connection = new Driver().connect(url, properties);
        if (connection == null) throw new SQLException("the JDBC driver does not take its own URL");
        return connection;
    }

    private Properties properties(Node node, Duration timeout) {
        var properties = new Properties();
        PGProperty.PG_HOST.set(properties, node.endpoint().host());
        PGProperty.PG_PORT.set(properties, node.endpoint().port());
        PGProperty.USER.set(properties, user);
        set(properties, PGProperty.PASSWORD, password);
        PGProperty.APPLICATION_NAME.set(properties, "pgdrover");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "12");
        // Functions are called by a privileged user: none but PostgreSQL's own may be found.
        PGProperty.OPTIONS.set(properties, "-c search_path=pg_catalog");
        PGProperty.GSS_ENC_MODE.set(properties, "disable");
        PGProperty.TCP_KEEP_ALIVE.set(properties, true);
        timeouts(properties, timeout);
        return properties;
    }

    /// The socket's own timeouts take whole seconds; the login as a whole has the exact one, and each
    /// statement after it as well.
    private static void timeouts(Properties properties, Duration timeout) {
        PGProperty.LOGIN_TIMEOUT.set(properties, Double.toString(millis(timeout) / 1000.0));
        var seconds = Math.ceilDiv(millis(timeout), 1000);
        PGProperty.CONNECT_TIMEOUT.set(properties, seconds);
        PGProperty.SOCKET_TIMEOUT.set(properties, seconds);
    }

    /// The factory checks certificates and, in verify-full, the name; the driver's own check would not
    /// know of tls-name.
    private static void tls(Properties properties, ServerTls tls) {
        var mode = tls.mode() == TlsMode.VERIFY_FULL ? TlsMode.VERIFY_CA : tls.mode();
        PGProperty.SSL_MODE.set(properties, mode.name().toLowerCase(Locale.ROOT).replace('_', '-'));
        PGProperty.SSL_NEGOTIATION.set(properties, tls.isDirect() ? "direct" : "postgres");
        PGProperty.SSL_FACTORY.set(properties, NodeSockets.class.getName());
    }

    private static void set(Properties properties, PGProperty property, @Nullable String value) {
        if (value != null) property.set(properties, value);
    }

    private static int millis(Duration timeout) {
        return (int) Math.clamp(timeout.toMillis(), 1, Integer.MAX_VALUE);
    }
}
