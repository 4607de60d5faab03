package org.pgdrover.routing;

import java.sql.SQLException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which functions of each database are known not to change anything, kept fresh from the catalog.
 *
 * <p>The first question for a database starts its loading; until then nothing is known. What is known is read again every minute and shortly
 * after a function was created, changed or dropped through the proxy; a database that nobody has asked about for an hour is forgotten.
 */
public final class FunctionCatalog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FunctionCatalog.class);
    private static final long REFRESH_SECONDS = 60;
    private static final long FORGET_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int MOST_DATABASES = 1_000;

    private static final class Entry {
        volatile FunctionNames names = FunctionNames.NONE;
        volatile long askedNanos = System.nanoTime();
    }

    private final FunctionLoader loader;
    private final ConcurrentHashMap<String, Entry> entries = new ConcurrentHashMap<>();
    private final ScheduledExecutorService worker = Executors.newSingleThreadScheduledExecutor(
            Thread.ofPlatform().daemon().name("pgdrover-functions").factory());

    public FunctionCatalog(NodeConnector connector, TopologySource topology) {
        this(new JdbcFunctionLoader(connector, topology));
    }

    FunctionCatalog(FunctionLoader loader) {
        this.loader = loader;
        worker.scheduleWithFixedDelay(this::refreshAll, REFRESH_SECONDS, REFRESH_SECONDS, TimeUnit.SECONDS);
    }

    /** What is known of a database now; never waits. */
    FunctionNames of(String database) {
        var entry = entries.get(database);
        if (entry == null) return begin(database);
        entry.askedNanos = System.nanoTime();
        return entry.names;
    }

    private FunctionNames begin(String database) {
        if (entries.size() < MOST_DATABASES && entries.putIfAbsent(database, new Entry()) == null) refresh(database);
        return FunctionNames.NONE;
    }

    /** Asks for what is known of a database to be loaded, because a session is about to use it. */
    public void prepare(String database) {
        of(database);
    }

    /** Functions of a database have changed: what is known counts no more and is read again. May be called from any thread. */
    public void refresh(String database) {
        var entry = entries.get(database);
        if (entry == null) return;
        entry.names = FunctionNames.NONE;
        if (!worker.isShutdown()) worker.execute(() -> load(database, entry));
    }

    private void refreshAll() {
        long now = System.nanoTime();
        entries.values().removeIf(entry -> now - entry.askedNanos > FORGET_NANOS);
        entries.forEach(this::load);
    }

    private void load(String database, Entry entry) {
        try {
            entry.names = loader.load(database);
            log.atDebug().addKeyValue("database", database).log("{} function names read", entry.names.size());
        } catch (SQLException failure) {
            if (worker.isShutdown()) return;
            log.atWarn()
                    .addKeyValue("database", database)
                    .addKeyValue("reason", failure.getMessage())
                    .log("functions could not be read from the catalog: reads that call any go to the primary");
            worker.schedule(() -> load(database, entry), 2, TimeUnit.SECONDS);
        } catch (RuntimeException failure) {
            log.atError().setCause(failure).log("reading functions failed");
        }
    }

    @Override
    public void close() {
        worker.shutdownNow();
    }
}
