package org.pgdrover.pool;

import io.netty.channel.EventLoop;
import io.netty.channel.EventLoopGroup;
import io.netty.util.concurrent.ScheduledFuture;
import java.time.Duration;
import java.util.Collection;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.config.PoolConfig;
import org.pgdrover.metrics.ProxyMetrics;

/// The pools, made when first asked for. They are maintained ten times a second, and forgotten when
/// unused for an hour; one that no server has ever let in, for its database or user is none, after a minute.
public final class PoolRegistry implements AutoCloseable {
    private static final long MAINTENANCE_MILLIS = 100;
    private static final Duration FORGET_AFTER = Duration.ofHours(1);
    private static final Duration FORGET_AFTER_REFUSALS = Duration.ofMinutes(1);

    private final PoolConfig config;
    private final ServerConnector connector;
    private final ProxyMetrics metrics;
    private final LongSupplier clock;
    private final EventLoop loop;
    private final ConcurrentHashMap<ServerTarget, ServerPool> pools = new ConcurrentHashMap<>();
    private final ConcurrentHashMap<String, NodeBudget> budgets = new ConcurrentHashMap<>();
    private final ScheduledFuture<?> maintenance;
    private volatile boolean closed;

    public PoolRegistry(
            PoolConfig config,
            ServerConnector connector,
            ProxyMetrics metrics,
            LongSupplier clock,
            EventLoopGroup loops) {
        this.config = config;
        this.connector = connector;
        this.metrics = metrics;
        this.clock = clock;
        this.loop = loops.next();
        this.maintenance =
                loop.scheduleAtFixedRate(this::maintain, MAINTENANCE_MILLIS, MAINTENANCE_MILLIS, TimeUnit.MILLISECONDS);
    }

    public PoolConfig config() {
        return config;
    }

    /// The pool of a target; one look-up, so that callers keep what they get for as long as they need
    /// it.
    public ServerPool pool(ServerTarget target) {
        var pool = pools.get(target);
        return pool != null ? pool : pools.computeIfAbsent(target, this::newPool);
    }

    private ServerPool newPool(ServerTarget target) {
        var settings = config.settings(target.database(), target.user());
        var budget = budgets.computeIfAbsent(target.node(), node -> new NodeBudget(config.maxPerNode()));
        var pool = new ServerPool(target, settings, budget, connector, metrics, clock);
        if (closed) pool.close();
        return pool;
    }

    public Collection<ServerPool> pools() {
        return pools.values();
    }

    private void maintain() {
        for (var pool : pools.values()) {
            if (pool.isWaitingForRoom()) makeRoom(pool.target().node());
            pool.maintain(loop);
            if (pool.isForgotten(FORGET_AFTER, FORGET_AFTER_REFUSALS) && pools.remove(pool.target(), pool))
                pool.forgotten();
        }
    }

    /// A pool waits although its own limit is not reached: another pool of the node gives up what it
    /// does not use.
    private void makeRoom(String node) {
        var budget = budgets.get(node);
        if (budget == null || !budget.isExhausted()) return;
        for (var pool : pools.values())
            if (pool.target().node().equals(node) && !pool.isWaitingForRoom() && pool.closeOneIdle()) return;
    }

    /// A user has logged in with another password than before: servers that refused the old one are
    /// tried again at once.
    public void forgive(String user) {
        for (var pool : pools.values()) if (pool.target().user().equals(user)) pool.forgive();
    }

    /// Closes what nobody uses of a database on every node, for a statement that must find it without
    /// sessions.
    public void closeIdle(String database) {
        for (var pool : pools.values()) if (pool.target().database().equals(database)) pool.closeIdle();
    }

    /// What sessions begin with has changed on a node: connections that were opened before are closed as
    /// soon as nobody works with them.
    ///
    /// @param concerned whose sessions begin with something else now
    /// @param before a time of the clock
    public void renew(String node, Predicate<ServerTarget> concerned, long before) {
        for (var pool : pools.values())
            if (pool.target().node().equals(node) && concerned.test(pool.target())) pool.renew(before);
    }

    /// Closes every connection to a node, lent ones too.
    public void evict(String node, CloseReason reason) {
        for (var pool : pools.values()) if (pool.target().node().equals(node)) pool.evict(reason);
    }

    @Override
    public void close() {
        closed = true;
        maintenance.cancel(false);
        pools.values().forEach(ServerPool::close);
    }
}
