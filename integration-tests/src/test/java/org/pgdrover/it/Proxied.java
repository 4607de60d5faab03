package org.pgdrover.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.UnaryOperator;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.MetricsConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.server.ProxyServer;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// A proxy in front of a cluster, with a record of where every statement went.
final class Proxied implements AutoCloseable {
    /// One statement, as the statement log tells it.
    record Ran(String queryClass, String node, String reason, String sql, String sqlState) {}

    private final Path directory;
    private final ProxyServer server;
    private final List<Ran> ran = new CopyOnWriteArrayList<>();

    Proxied(EmbeddedCluster cluster, PoolMode mode) throws IOException, InterruptedException {
        this(cluster.config(), mode);
    }

    Proxied(EmbeddedCluster cluster, PoolMode mode, String hba, UnaryOperator<ProxyConfig> change)
            throws IOException, InterruptedException {
        this(cluster.config(), mode, hba, change);
    }

    Proxied(ClusterConfig cluster, PoolMode mode) throws IOException, InterruptedException {
        this(cluster, mode, "host all all 127.0.0.1/32 scram-sha-256\n", config -> config);
    }

    Proxied(ClusterConfig cluster, PoolMode mode, String hba, UnaryOperator<ProxyConfig> change)
            throws IOException, InterruptedException {
        directory = Files.createTempDirectory("pgdrover-it-");
        Files.writeString(directory.resolve("pool_hba.conf"), hba);
        Files.writeString(
                directory.resolve("users.txt"),
                "\"demo\" \"demo\"\n\"postgres\" \"postgres\"\n\"pgdrover\" \"wrong\"\n");
        try {
            server = ProxyServer.start(
                    change.apply(config(cluster, mode)),
                    ProxyMetrics.NOOP,
                    (client, queryClass, node, reason, nanos, sql, sqlState) ->
                            ran.add(new Ran(queryClass, node, reason, sql, sqlState)));
        } catch (IOException | InterruptedException | RuntimeException refused) {
            removeDirectory(directory);
            throw refused;
        }
    }

    private static void removeDirectory(Path directory) throws IOException {
        Files.deleteIfExists(directory.resolve("pool_hba.conf"));
        Files.deleteIfExists(directory.resolve("users.txt"));
        Files.deleteIfExists(directory);
    }

    private ProxyConfig config(ClusterConfig cluster, PoolMode mode) {
        var pool = new PoolSettings(mode, 10, 0, Duration.ofSeconds(10), Duration.ofMinutes(10), Duration.ofHours(1));
        return ProxyConfig.of(cluster)
                .with(new ListenConfig("127.0.0.1", 0, null, 128, 1000, ListenTlsConfig.DEFAULT))
                .with(new AuthConfig(
                        directory.resolve("pool_hba.conf"), directory.resolve("users.txt"), Duration.ofSeconds(10)))
                .with(new PoolConfig(pool, 0, PoolConfig.DEFAULT.databases(), PoolConfig.DEFAULT.users(), 100))
                .with(new MetricsConfig("127.0.0.1", 0));
    }

    int port() {
        return server.address().getPort();
    }

    ProxyServer server() {
        return server;
    }

    Connection connect(String... options) throws SQLException {
        return connectAs("demo", "demo", options);
    }

    Connection connectAs(String user, String password, String... options) throws SQLException {
        var url = "jdbc:postgresql://127.0.0.1:" + port() + "/demo?user=" + user + "&password=" + password
                + "&socketTimeout=60";
        return DriverManager.getConnection(options.length == 0 ? url : url + "&" + String.join("&", options));
    }

    /// The statements run so far whose text contains this.
    List<Ran> ran(String part) {
        return ran.stream().filter(each -> each.sql().contains(part)).toList();
    }

    /// Where the last statement with this text went; the log may be a moment late.
    Ran last(String part) throws InterruptedException {
        await(() -> !ran(part).isEmpty(), "a statement with " + part);
        return ran(part).getLast();
    }

    static void await(BooleanSupplier condition, String what) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) throw new AssertionError("not within 60 s: " + what);
            TimeUnit.MILLISECONDS.sleep(10);
        }
    }

    static String ask(Connection connection, String sql) throws SQLException {
        try (var statement = connection.createStatement();
                var row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    /// Runs statements as the superuser, past the proxy.
    static void sql(NodeConfig node, String database, String... statements) throws SQLException {
        var url = "jdbc:postgresql://" + node.endpoint() + "/" + database;
        try (var connection = DriverManager.getConnection(url, EmbeddedCluster.SUPERUSER, EmbeddedCluster.SUPERUSER);
                var statement = connection.createStatement()) {
            for (var each : statements) statement.execute(each);
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        removeDirectory(directory);
    }
}
