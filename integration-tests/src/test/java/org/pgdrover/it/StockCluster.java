package org.pgdrover.it;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.NodeConfig;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;

/// A primary and standbys in containers of PostgreSQL's stock image, made by the files of
/// docker/compose.yaml.
///
/// The environment variable PGDROVER_POSTGRES_IMAGE names another image than postgres:18.
final class StockCluster implements AutoCloseable {
    private static final String IMAGE = System.getenv().getOrDefault("PGDROVER_POSTGRES_IMAGE", "postgres:18");
    private static final int PORT = 5432;

    private final Network network = Network.newNetwork();
    private final List<GenericContainer<?>> nodes = new ArrayList<>();

    /// Starts all of it, or leaves nothing behind.
    StockCluster(int standbys) throws IOException, SQLException {
        try {
            start(primary());
            for (int i = 0; i < standbys; i++) start(standby("pg" + (i + 2)));
            Proxied.sql(config().nodes().getFirst(), "postgres", "CREATE ROLE demo LOGIN PASSWORD 'demo'");
            Proxied.sql(config().nodes().getFirst(), "postgres", "CREATE DATABASE demo OWNER demo");
        } catch (IOException | SQLException | RuntimeException failure) {
            close();
            throw failure;
        }
    }

    private void start(GenericContainer<?> node) {
        nodes.add(node);
        node.start();
    }

    private GenericContainer<?> primary() throws IOException {
        return node("pg1")
                .withCopyToContainer(file("init.sql"), "/docker-entrypoint-initdb.d/init.sql")
                .withCommand("postgres", "-c", "wal_keep_size=256MB", "-c", "hba_file=/etc/pgdrover/pg_hba.conf")
                // The first time it is the server that only runs init.sql.
                .waitingFor(Wait.forLogMessage(".*ready to accept connections.*", 2));
    }

    private GenericContainer<?> standby(String name) throws IOException {
        return node(name)
                .withEnv("PRIMARY", "pg1")
                .withEnv("NAME", name)
                .withCopyToContainer(file("standby.sh"), "/etc/pgdrover/standby.sh")
                .withCreateContainerCmdModifier(
                        command -> command.withEntrypoint("/bin/bash", "/etc/pgdrover/standby.sh"))
                .waitingFor(Wait.forLogMessage(".*ready to accept read-only connections.*", 1));
    }

    private GenericContainer<?> node(String name) throws IOException {
        return new GenericContainer<>(IMAGE)
                .withNetwork(network)
                .withNetworkAliases(name)
                .withExposedPorts(PORT)
                .withEnv("POSTGRES_PASSWORD", "postgres")
                .withEnv("PGDATA", "/var/lib/postgresql/data")
                .withCopyToContainer(file("pg_hba.conf"), "/etc/pgdrover/pg_hba.conf")
                .withStartupTimeout(Duration.ofMinutes(3));
    }

    private static Transferable file(String name) throws IOException {
        return Transferable.of(Files.readAllBytes(Path.of("../docker/postgres", name)), 0644);
    }

    /// The proxy's user and its rights are those of init.sql.
    ClusterConfig config() {
        var addresses = new ArrayList<NodeConfig>();
        for (var node : nodes)
            addresses.add(new NodeConfig("pg" + (addresses.size() + 1), node.getHost(), node.getMappedPort(PORT)));
        return new ClusterConfig(addresses, "pgdrover", "pgdrover", "postgres");
    }

    /// SIGKILL for the container.
    void killPrimary() {
        var primary = nodes.getFirst();
        primary.getDockerClient().killContainerCmd(primary.getContainerId()).exec();
    }

    @Override
    public void close() {
        for (var node : nodes) node.close();
        network.close();
    }
}
