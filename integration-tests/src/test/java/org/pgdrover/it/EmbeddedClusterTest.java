package org.pgdrover.it;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.TestInstance;
import org.pgdrover.config.ClusterConfig;
import org.pgdrover.server.embedded.EmbeddedCluster;

/// The cases on a cluster of embedded binaries; [StockImagesTest] has the same ones on stock images.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EmbeddedClusterTest {
    private EmbeddedCluster cluster;

    @BeforeAll
    void start() throws Exception {
        cluster = EmbeddedCluster.start(EmbeddedCluster.Options.DEFAULT);
    }

    @AfterAll
    void stop() {
        cluster.close();
    }

    @Nested
    class Queries extends QueryCases {
        @Override
        ClusterConfig cluster() {
            return cluster.config();
        }
    }

    @Nested
    class Routing extends RoutingCases {
        @Override
        ClusterConfig cluster() {
            return cluster.config();
        }
    }
}
