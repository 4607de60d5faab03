package org.pgdrover.pool;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.ConnectFailed;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.backend.SessionSettings;
import org.pgdrover.config.PoolSettings;
import org.pgdrover.metrics.PoolMeter;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.pool.WaitQueue.Waiter;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// The server connections of one node, database and user. It lends them, first come first served, and
/// never has more than its limit.
///
/// Any thread may call. A short lock guards the lists; nothing is called back while it is held. A
/// connection is lent on the acquirer's own event loop: an idle one that lives there is preferred,
/// another is moved there.
public final class ServerPool {
    private static final Logger log = LoggerFactory.getLogger(ServerPool.class);

    /// A connection that was idle for longer is asked whether it is alive before it is lent.
    private static final long PROBE_AFTER_NANOS = Duration.ofSeconds(30).toNanos();
    /// For how long nothing is opened to a database that has to be without sessions, unless somebody
    /// waits for it.
    private static final long EMPTY_NANOS = Duration.ofSeconds(6).toNanos();

    private final ServerTarget target;
    private final PoolSettings settings;
    private final NodeBudget budget;
    private final ServerConnector connector;
    private final ProxyMetrics metrics;
    private final PoolMeter meter;
    private final LongSupplier clock;

    private final Object lock = new Object();
    private final Set<ServerConnection> all = new LinkedHashSet<>();
    private final ArrayList<ServerConnection> idle = new ArrayList<>();
    private final WaitQueue waiters = new WaitQueue();
    private final LoginBackoff backoff = new LoginBackoff();
    private int opening;
    private boolean closed;
    private long emptyUntil;
    private long lastUsed;
    /// Whether a server has ever let it in.
    private boolean hasOpened;
    private long renewedBefore;

    ServerPool(
            ServerTarget target,
            PoolSettings settings,
            NodeBudget budget,
            ServerConnector connector,
            ProxyMetrics metrics,
            LongSupplier clock) {
        this.target = target;
        this.settings = settings;
        this.budget = budget;
        this.connector = connector;
        this.metrics = metrics;
        this.clock = clock;
        this.lastUsed = clock.getAsLong();
        this.emptyUntil = lastUsed;
        this.renewedBefore = lastUsed;
        this.meter =
                metrics.pool(target.node(), target.database(), target.user(), this::open, this::leased, this::waiting);
    }

    public ServerTarget target() {
        return target;
    }

    public int open() {
        synchronized (lock) {
            return all.size();
        }
    }

    public int leased() {
        synchronized (lock) {
            return all.size() - idle.size();
        }
    }

    public int waiting() {
        synchronized (lock) {
            return waiters.size();
        }
    }

    /// Lends a connection. Called on the acquirer's event loop.
    ///
    /// @param wanted a connection that has these settings already is preferred
    /// @return one that is idle on that event loop; null if the acquirer will be told, on a turn of its
    /// own
    public @Nullable ServerConnection acquire(Acquirer acquirer, SessionSettings wanted) {
        return acquire(acquirer, wanted, null);
    }

    /// The same with a favourite, which is lent if it is idle.
    public @Nullable ServerConnection acquire(
            Acquirer acquirer, SessionSettings wanted, @Nullable ServerConnection favourite) {
        long now = clock.getAsLong();
        ServerConnection server = null;
        Refusal refusal = null;
        synchronized (lock) {
            lastUsed = now;
            if (closed) refusal = closedRefusal();
            else if (favourite != null && idle.remove(favourite)) server = favourite;
            else if (waiters.isEmpty()) server = takeIdle(acquirer.eventLoop(), wanted);
            if (server == null && refusal == null) {
                refusal = all.isEmpty() && opening == 0 ? backoff.inForce(now) : null;
                if (refusal == null) waiters.add(new Waiter(acquirer, wanted, now));
            }
        }
        if (server != null && isReady(server, acquirer)) return server;
        var why = refusal;
        if (why != null) acquirer.eventLoop().execute(() -> acquirer.onRefused(this, why));
        else if (server != null) lend(server, acquirer, wanted);
        else openMore(acquirer.eventLoop());
        return null;
    }

