package org.pgdrover.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntSupplier;
import java.util.function.LongSupplier;
import org.pgdrover.metrics.PoolMeter;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.metrics.QueryMeter;

/// The proxy's counts as Prometheus meters; docs/metrics.md lists them. Thread-safe.
public final class MicrometerMetrics implements ProxyMetrics, AutoCloseable {
    private static final Duration[] LATENCIES = {
        Duration.ofNanos(100_000),
        Duration.ofNanos(250_000),
        Duration.ofNanos(500_000),
        Duration.ofMillis(1),
        Duration.ofNanos(2_500_000),
        Duration.ofMillis(5),
        Duration.ofMillis(10),
        Duration.ofMillis(25),
        Duration.ofMillis(50),
        Duration.ofMillis(100),
        Duration.ofMillis(250),
        Duration.ofMillis(500),
        Duration.ofSeconds(1),
        Duration.ofMillis(2500),
        Duration.ofSeconds(5),
        Duration.ofSeconds(10),
        Duration.ofSeconds(30)
    };

    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final AtomicInteger clients = new AtomicInteger();
    private final List<LongSupplier> counted = new CopyOnWriteArrayList<>();
    private final PoolGauges pools = new PoolGauges(registry);
    private final JvmGcMetrics collections = new JvmGcMetrics();
    private final Counter internalErrors;
    private final Counter notifications;
    private final Counter dropped;

    public MicrometerMetrics() {
        internalErrors = Counter.builder("pgdrover.internal.errors")
                .description("Mistakes of the proxy's own; each is in its log")
                .register(registry);
        notifications = Counter.builder("pgdrover.notifications.delivered")
                .description("Notifications passed on to clients in transaction mode")
                .register(registry);
        dropped = Counter.builder("pgdrover.notifications.dropped")
                .description("Notifications that ended their client, which did not keep up")
                .register(registry);
        Gauge.builder("pgdrover.clients", clients, AtomicInteger::get)
                .description("Client connections, those that are logging in among them")
                .register(registry);
        new JvmMemoryMetrics().bindTo(registry);
        new JvmThreadMetrics().bindTo(registry);
        new ProcessorMetrics().bindTo(registry);
        new UptimeMetrics().bindTo(registry);
        collections.bindTo(registry);
    }

    /// Everything, in Prometheus' text format.
    public String scrape() {
        return registry.scrape();
    }

    @Override
    public QueryMeter query(String queryClass, String node, String reason) {
        var timer = Timer.builder("pgdrover.queries")
                .description("Statements by class, node and reason, from their arrival to the end of the answer")
                .tags("class", queryClass, "node", node, "reason", reason)
                .serviceLevelObjectives(LATENCIES)
                .register(registry);
        var failed = Counter.builder("pgdrover.queries.failed")
                .description("Statements that ended with an error, PostgreSQL's or the proxy's own")
                .tags("class", queryClass, "node", node)
                .register(registry);
        return new QueryMeter() {
            @Override
            public void completed(long nanos, boolean isFailed) {
                timer.record(nanos, TimeUnit.NANOSECONDS);
                if (isFailed) failed.increment();
            }
        };
    }

    @Override
    public void clientConnected() {
        clients.incrementAndGet();
        counter("pgdrover.clients.connected", "Clients that have connected").increment();
    }

    @Override
    public void clientDisconnected(String reason) {
        clients.decrementAndGet();
        counter("pgdrover.clients.disconnected", "Clients that have gone, or were ended", "reason", reason)
                .increment();
    }

    @Override
    public void loginRefused(String sqlState) {
        counter("pgdrover.logins.refused", "Clients that were not let in", "sqlstate", sqlState)
                .increment();
    }

    @Override
    public void traffic(LongSupplier fromClients, LongSupplier toClients) {
        bytes("from-clients", fromClients);
        bytes("to-clients", toClients);
    }

    private void bytes(String direction, LongSupplier count) {
        // A meter holds what it counts only weakly.
        counted.add(count);
        FunctionCounter.builder("pgdrover.bytes", count, LongSupplier::getAsLong)
                .description("Bytes from and to clients, without what TLS adds")
                .tags("direction", direction)
                .register(registry);
    }

    @Override
    public PoolMeter pool(
            String node, String database, String user, IntSupplier open, IntSupplier leased, IntSupplier waiting) {
        var timer = Timer.builder("pgdrover.waits")
                .description("How long clients waited for a server connection")
                .tags("node", node, "database", database, "user", user)
                .serviceLevelObjectives(LATENCIES)
                .register(registry);
        return pools.opened(Tags.of("node", node, "database", database, "user", user), timer, open, leased, waiting);
    }

    @Override
    public void serverOpened(String node) {
        counter("pgdrover.servers.opened", "Server connections that were made", "node", node)
                .increment();
    }

    @Override
    public void serverClosed(String node, String reason) {
        counter("pgdrover.servers.closed", "Server connections that have ended", "node", node, "reason", reason)
                .increment();
    }

    @Override
    public void serverLoginFailed(String node, String sqlState) {
        counter("pgdrover.servers.logins.failed", "Logins to servers that failed", "node", node, "sqlstate", sqlState)
                .increment();
    }

    @Override
    public void node(String node, IntSupplier up, IntSupplier primary, LongSupplier lagBytes, LongSupplier lagMillis) {
        Gauge.builder("pgdrover.node.up", up, IntSupplier::getAsInt)
                .description("Whether the node answers")
                .tags("node", node)
                .strongReference(true)
                .register(registry);
        Gauge.builder("pgdrover.node.primary", primary, IntSupplier::getAsInt)
                .description("Whether the node is the primary")
                .tags("node", node)
                .strongReference(true)
                .register(registry);
        Gauge.builder("pgdrover.node.lag.bytes", lagBytes, LongSupplier::getAsLong)
                .description("WAL that the node has not replayed yet; -1 if unknown")
                .tags("node", node)
                .strongReference(true)
                .register(registry);
        Gauge.builder("pgdrover.node.lag.seconds", lagMillis, MicrometerMetrics::seconds)
                .description("How old the newest replayed state of the node is; negative if unknown")
                .tags("node", node)
                .strongReference(true)
                .register(registry);
    }

    /// A time that nobody knows is told as less than none.
    private static double seconds(LongSupplier millis) {
        long now = millis.getAsLong();
        return now == Long.MAX_VALUE ? -1 : now / 1000.0;
    }

    @Override
    public void failover(String outcome, Duration duration) {
        Timer.builder("pgdrover.failovers")
                .description("Failovers by outcome, from the loss to the end")
                .tags("outcome", outcome)
                .register(registry)
                .record(duration);
    }

    @Override
    public void failedInside() {
        internalErrors.increment();
    }

    @Override
    public void subscriptions(IntSupplier now) {
        Gauge.builder("pgdrover.subscriptions", now, IntSupplier::getAsInt)
                .description("Channels that clients in transaction mode listen to, each client's counted")
                .strongReference(true)
                .register(registry);
    }

    @Override
    public void notificationsDelivered(int count) {
        notifications.increment(count);
    }

    @Override
    public void notificationDropped() {
        dropped.increment();
    }

    @Override
    public void retried(String reason) {
        counter(
                        "pgdrover.statements.retried",
                        "Statements run again elsewhere because their server was lost or refused them",
                        "reason",
                        reason)
                .increment();
    }

    private Counter counter(String name, String description, String... tags) {
        return Counter.builder(name).description(description).tags(tags).register(registry);
    }

    @Override
    public void close() {
        collections.close();
        registry.close();
    }
}
