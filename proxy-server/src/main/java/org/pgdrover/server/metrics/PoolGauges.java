package org.pgdrover.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.Timer;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.IntSupplier;
import org.pgdrover.metrics.PoolMeter;

/// The gauges of all pools, each of which shows the pool that is there now; thread-safe.
///
/// A registry keeps the first gauge of a name for ever: without this a pool that was forgotten and came
/// back would show nothing.
final class PoolGauges {
    private final MeterRegistry registry;
    private final ConcurrentHashMap<Tags, Meter> present = new ConcurrentHashMap<>();

    PoolGauges(MeterRegistry registry) {
        this.registry = registry;
    }

    PoolMeter opened(Tags pool, Timer waits, IntSupplier open, IntSupplier leased, IntSupplier waiting) {
        return present.compute(pool, (_, earlier) -> {
            if (earlier != null) earlier.remove();
            return new Meter(
                    pool,
                    waits,
                    List.of(
                            gauge("pgdrover.servers.open", "Server connections", pool, open),
                            gauge("pgdrover.servers.leased", "Server connections in use", pool, leased),
                            gauge(
                                    "pgdrover.clients.waiting",
                                    "Clients waiting for a server connection",
                                    pool,
                                    waiting)));
        });
    }

    private Gauge gauge(String name, String description, Tags pool, IntSupplier value) {
        return Gauge.builder(name, value, IntSupplier::getAsInt)
                .description(description)
                .tags(pool)
                .strongReference(true)
                .register(registry);
    }

    private final class Meter implements PoolMeter {
        private final Tags pool;
        private final Timer waits;
        private final List<Gauge> gauges;

        Meter(Tags pool, Timer waits, List<Gauge> gauges) {
            this.pool = pool;
            this.waits = waits;
            this.gauges = gauges;
        }

        @Override
        public void waited(long nanos) {
            waits.record(nanos, TimeUnit.NANOSECONDS);
        }

        @Override
        public void forgotten() {
            present.computeIfPresent(pool, (_, now) -> {
                if (now != this) return now;
                remove();
                registry.remove(waits);
                return null;
            });
        }

        private void remove() {
            gauges.forEach(registry::remove);
        }
    }
}