    /// Whether a connection can be used at once.
    private boolean isReady(ServerConnection server, Acquirer acquirer) {
        return server.eventLoop() == acquirer.eventLoop() && server.isOpen() && !isToBeProbed(server);
    }

    private boolean isToBeProbed(ServerConnection server) {
        return clock.getAsLong() - server.idleSinceNanos() >= PROBE_AFTER_NANOS;
    }

    private Refusal closedRefusal() {
        return new Refusal(
                Refusal.Kind.CLOSED,
                ErrorFields.error(SqlState.CANNOT_CONNECT_NOW, "the pool of " + target + " is closed"));
    }

    /// The most recently used idle connection, best one that needs neither a move nor new settings.
    private @Nullable ServerConnection takeIdle(EventLoop loop, SessionSettings wanted) {
        int best = -1;
        int bestScore = -1;
        for (int i = idle.size() - 1; i >= 0 && bestScore < 3; i--) {
            var server = idle.get(i);
            int score = (server.eventLoop() == loop ? 2 : 0)
                    + (server.session().settings().equals(wanted) ? 1 : 0);
            if (score > bestScore) {
                best = i;
                bestScore = score;
            }
        }
        return best < 0 ? null : idle.remove(best);
    }

    private void lend(ServerConnection server, Acquirer acquirer, SessionSettings wanted) {
        if (server.eventLoop() == acquirer.eventLoop())
            acquirer.eventLoop().execute(() -> lendHere(server, acquirer, wanted));
        else
            server.moveTo(acquirer.eventLoop(), moved -> {
                if (moved) lendHere(server, acquirer, wanted);
                else lendAnother(acquirer, wanted);
            });
    }

    /// On a turn of the acquirer's own.
    private void lendHere(ServerConnection server, Acquirer acquirer, SessionSettings wanted) {
        if (!server.isOpen()) lendAnother(acquirer, wanted);
        else if (isToBeProbed(server))
            new AliveProbe(server, () -> acquirer.onServer(this, server), () -> lendAnother(acquirer, wanted)).start();
        else acquirer.onServer(this, server);
    }

    private void lendAnother(Acquirer acquirer, SessionSettings wanted) {
        var server = acquire(acquirer, wanted);
        if (server != null) acquirer.onServer(this, server);
    }

    /// Opens connections for those who wait, as far as the limits allow.
    void openMore(EventLoop loop) {
        while (true) {
            int asked;
            synchronized (lock) {
                boolean spare = emptyUntil - clock.getAsLong() <= 0;
                boolean wanted = waiters.size() > opening || spare && all.size() + opening < settings.minSize();
                if (closed || !wanted || all.size() + opening >= settings.size()) return;
                if (backoff.inForce(clock.getAsLong()) != null || !budget.tryTake()) return;
                opening++;
                asked = backoff.generation();
            }
            ConnectFailed failed = (refused, error) -> openFailed(asked, refused, error);
            connector.connect(target, loop, this::opened, failed, this::ended);
        }
    }

    private void opened(ServerConnection server) {
        boolean refuse;
        synchronized (lock) {
            opening--;
            backoff.succeeded();
            hasOpened = true;
            all.add(server);
            refuse = closed;
        }
        metrics.serverOpened(target.node());
        if (refuse) server.close(CloseReason.SHUTDOWN);
        else release(server);
    }

