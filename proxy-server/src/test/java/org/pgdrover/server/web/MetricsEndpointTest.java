package org.pgdrover.server.web;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.net.BindException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.pgdrover.server.metrics.MicrometerMetrics;
import org.pgdrover.server.web.MetricsEndpoint.Health;

class MetricsEndpointTest {
    private static HttpResponse<String> get(MetricsEndpoint endpoint, String path) throws Exception {
        try (var client = HttpClient.newHttpClient()) {
            var request = HttpRequest.newBuilder(
                            URI.create("http://127.0.0.1:" + endpoint.address().getPort() + path))
                    .build();
            return client.send(request, HttpResponse.BodyHandlers.ofString());
        }
    }

    @Test
    void servesWhatWasCounted() throws Exception {
        try (var metrics = new MicrometerMetrics();
                var endpoint = new MetricsEndpoint("127.0.0.1", 0, metrics::scrape, () -> new Health(true, "ok\n"))) {
            metrics.clientConnected();
            metrics.query("read", "pg2", "read").completed(2_000_000, false);
            metrics.query("write", "pg1", "write").completed(2_000_000, true);
            metrics.pool("pg1", "db", "me", () -> 5, () -> 3, () -> 2).waited(1000);
            metrics.node("pg2", () -> 1, () -> 0, () -> 4096, () -> 1500);
            metrics.failover("promoted", Duration.ofMillis(700));
            metrics.retried("lost");
            metrics.serverOpened("pg1");
            metrics.serverClosed("pg1", "idle");
            metrics.serverLoginFailed("pg1", "28P01");
            metrics.loginRefused("28000");
            metrics.traffic(() -> 10, () -> 20);

            var answer = get(endpoint, "/metrics");

            assertThat(answer.statusCode()).isEqualTo(200);
            assertThat(answer.body())
                    .contains("pgdrover_clients 1.0")
                    .contains("pgdrover_queries_seconds_count{class=\"read\",node=\"pg2\",reason=\"read\"} 1")
                    .contains(
                            "pgdrover_queries_seconds_bucket{class=\"read\",node=\"pg2\",reason=\"read\",le=\"0.0025\"} 1")
                    .contains("pgdrover_queries_failed_total{class=\"write\",node=\"pg1\"} 1.0")
                    .contains("pgdrover_servers_open{database=\"db\",node=\"pg1\",user=\"me\"} 5.0")
                    .contains("pgdrover_clients_waiting{database=\"db\",node=\"pg1\",user=\"me\"} 2.0")
                    .contains("pgdrover_node_lag_seconds{node=\"pg2\"} 1.5")
                    .contains("pgdrover_failovers_seconds_count{outcome=\"promoted\"} 1")
                    .contains("pgdrover_bytes_total{direction=\"to-clients\"} 20.0");
        }
    }

    @Test
    void healthIsTheStatus() throws Exception {
        var healthy = new AtomicBoolean(true);
        try (var endpoint = new MetricsEndpoint("127.0.0.1", 0, () -> "", () -> new Health(healthy.get(), "words\n"))) {
            assertThat(get(endpoint, "/health").statusCode()).isEqualTo(200);
            healthy.set(false);
            assertThat(get(endpoint, "/health").statusCode()).isEqualTo(503);
            assertThat(get(endpoint, "/health").body()).isEqualTo("words\n");
            assertThat(get(endpoint, "/metricsandmore").statusCode()).isEqualTo(404);
            assertThat(get(endpoint, "/").statusCode()).isEqualTo(404);
        }
    }

    @Test
    void namesATakenPort() throws Exception {
        try (var first = new MetricsEndpoint("127.0.0.1", 0, () -> "", () -> new Health(true, ""))) {
            int port = first.address().getPort();
            assertThatThrownBy(() -> new MetricsEndpoint("127.0.0.1", port, () -> "", () -> new Health(true, "")))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining("127.0.0.1:" + port);
        }
    }
}
