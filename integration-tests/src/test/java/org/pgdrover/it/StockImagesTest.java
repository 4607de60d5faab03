package org.pgdrover.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.pgdrover.it.Proxied.ask;

import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.config.PoolMode;
import org.testcontainers.DockerClientFactory;

/// The cases of [EmbeddedClusterTest], and a failover, on PostgreSQL's stock images; skipped where there
/// is no Docker.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class StockImagesTest {
    private @Nullable StockCluster cluster;

    @BeforeAll
    void start() throws Exception {
        boolean available = DockerClientFactory.instance().isDockerAvailable();
        if (!available) System.out.println("StockImagesTest is skipped: no Docker answers here");
        Assumptions.assumeTrue(available, "no Docker answers here");
        cluster = new StockCluster(2);
    }

    @AfterAll
    void stop() {
        if (cluster != null) cluster.close();
    }

    private ClusterConfig running() {
        return Objects.requireNonNull(cluster).config();
    }

    @Nested
    class Queries extends QueryCases {
        @Override
        ClusterConfig cluster() {
            return running();
        }
    }

    @Nested
    class Routing extends RoutingCases {
        @Override
        ClusterConfig cluster() {
            return running();
        }
    }

    /// With one standby: others would be told an address of the new primary that holds outside of the
    /// containers only.
    @Test
    void failsOverAndKeepsTheSession() throws Exception {
        try (var mortal = new StockCluster(1);
                var proxy = new Proxied(mortal.config(), PoolMode.TRANSACTION);
                var connection = proxy.connect()) {
            connection.createStatement().execute("CREATE TABLE t AS SELECT 1 AS a");
            for (int i = 0; i < 50; i++)
                assertThat(ask(connection, "SELECT a FROM t")).isEqualTo("1");

            mortal.killPrimary();

            assertThat(ask(connection, "INSERT INTO t VALUES (2) RETURNING a")).isEqualTo("2");
            assertThat(ask(connection, "SELECT count(*) FROM t")).isEqualTo("2");
            assertThat(proxy.last("INSERT INTO t").node()).isEqualTo("pg2");
        }
    }
}