    private void openFailed(int asked, boolean refusedByServer, ErrorFields error) {
        var kind = refusedByServer ? Refusal.Kind.LOGIN_FAILED : Refusal.Kind.UNREACHABLE;
        var refusal = new Refusal(kind, error);
        List<Waiter> refused = List.of();
        synchronized (lock) {
            opening--;
            // If it does not count, those who wait are served by the next attempt.
            boolean counts = backoff.failed(refusal, asked, clock.getAsLong());
            if (counts && (all.isEmpty() || kind == Refusal.Kind.UNREACHABLE)) refused = waiters.takeAll();
        }
        budget.give();
        metrics.serverLoginFailed(target.node(), error.sqlState());
        for (var waiter : refused) waiter.refuse(this, refusal);
    }

    /// Takes a connection back that is at rest; the next in the queue gets it. Called on the
    /// connection's event loop.
    public void release(ServerConnection server) {
        server.unlease();
        long now = clock.getAsLong();
        if (server.isOpen() && !isFitForOthers(server)) server.close(CloseReason.SESSION_NOT_CLEAN);
        if (server.isOpen() && isPastLifetime(server, now)) server.close(CloseReason.LIFETIME);
        if (server.isOpen() && isOutdated(server)) server.close(CloseReason.SETTINGS_CHANGED);
        if (!server.isOpen()) return;
        Waiter next;
        @Nullable CloseReason why = null;
        synchronized (lock) {
            next = closed ? null : waiters.next(server.eventLoop(), now);
            if (closed) why = CloseReason.SHUTDOWN;
            else if (emptyUntil - now > 0) why = CloseReason.DATABASE_EMPTIED;
            else if (next == null) idle.add(server);
        }
        if (next == null) {
            if (why != null) server.close(why);
            return;
        }
        meter.waited(Math.max(0, now - next.since()));
        lend(server, next.acquirer(), next.settings());
    }

    /// The last guard: what is not at rest, or not proved clean, goes to nobody.
    private boolean isFitForOthers(ServerConnection server) {
        if (server.isAtRest() && server.session().notClean() == null) return true;
        log.atWarn()
                .addKeyValue("node", target.node())
                .addKeyValue("server", server.cancelKey().processId())
                .addKeyValue(
                        "reason",
                        server.session().notClean() == null
                                ? "not at rest"
                                : server.session().notClean())
                .log("server connection closed instead of being given to the next client");
        return false;
    }

    private boolean isPastLifetime(ServerConnection server, long now) {
        long lifetime = settings.lifetime().toNanos();
        if (lifetime == 0) return false;
        long jitter = (server.cancelKey().processId() & 0xFF) * (lifetime / 10) / 256;
        return now - server.openedNanos() > lifetime - jitter;
    }

    /// Closes the connections that were opened before that time: the idle ones now, the others when they
    /// come back. What was refused before counts no more.
    void renew(long before) {
        var outdated = new ArrayList<ServerConnection>();
        synchronized (lock) {
            backoff.forgive();
            renewedBefore = before;
            for (var server : idle) if (isOutdated(server)) outdated.add(server);
            idle.removeAll(outdated);
        }
        for (var server : outdated) server.eventLoop().execute(() -> server.close(CloseReason.SETTINGS_CHANGED));
    }

    private boolean isOutdated(ServerConnection server) {
        synchronized (lock) {
            return server.openedNanos() - renewedBefore < 0;
        }
    }

    private void ended(ServerConnection server) {
        synchronized (lock) {
            if (!all.remove(server)) return;
            idle.remove(server);
        }
        budget.give();
        metrics.serverClosed(target.node(), server.closeReason().label());
        openMore(server.eventLoop());
    }

    /// What servers have refused so far counts no more.
    void forgive() {
        synchronized (lock) {
            backoff.forgive();
        }
    }

    /// Takes an acquirer out of the queue; false if its answer is already on its way.
    public boolean cancel(Acquirer acquirer) {
        synchronized (lock) {
            return waiters.cancel(acquirer);
        }
    }

