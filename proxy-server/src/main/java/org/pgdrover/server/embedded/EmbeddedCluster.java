package org.pgdrover.server.embedded;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.NodeConfig;

/// A real primary with streaming standbys on 127.0.0.1, for the demo and the tests. It lives in a
/// temporary directory that is removed at the end.
public final class EmbeddedCluster implements AutoCloseable {
    /// Name and password of the superuser.
    public static final String SUPERUSER = "postgres";
    /// Name and password of the proxy's own user.
    public static final String PROXY_USER = "pgdrover";
    /// Name of the application's user and of its database, and its password.
    public static final String USER = "demo";

    private static final Set<String> NOT_COPIED =
            Set.of("postmaster.pid", "postmaster.opts", "standby.signal", "pg_replslot", "postgresql.auto.conf");

    private final Path directory;
    private final Account account;
    private final List<EmbeddedNode> nodes = new ArrayList<>();

    /// @param standbys how many, 0 or more
    /// @param postgres major version
    /// @param synchronous whether commits wait for any one standby
    public record Options(int standbys, int postgres, boolean synchronous) {
        public static final Options DEFAULT = new Options(2, PostgresBinaries.BUNDLED, false);
    }

    private EmbeddedCluster(Path directory, Account account) {
        this.directory = directory;
        this.account = account;
    }

    /// Starts all of it, or leaves nothing behind.
    public static EmbeddedCluster start(Options options) throws IOException, InterruptedException, SQLException {
        var account = Account.choose();
        var directory = Files.createTempDirectory("pgdrover-");
        Files.setPosixFilePermissions(directory, PosixFilePermissions.fromString("rwxr-xr-x"));
        if (account == Account.NOBODY) account.own(directory);
        var cluster = new EmbeddedCluster(directory, account);
        try {
            cluster.begin(options);
            return cluster;
        } catch (IOException | InterruptedException | SQLException | RuntimeException failure) {
            cluster.close();
            throw failure;
        }
    }

    private void begin(Options options) throws IOException, InterruptedException, SQLException {
        var binaries = PostgresBinaries.of(options.postgres());
        var ports = freePorts(options.standbys() + 1);
        for (int i = 0; i < ports.size(); i++) {
            var name = "pg" + (i + 1);
            nodes.add(new EmbeddedNode(name, ports.get(i), directory.resolve(name), binaries, account));
        }
        var primary = nodes.getFirst();
        initialize(primary, binaries);
        primary.start();
        populate(primary);
        primary.stop();
        for (var standby : nodes.subList(1, nodes.size())) {
            Directories.copy(primary.data(), standby.data(), EmbeddedCluster::isNotCopied);
            follow(standby, primary);
        }
        for (var node : nodes) node.start();
        if (options.synchronous())
            primary.sql(
                    "postgres", "ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'", "SELECT pg_reload_conf()");
    }

    private static List<Integer> freePorts(int count) throws IOException {
        var sockets = new ArrayList<ServerSocket>();
        try {
            for (int i = 0; i < count; i++) sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
            return sockets.stream().map(ServerSocket::getLocalPort).toList();
        } finally {
            for (var socket : sockets) socket.close();
        }
    }

    private void initialize(EmbeddedNode node, PostgresBinaries binaries) throws IOException, InterruptedException {
        var password = Files.writeString(directory.resolve("password"), SUPERUSER + "\n");
        Files.createDirectory(node.data());
        Files.setPosixFilePermissions(node.data(), PosixFilePermissions.fromString("rwx------"));
        account.own(directory);
        Shell.run(
                account.command(List.of(
                        binaries.program("initdb"),
                        "--pgdata=" + node.data(),
                        "--username=" + SUPERUSER,
                        "--pwfile=" + password,
                        "--auth=scram-sha-256",
                        "--encoding=UTF8",
                        "--locale=C",
                        "--data-checksums",
                        "--no-sync")),
                directory);
        Files.writeString(node.data().resolve("pg_hba.conf"), """
                host all         all 127.0.0.1/32 scram-sha-256
                host replication all 127.0.0.1/32 scram-sha-256
                """);
        Files.writeString(node.data().resolve("postgresql.conf"), """
                listen_addresses = '127.0.0.1'
                unix_socket_directories = ''
                include = 'port.conf'
                wal_level = logical
                hot_standby = on
                hot_standby_feedback = on
                max_wal_senders = 10
                max_replication_slots = 10
                max_prepared_transactions = 20
                max_connections = 200
                wal_keep_size = 256MB
                wal_receiver_status_interval = 1s
                wal_receiver_timeout = 5s
                wal_sender_timeout = 5s
                wal_retrieve_retry_interval = 200ms
                password_encryption = scram-sha-256
                fsync = off
                shared_buffers = 64MB
                # in the data directory, where nothing outlives it: a killed server leaves files in /dev/shm
                dynamic_shared_memory_type = mmap
                max_wal_size = 512MB
                log_line_prefix = '%m [%p] '
                """);
        port(node);
    }

