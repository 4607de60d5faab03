package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.ask;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.pgdrover.config.AuthConfig;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.ListenConfig;
import org.pgdrover.config.NodeConfig;
import org.pgdrover.config.ProxyConfig;
import org.pgdrover.config.TlsConfig;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.server.ProxyServer;
import org.testcontainers.DockerClientFactory;
import org.testcontainers.containers.GenericContainer;
import org.testcontainers.containers.Network;
import org.testcontainers.containers.wait.strategy.Wait;
import org.testcontainers.images.builder.Transferable;

/**
 * A cluster of PostgreSQL's stock images, as docker/compose.yaml makes it; skipped where there is no Docker or the image cannot be had.
 *
 * <p>PGDROVER_POSTGRES_IMAGE names another image than postgres:18.
 */
class StockImagesTest {
    private static final String IMAGE = System.getenv().getOrDefault("PGDROVER_POSTGRES_IMAGE", "postgres:18");

    @TempDir
    Path directory = Path.of(".");

    @BeforeAll
    static void needsDocker() {
        boolean available = DockerClientFactory.instance().isDockerAvailable();
        if (!available) System.out.println("StockImagesTest is skipped: no Docker answers here");
        Assumptions.assumeTrue(available, "no Docker answers here");
    }

    private static GenericContainer<?> postgres(Network network, String name) throws IOException {
        return new GenericContainer<>(IMAGE)
                .withNetwork(network)
                .withNetworkAliases(name)
                .withExposedPorts(5432)
                .withEnv("POSTGRES_PASSWORD", "postgres")
                .withEnv("PGDATA", "/var/lib/postgresql/data")
                .withEnv("PRIMARY", "pg1")
                .withEnv("NAME", name)
                .withCopyToContainer(file("pg_hba.conf"), "/etc/pgdrover/pg_hba.conf")
                .withCopyToContainer(file("standby.sh"), "/etc/pgdrover/standby.sh")
                .withCopyToContainer(file("init.sql"), "/docker-entrypoint-initdb.d/init.sql")
                .withStartupTimeout(Duration.ofMinutes(3));
    }

    private static Transferable file(String name) throws IOException {
        return Transferable.of(Files.readAllBytes(Path.of("../docker/postgres", name)), 0644);
    }

    @Test
    void poolsBalancesAndFailsOver() throws Exception {
        try (var network = Network.newNetwork();
                var primary = postgres(network, "pg1")
                        .withCommand(
                                "postgres", "-c", "wal_keep_size=256MB", "-c", "hba_file=/etc/pgdrover/pg_hba.conf")
                        .waitingFor(Wait.forLogMessage(".*ready to accept connections.*", 2));
                var standby = postgres(network, "pg2")
                        .withCreateContainerCmdModifier(
                                command -> command.withEntrypoint("/bin/bash", "/etc/pgdrover/standby.sh"))
                        .waitingFor(Wait.forLogMessage(".*ready to accept read-only connections.*", 1))) {
            primary.start();
            standby.start();
            try (var proxy = ProxyServer.start(config(primary, standby), ProxyMetrics.NOOP, null);
                    var connection = DriverManager.getConnection("jdbc:postgresql://127.0.0.1:"
                            + proxy.address().getPort() + "/app?user=app&password=app&socketTimeout=60")) {
                connection.createStatement().execute("CREATE TABLE t AS SELECT 1 AS a");
                for (int i = 0; i < 50; i++)
                    assertThat(ask(connection, "SELECT a FROM t")).isEqualTo("1");

                primary.getDockerClient()
                        .killContainerCmd(primary.getContainerId())
                        .exec();

                assertThat(ask(connection, "INSERT INTO t VALUES (2) RETURNING a"))
                        .isEqualTo("2");
                assertThat(ask(connection, "SELECT count(*) FROM t")).isEqualTo("2");
            }
        }
    }

    private ProxyConfig config(GenericContainer<?> primary, GenericContainer<?> standby) throws IOException {
        var usual = ProxyConfig.of(new ClusterConfig(
                List.of(
                        new NodeConfig("pg1", primary.getHost(), primary.getMappedPort(5432)),
                        new NodeConfig("pg2", standby.getHost(), standby.getMappedPort(5432))),
                "postgres",
                "postgres",
                "postgres"));
        var auth = new AuthConfig(
                Files.writeString(directory.resolve("pool_hba.conf"), "host all all all scram-sha-256\n"),
                Files.writeString(directory.resolve("users.txt"), "\"app\" \"app\"\n"),
                Duration.ofSeconds(10));
        return new ProxyConfig(
                new ListenConfig("127.0.0.1", 0, null, 128, 100, TlsConfig.DEFAULT),
                auth,
                usual.cluster(),
                usual.pool(),
                usual.routing(),
                usual.failover(),
                usual.admin(),
                usual.metrics(),
                usual.log(),
                usual.runtime());
    }
}
