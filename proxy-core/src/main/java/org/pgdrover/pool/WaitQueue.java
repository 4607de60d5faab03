package org.pgdrover.pool;

import io.netty.channel.EventLoop;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.SessionSettings;

/// Those who wait for a connection of a pool, first come first served.
///
/// For a few milliseconds the order may be bent in favour of one whose event loop has the connection
/// that came free. Guarded by the pool's lock.
final class WaitQueue {
    private static final long PREFER_LOOP_NANOS = Duration.ofMillis(3).toNanos();
    private static final int PREFER_LOOP_DEPTH = 16;

    record Waiter(Acquirer acquirer, SessionSettings settings, long since) {
        EventLoop eventLoop() {
            return acquirer.eventLoop();
        }

        /// Tells it, on its own event loop, that nothing came of it.
        void refuse(ServerPool pool, Refusal refusal) {
            eventLoop().execute(() -> acquirer.onRefused(pool, refusal));
        }
    }

    private final ArrayDeque<Waiter> waiters = new ArrayDeque<>();

    void add(Waiter waiter) {
        waiters.add(waiter);
    }

    int size() {
        return waiters.size();
    }

    boolean isEmpty() {
        return waiters.isEmpty();
    }

    /// Takes the one whose turn it is for a connection that came free on this event loop; null if nobody
    /// waits.
    @Nullable
    Waiter next(EventLoop loop, long now) {
        var first = waiters.peek();
        if (first == null) return null;
        boolean mayBend = first.eventLoop() != loop && now - first.since() < PREFER_LOOP_NANOS;
        var preferred = mayBend ? takeNear(loop) : null;
        return preferred != null ? preferred : waiters.poll();
    }

    private @Nullable Waiter takeNear(EventLoop loop) {
        int depth = 0;
        for (Iterator<Waiter> each = waiters.iterator(); each.hasNext() && depth < PREFER_LOOP_DEPTH; depth++) {
            var waiter = each.next();
            if (waiter.eventLoop() != loop) continue;
            each.remove();
            return waiter;
        }
        return null;
    }

    /// Takes those who have waited this long.
    List<Waiter> takeExpired(long now, Duration timeout) {
        var expired = new ArrayList<Waiter>();
        while (waiters.peek() instanceof Waiter first && now - first.since() >= timeout.toNanos())
            expired.add(waiters.remove());
        return expired;
    }

    /// Takes everybody.
    List<Waiter> takeAll() {
        var all = List.copyOf(waiters);
        waiters.clear();
        return all;
    }

    /// Takes one out who waits no more; false if it is not here.
    boolean cancel(Acquirer acquirer) {
        return waiters.removeIf(waiter -> waiter.acquirer() == acquirer);
    }
}