    private static void port(EmbeddedNode node) throws IOException {
        Files.writeString(node.data().resolve("port.conf"), "port = " + node.port() + "\n");
    }

    private static void populate(EmbeddedNode primary) throws SQLException {
        primary.sql(
                "postgres",
                "CREATE ROLE " + PROXY_USER + " SUPERUSER LOGIN PASSWORD '" + PROXY_USER + "'",
                "CREATE ROLE " + USER + " LOGIN PASSWORD '" + USER + "'",
                "CREATE DATABASE " + USER + " OWNER " + USER);
        primary.sql(USER, "SET ROLE " + USER, """
                CREATE TABLE account (
                    id int GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY,
                    owner text NOT NULL,
                    balance numeric(12, 2) NOT NULL DEFAULT 0)
                """, """
                INSERT INTO account (owner, balance)
                SELECT 'customer ' || n, n * 10 FROM generate_series(1, 1000) n
                """, "RESET ROLE", """
                CREATE FUNCTION current_port() RETURNS int STABLE LANGUAGE sql
                AS $$ SELECT setting::int FROM pg_settings WHERE name = 'port' $$
                """, "VACUUM ANALYZE");
    }

    private static boolean isNotCopied(Path file) {
        return NOT_COPIED.contains(file.toString());
    }

    private static void follow(EmbeddedNode standby, EmbeddedNode primary) throws IOException {
        port(standby);
        Files.createDirectories(standby.data().resolve("pg_replslot"));
        Files.setPosixFilePermissions(
                standby.data().resolve("pg_replslot"), PosixFilePermissions.fromString("rwx------"));
        Files.writeString(standby.data().resolve("standby.signal"), "");
        Files.writeString(
                standby.data().resolve("postgresql.auto.conf"),
                "primary_conninfo = 'host=127.0.0.1 port=" + primary.port() + " user=" + SUPERUSER + " password="
                        + SUPERUSER + " application_name=" + standby.name() + "'\n",
                StandardOpenOption.CREATE,
                StandardOpenOption.TRUNCATE_EXISTING);
    }

    public List<EmbeddedNode> nodes() {
        return List.copyOf(nodes);
    }

    /// @throws IllegalArgumentException if there is none of that name
    public EmbeddedNode node(String name) {
        return nodes.stream()
                .filter(node -> node.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("no node \"" + name + "\" (expected: one of "
                        + String.join(
                                ", ", nodes.stream().map(EmbeddedNode::name).toList()) + ")"));
    }

    /// What the proxy needs to know of it.
    public ClusterConfig config() {
        return new ClusterConfig(
                nodes.stream()
                        .map(node -> new NodeConfig(node.name(), "127.0.0.1", node.port()))
                        .toList(),
                PROXY_USER,
                PROXY_USER,
                "postgres");
    }

    /// Makes a stopped node anew from a running primary, and starts it as that one's standby.
    public void rejoin(EmbeddedNode node, EmbeddedNode primary) throws IOException, InterruptedException, SQLException {
        if (node.isRunning()) throw new IllegalStateException(node + " is running (expected: stopped)");
        Directories.delete(node.data());
        var label = backup(primary, node);
        Files.writeString(node.data().resolve("backup_label"), label);
        follow(node, primary);
        node.start();
    }

    /// A base backup over SQL and files (PostgreSQL manual, section 26.3.3); gives what belongs into
    /// backup_label.
    private static String backup(EmbeddedNode primary, EmbeddedNode into) throws IOException, SQLException {
        int version = Integer.parseInt(primary.ask("postgres", "SHOW server_version_num"));
        var start = version >= 150_000 ? "pg_backup_start('rejoin', true)" : "pg_start_backup('rejoin', true, false)";
        var stop = version >= 150_000 ? "pg_backup_stop(false)" : "pg_stop_backup(false, false)";
        var left = new HashSet<>(NOT_COPIED);
        left.add("backup_label");
        try (var connection = primary.connect("postgres");
                var statement = connection.createStatement()) {
            statement.execute("SELECT " + start);
            Directories.copy(primary.data(), into.data(), file -> left.contains(file.toString()));
            try (var row = statement.executeQuery("SELECT labelfile FROM " + stop)) {
                row.next();
                return Objects.requireNonNull(row.getString(1));
            }
        }
    }

    /// Ends every process and removes every file.
    @Override
    public void close() {
        for (var node : nodes) {
            try {
                node.kill();
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
            }
        }
        try {
            Directories.delete(directory);
        } catch (IOException left) {
            System.err.println("could not remove " + directory + ": " + left.getMessage());
        }
    }
}
