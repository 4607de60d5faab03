package org.pgdrover.it.exactness;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.ListenTlsConfig;
import org.pgdrover.config.MetricsConfig;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.config.PoolMode;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.server.ProxyServer;
import org.pgdrover.server.embedded.EmbeddedCluster;
import org.pgdrover.server.embedded.EmbeddedNode;

/// A primary, two standbys and the proxy in front of them, all of whom trust everybody on this machine.
final class Rig implements AutoCloseable {
    /// The database that is reached past the proxy.
    static final String DIRECT = "direct";
    /// The database that is reached through the proxy.
    static final String PROXIED = "proxied";
    /// A role that every user of the pools may take.
    static final String OTHER_ROLE = "other";
    /// The role that owns the tables, and of which every user is a member.
    static final String OWNER = "owner";

    private static final long LEFT_NANOS = 1_000_000;

    private static final String ALL_TRUSTED =
            "host all all 127.0.0.1/32 trust\nhost replication all 127.0.0.1/32 trust\n";

    private final EmbeddedCluster cluster;
    private final Path directory;
    private final Map<String, Integer> pools;
    private final Target target;
    private final ProxyServer proxy;

    /// What a proof is held against.
    enum Target {
        PROXY,
        /// PostgreSQL itself, which shows that a proof does not cry wolf.
        POSTGRES
    }

    /// @param pools the size of the pool by user
    /// @param prepare makes the databases; runs before the proxy starts
    Rig(Target target, PoolMode mode, Map<String, Integer> pools, Preparation prepare)
            throws IOException, InterruptedException, SQLException {
        this.target = target;
        this.pools = new TreeMap<>(pools);
        cluster = EmbeddedCluster.start(EmbeddedCluster.Options.DEFAULT);
        directory = Files.createTempDirectory("pgdrover-exactness-");
        try {
            trustEverybody();
            makeUsers();
            prepare.on(primary());
            awaitStandbys();
            proxy = startProxy(mode);
        } catch (IOException | InterruptedException | SQLException | RuntimeException failed) {
            cluster.close();
            throw failed;
        }
    }

    /// Makes what a proof needs in the databases.
    interface Preparation {
        void on(EmbeddedNode primary) throws SQLException;
    }

    private void trustEverybody() throws IOException, SQLException {
        Files.writeString(directory.resolve("pool_hba.conf"), ALL_TRUSTED);
        Files.writeString(directory.resolve("users.txt"), "");
        for (var node : cluster.nodes()) {
            Files.writeString(node.data().resolve("pg_hba.conf"), ALL_TRUSTED);
            node.sql("postgres", "SELECT pg_reload_conf()");
        }
    }

    private void makeUsers() throws SQLException {
        var primary = primary();
        primary.sql("postgres", "CREATE ROLE " + OWNER, "CREATE ROLE " + OTHER_ROLE);
        for (var user : pools.keySet())
            primary.sql(
                    "postgres", "CREATE ROLE " + user + " LOGIN", "GRANT " + OWNER + ", " + OTHER_ROLE + " TO " + user);
        for (var database : new String[] {DIRECT, PROXIED})
            primary.sql("postgres", "CREATE DATABASE " + database + " OWNER " + OWNER);
        primary.sql(
                "postgres",
                "ALTER SYSTEM SET synchronous_standby_names = '2 (*)'",
                "ALTER SYSTEM SET synchronous_commit = 'local'",
                "SELECT pg_reload_conf()");
    }

    private ProxyServer startProxy(PoolMode mode) throws IOException, InterruptedException {
        var users = new HashMap<String, PoolSettings>();
        pools.forEach((user, size) -> users.put(user, settings(mode, size)));
        return ProxyServer.start(
                ProxyConfig.of(cluster.config())
                        .with(new ListenConfig("127.0.0.1", 0, null, 1024, 10_000, ListenTlsConfig.DEFAULT))
                        .with(new AuthConfig(
                                directory.resolve("pool_hba.conf"),
                                directory.resolve("users.txt"),
                                Duration.ofMinutes(5)))
                        .with(new PoolConfig(settings(mode, 8), 0, Map.of(), users, 100))
                        .with(new MetricsConfig("127.0.0.1", 0)),
                ProxyMetrics.NOOP,
                null);
    }

    private static PoolSettings settings(PoolMode mode, int size) {
        // Longer than the patience with a client that holds the last server in COPY and says nothing more.
        return new PoolSettings(mode, size, 0, Duration.ofSeconds(60), Duration.ofMinutes(10), Duration.ofHours(1));
    }

    /// Returns when both standbys show what the primary has committed.
    void awaitStandbys() throws SQLException {
        primary()
                .sql(
                        "postgres",
                        "SET synchronous_commit = remote_apply; SELECT pg_logical_emit_message(true, 'rig', 'applied')");
    }

    /// What a user's server connections are doing, for people who wonder why there is no answer.
    String activity(String user) {
        var shown = new StringBuilder();
        for (var node : cluster.nodes())
            try {
                shown.append(' ').append(node.name()).append(": ").append(node.ask("postgres", """
                        SELECT string_agg(concat_ws(' ', pid, state, wait_event, now() - state_change, left(query, 60)), '; ')
                        FROM pg_stat_activity WHERE datname = 'proxied' AND usename = '""" + user + "'"));
            } catch (SQLException unknown) {
                shown.append(unknown.getMessage());
            }
        return shown.toString();
    }

    EmbeddedNode primary() {
        return cluster.nodes().getFirst();
    }

    Iterable<EmbeddedNode> nodes() {
        return cluster.nodes();
    }

    /// The clients that the proxy does something for.
    int clients() {
        return target == Target.PROXY ? proxy.clients() : 0;
    }

    /// Returns when the proxy does nothing any more for more clients than these; false if that takes longer.
    boolean awaitClients(int most, int millis) {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
        while (clients() > most) {
            if (System.nanoTime() > end) return false;
            LockSupport.parkNanos(LEFT_NANOS);
        }
        return true;
    }

    int directPort() {
        return primary().port();
    }

    int proxyPort() {
        return target == Target.PROXY ? proxy.address().getPort() : directPort();
    }

    /// Copies the servers' logs to where a system property says.
    private void keepLogs() throws IOException {
        var into = System.getProperty("pgdrover.exactness.logs");
        if (into == null) return;
        Files.createDirectories(Path.of(into));
        for (var node : nodes())
            Files.copy(node.log(), Path.of(into, node.name() + ".log"), StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        keepLogs();
        cluster.close();
        Files.deleteIfExists(directory.resolve("pool_hba.conf"));
        Files.deleteIfExists(directory.resolve("users.txt"));
        Files.deleteIfExists(directory);
    }
}