    /// Periodic work: refuses who waited too long, closes what was idle too long, opens what is missing.
    void maintain(EventLoop loop) {
        long now = clock.getAsLong();
        var surplus = new ArrayList<ServerConnection>();
        List<Waiter> expired;
        Refusal refusal;
        synchronized (lock) {
            expired = waiters.takeExpired(now, settings.waitTimeout());
            refusal = timeoutRefusal();
            collectSurplus(now, surplus);
        }
        for (var waiter : expired) {
            meter.waited(Math.max(0, now - waiter.since()));
            waiter.refuse(this, refusal);
        }
        for (var server : surplus)
            server.eventLoop()
                    .execute(() -> server.close(
                            isPastLifetime(server, now) ? CloseReason.LIFETIME : CloseReason.IDLE_TIMEOUT));
        openMore(loop);
    }

    private void collectSurplus(long now, List<ServerConnection> surplus) {
        long timeout = settings.idleTimeout().toNanos();
        int keep = settings.minSize();
        for (Iterator<ServerConnection> each = idle.iterator(); each.hasNext(); ) {
            var server = each.next();
            boolean tooOld = timeout > 0 && now - server.idleSinceNanos() > timeout;
            if (isPastLifetime(server, now) || (tooOld && all.size() - surplus.size() > keep)) {
                each.remove();
                surplus.add(server);
            }
        }
    }

    private Refusal timeoutRefusal() {
        // The server has said why there are not more.
        if (backoff.last() instanceof Refusal last && all.size() < settings.size())
            return new Refusal(Refusal.Kind.TIMEOUT, last.error());
        var limit = budget.most() > 0 && all.size() < settings.size()
                ? "pool.max-per-node is " + budget.most()
                : "all of pool.size = " + settings.size() + " are in use";
        return Refusal.timeout(target, settings.waitTimeout(), limit);
    }

    /// Closes one idle connection to make room for another pool of the node; false if none is idle.
    boolean closeOneIdle() {
        ServerConnection oldest;
        synchronized (lock) {
            if (idle.isEmpty() || all.size() <= settings.minSize()) return false;
            oldest = idle.removeFirst();
        }
        oldest.eventLoop().execute(() -> oldest.close(CloseReason.MAKE_ROOM));
        return true;
    }

    /// Closes every idle connection, and opens none again for a while that nobody waits for.
    void closeIdle() {
        List<ServerConnection> victims;
        synchronized (lock) {
            victims = List.copyOf(idle);
            idle.clear();
            emptyUntil = clock.getAsLong() + EMPTY_NANOS;
        }
        for (var server : victims) server.eventLoop().execute(() -> server.close(CloseReason.DATABASE_EMPTIED));
    }

    boolean isWaitingForRoom() {
        synchronized (lock) {
            return waiters.size() > opening && all.size() + opening < settings.size();
        }
    }

    /// Whether nobody has used the pool for this long and it has no connections.
    boolean isForgotten(Duration after, Duration afterRefusals) {
        synchronized (lock) {
            var limit = hasOpened ? after : afterRefusals;
            return all.isEmpty() && opening == 0 && waiters.isEmpty() && clock.getAsLong() - lastUsed > limit.toNanos();
        }
    }

    /// The pool is not in the registry any more.
    void forgotten() {
        meter.forgotten();
    }

    /// Closes every connection, lent ones too: the node must not be used any more. Waiters are refused
    /// and may try elsewhere.
    void evict(CloseReason reason) {
        List<ServerConnection> victims;
        List<Waiter> refused;
        synchronized (lock) {
            victims = List.copyOf(all);
            idle.clear();
            refused = waiters.takeAll();
        }
        for (var server : victims) server.eventLoop().execute(() -> server.close(reason));
        var refusal = new Refusal(
                Refusal.Kind.UNREACHABLE,
                ErrorFields.error(SqlState.CONNECTION_FAILURE, "node " + target.node() + " is not in use"));
        for (var waiter : refused) waiter.refuse(this, refusal);
    }

    void close() {
        synchronized (lock) {
            closed = true;
        }
        evict(CloseReason.SHUTDOWN);
    }
}
