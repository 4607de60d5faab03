package org.pgdrover.routing;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.NodeConnector;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.sql.QueryClass;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The catalogs of all databases in use, each read anew every minute and shortly after a definition
/// through the proxy.
///
/// The first question for a database starts its reading; until then nothing is known of it. Each
/// database has one chain of readings:
///
/// ```
///  asked for ──> [waiting] ──> [reading] ──> [at rest] ──a minute, or a definition──> [waiting]
///                    ^              │ failed: after a pause that doubles
///                    └──────────────┴ a definition while it read: again
/// ```
///
/// What a definition may have given another meaning is unknown until it has been read; the rest stays
/// known. A database that is gone, or that nobody has asked about for an hour, is forgotten. Questions
/// come from any thread; readings are the worker's.
public final class FunctionCatalog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(FunctionCatalog.class);
    private static final long REFRESH_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long COALESCE_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    /// After a reading, definitions wait for so many times as long as it took: a fifth of the time is
    /// enough for them.
    private static final int REST = 4;

    private static final long PAUSE_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long LONGEST_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(60);
    private static final long FORGET_NANOS = TimeUnit.HOURS.toNanos(1);
    private static final int MOST_DATABASES = 1_000;
    private static final String NO_SUCH_DATABASE = "3D000";

    private final CatalogLoader loader;
    private final ScheduledExecutorService worker;
    private final boolean ownsWorker;
    private final LongSupplier clock;
    private final ConcurrentHashMap<String, Chain> chains = new ConcurrentHashMap<>();
    private volatile boolean closed;

    /// One database's catalog and when it is read next.
    private final class Chain {
        private final String database;
        private volatile DatabaseCatalog known = DatabaseCatalog.NONE;
        private volatile long askedNanos = clock.getAsLong();
        // Guarded by this:
        private @Nullable ScheduledFuture<?> next;
        private long dueNanos;
        private boolean reading;
        private @Nullable UnaryOperator<DatabaseCatalog> definedMeanwhile;
        private final List<UnaryOperator<DatabaseCatalog>> underWay = new ArrayList<>(0);
        private int failures;
        private long restsUntilNanos = clock.getAsLong();

        Chain(String database) {
            this.database = database;
        }

        /// Lets it be read after a time, or sooner if that was planned.
        synchronized void plan(long nanos) {
            if (closed || reading) return;
            long due = clock.getAsLong() + nanos;
            if (next != null && !next.isDone() && due - dueNanos >= 0) return;
            if (next != null) next.cancel(false);
            dueNanos = due;
            next = worker.schedule(this::read, nanos, TimeUnit.NANOSECONDS);
        }

        synchronized void defined(UnaryOperator<DatabaseCatalog> forgets) {
            known = forgets.apply(known);
            if (reading) definedMeanwhile = definedMeanwhile == null ? forgets : both(definedMeanwhile, forgets);
            else plan(afterDefinition());
        }

        synchronized void begin(UnaryOperator<DatabaseCatalog> forgets) {
            known = forgets.apply(known);
            underWay.add(forgets);
        }

        synchronized void over(UnaryOperator<DatabaseCatalog> forgets) {
            underWay.remove(forgets);
            defined(forgets);
        }

        private long afterDefinition() {
            return Math.max(COALESCE_NANOS, restsUntilNanos - clock.getAsLong());
        }

        private static UnaryOperator<DatabaseCatalog> both(
                UnaryOperator<DatabaseCatalog> first, UnaryOperator<DatabaseCatalog> second) {
            return known -> second.apply(first.apply(known));
        }

        private void read() {
            if (clock.getAsLong() - askedNanos > FORGET_NANOS) {
                chains.remove(database, this);
                return;
            }
            long begun = clock.getAsLong();
            synchronized (this) {
                reading = true;
                definedMeanwhile = null;
            }
            try {
                end(loader.load(database), clock.getAsLong() - begun);
            } catch (SQLException failure) {
                failed(failure);
            } catch (RuntimeException failure) {
                log.atError()
                        .setCause(failure)
                        .addKeyValue("database", database)
                        .log("reading the catalog failed");
                again(REFRESH_NANOS);
            }
        }

        /// What was read may not have yet what was defined while it was read.
        private synchronized void end(DatabaseCatalog read, long took) {
            failures = 0;
            var meanwhile = definedMeanwhile;
            known = meanwhile == null ? read : meanwhile.apply(read);
            for (var forgets : underWay) known = forgets.apply(known);
            log.atDebug().addKeyValue("database", database).log("{} names read from the catalog", read.size());
            restsUntilNanos = clock.getAsLong() + Math.min(REST * took, REFRESH_NANOS);
            again(meanwhile == null ? REFRESH_NANOS : afterDefinition());
        }

        private synchronized void again(long nanos) {
            reading = false;
            next = null;
            plan(nanos);
        }

        private void failed(SQLException failure) {
            if (closed) return;
            if (NO_SUCH_DATABASE.equals(failure.getSQLState())) {
                chains.remove(database, this);
                return;
            }
            log.atWarn()
                    .addKeyValue("database", database)
                    .addKeyValue("reason", failure.getMessage())
                    .log("the catalog could not be read: what is not known of it goes to the primary");
            again(pause());
        }

        private synchronized long pause() {
            return Math.min(LONGEST_PAUSE_NANOS, PAUSE_NANOS << Math.min(10, failures++));
        }
    }

    public FunctionCatalog(NodeConnector connector, TopologySource topology) {
        this(
                new JdbcCatalogLoader(connector, topology),
                Executors.newSingleThreadScheduledExecutor(
                        Thread.ofPlatform().daemon().name("pgdrover-catalog").factory()),
                true,
                System::nanoTime);
    }

    /// With another loader, and a worker that the caller ends.
    public FunctionCatalog(CatalogLoader loader, ScheduledExecutorService worker, LongSupplier clock) {
        this(loader, worker, false, clock);
    }

    private FunctionCatalog(
            CatalogLoader loader, ScheduledExecutorService worker, boolean ownsWorker, LongSupplier clock) {
        this.loader = loader;
        this.worker = worker;
        this.ownsWorker = ownsWorker;
        this.clock = clock;
    }

    /// What is known of a database now; never waits.
    DatabaseCatalog of(String database) {
        var chain = chains.get(database);
        if (chain == null) return begin(database);
        chain.askedNanos = clock.getAsLong();
        return chain.known;
    }

    private DatabaseCatalog begin(String database) {
        if (closed || chains.size() >= MOST_DATABASES) return DatabaseCatalog.NONE;
        var chain = new Chain(database);
        if (chains.putIfAbsent(database, chain) == null) chain.plan(0);
        return DatabaseCatalog.NONE;
    }

    /// Asks for a database's catalog to be read, because a session is about to use it.
    public void prepare(String database) {
        of(database);
    }

    /// Something unknown has been defined in a database. May be called from any thread.
    public void refresh(String database) {
        var chain = chains.get(database);
        if (chain != null) chain.defined(FunctionCatalog::inDoubt);
    }

    /// A catalog behind something unknown that was defined.
    static DatabaseCatalog inDoubt(DatabaseCatalog known) {
        return known.with(known.database().inDoubt(true, true)).withoutOwn();
    }

    /// A catalog behind definitions, whatever their order.
    static DatabaseCatalog without(DatabaseCatalog known, List<QueryClass> definitions) {
        return forgets(definitions).apply(known);
    }

    /// Something has been defined, as far as its session sees, or everybody.
    void defined(String database, QueryClass definition) {
        var chain = chains.get(database);
        if (chain != null) chain.defined(forgets(List.of(definition)));
    }

    /// Definitions are under way: what they may give another meaning is unknown until they are over,
    /// however often the catalog is read meanwhile.
    ///
    /// @return to be run when they are over
    @Nullable
    Runnable underWay(String database, List<QueryClass> definitions) {
        var chain = chains.get(database);
        if (chain == null) return null;
        var all = forgets(definitions);
        chain.begin(all);
        return () -> chain.over(all);
    }

    /// All at once: each change of a catalog copies the catalog.
    private static UnaryOperator<DatabaseCatalog> forgets(List<QueryClass> definitions) {
        var names = new HashSet<String>();
        boolean anything = false;
        boolean everything = false;
        boolean dependent = false;
        boolean hidden = false;
        boolean trigger = false;
        for (var each : definitions) {
            names.addAll(each.relations());
            var kind = Definition.of(each);
            anything |= kind == Definition.ANYTHING;
            everything |= kind == Definition.EVERYTHING;
            dependent |= kind == Definition.EVERYTHING || kind == Definition.LED_TO;
            hidden |= kind == Definition.EVERYTHING && Definition.isHidden(each);
            trigger |= kind == Definition.EVERYTHING && Definition.isTrigger(each);
        }
        return new Forgetting(names, anything, everything, dependent, hidden, trigger);
    }

    /// What definitions take away from a catalog.
    private record Forgetting(
            Set<String> names, boolean anything, boolean everything, boolean dependent, boolean hidden, boolean trigger)
            implements UnaryOperator<DatabaseCatalog> {
        @Override
        public DatabaseCatalog apply(DatabaseCatalog known) {
            var left = known;
            if (anything) left = inDoubt(left);
            if (everything) left = left.with(left.database().inDoubt(hidden, trigger));
            if (dependent) left = left.withoutDependent();
            return names.isEmpty() ? left : left.without(names);
        }
    }

    @Override
    public void close() {
        closed = true;
        if (ownsWorker) worker.shutdownNow();
    }
}
