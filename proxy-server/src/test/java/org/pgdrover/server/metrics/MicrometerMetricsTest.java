package org.pgdrover.server.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.ref.WeakReference;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.pgdrover.metrics.PoolMeter;

class MicrometerMetricsTest {
    private static final String OPEN = "pgdrover_servers_open{database=\"db\",node=\"n\",user=\"me\"} ";

    private final MicrometerMetrics metrics = new MicrometerMetrics();

    @AfterEach
    void close() {
        metrics.close();
    }

    private PoolMeter pool(AtomicInteger open) {
        return metrics.pool("n", "db", "me", open::get, () -> 0, () -> 0);
    }

    @Test
    void showsThePoolThatIsThereNow() {
        var old = pool(new AtomicInteger(3));
        assertThat(metrics.scrape()).contains(OPEN + "3");

        var now = pool(new AtomicInteger(5));
        assertThat(metrics.scrape()).contains(OPEN + "5");

        old.forgotten();
        assertThat(metrics.scrape()).contains(OPEN + "5");

        now.forgotten();
        assertThat(metrics.scrape()).doesNotContain(OPEN);
        pool(new AtomicInteger(7));
        assertThat(metrics.scrape()).contains(OPEN + "7");
    }

    /// Clients may invent names of databases.
    @Test
    void keepsNothingOfAPoolThatIsForgotten() {
        var pool = pool(new AtomicInteger());
        pool.waited(1_000_000);
        assertThat(metrics.scrape()).contains("pgdrover_waits_seconds_count{");

        pool.forgotten();

        assertThat(metrics.scrape()).doesNotContain("database=\"db\"");
        pool(new AtomicInteger()).waited(1_000_000);
        assertThat(metrics.scrape()).contains("pgdrover_waits_seconds_count{database=\"db\",node=\"n\",user=\"me\"} 1");
    }

    @Test
    void countsWaitsOfAPoolThroughAllItsLives() {
        pool(new AtomicInteger()).waited(1_000_000);
        pool(new AtomicInteger()).waited(1_000_000);
        assertThat(metrics.scrape()).contains("pgdrover_waits_seconds_count{database=\"db\",node=\"n\",user=\"me\"} 2");
    }

    /// Nobody but the meter may know what the meter counts.
    @Test
    void countsBytesStillOnceMemoryWasCleared() {
        var forgotten = new WeakReference<>(new Object());
        var bytes = new AtomicLong(43);
        metrics.traffic(bytes::get, bytes::get);
        for (int i = 0; i < 100 && forgotten.get() != null; i++) System.gc();

        assertThat(metrics.scrape()).contains("pgdrover_bytes_total{direction=\"from-clients\"} 43");
    }

    @Test
    void tellsNoLagThatNobodyKnows() {
        metrics.node("pg2", () -> 0, () -> 0, () -> -1, () -> Long.MAX_VALUE);
        metrics.node("pg3", () -> 1, () -> 0, () -> 5, () -> 1_500);

        assertThat(metrics.scrape())
                .contains("pgdrover_node_lag_seconds{node=\"pg2\"} -1.0")
                .contains("pgdrover_node_lag_seconds{node=\"pg3\"} 1.5");
    }

    @Test
    void hasHelpForWhatItCounts() {
        metrics.clientConnected();
        metrics.clientDisconnected("terminated");
        metrics.loginRefused("28P01");
        metrics.serverOpened("pg1");
        metrics.serverClosed("pg1", "lifetime");
        metrics.serverLoginFailed("pg1", "28P01");
        metrics.retried("server-lost");

        var helped = metrics.scrape()
                .lines()
                .filter(line -> line.startsWith("# HELP pgdrover_"))
                .toList();
        assertThat(helped).hasSizeGreaterThanOrEqualTo(7).noneMatch(line -> line.endsWith(" "));
    }

    @Test
    void countsBytesAndMistakes() {
        var bytes = new AtomicLong(42);
        metrics.traffic(bytes::get, () -> 7);
        metrics.failedInside();

        assertThat(metrics.scrape())
                .contains("pgdrover_bytes_total{direction=\"from-clients\"} 42")
                .contains("pgdrover_bytes_total{direction=\"to-clients\"} 7")
                .contains("pgdrover_internal_errors_total 1");
    }
}
