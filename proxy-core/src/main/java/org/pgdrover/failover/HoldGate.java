package org.pgdrover.failover;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Executor;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.FailoverConfig;
import org.pgdrover.protocol.SqlState;

/// The gate before all new work: closed while there is no usable primary.
///
/// Clients that come to a closed gate wait, in their order, for a bounded time and up to a bounded
/// number. Thread-safe; [#isOpen()] is one volatile read. Callbacks run on the clients' executors, never
/// under the gate's lock.
public final class HoldGate {
    private enum Door {
        OPEN,
        CLOSED,
        REFUSING
    }

    private final Duration timeout;
    private final int maxClients;
    private final ScheduledExecutorService timer;
    private final Map<HeldClient, Ticket> tickets = new LinkedHashMap<>();
    private volatile Door door = Door.CLOSED;
    private String why = "no primary has been found yet";

    /// A gate that is closed.
    public HoldGate(FailoverConfig settings, ScheduledExecutorService timer) {
        this.timeout = settings.holdTimeout();
        this.maxClients = settings.holdMaxClients();
        this.timer = timer;
    }

    /// One client's place in the queue; guarded by the gate's lock, but for what never changes.
    private static final class Ticket {
        final HeldClient client;
        final Executor executor;
        boolean decided;

        @Nullable
        Future<?> expiry;

        Ticket(HeldClient client, Executor executor) {
            this.client = client;
            this.executor = executor;
        }
    }

    public boolean isOpen() {
        return door == Door.OPEN;
    }

    /// How many clients wait now.
    public synchronized int held() {
        return tickets.size();
    }

    /// Parks a client until the gate opens; if it is open by now, or the client may not wait, that is
    /// answered at once.
    public void hold(Executor eventLoop, HeldClient client) {
        var ticket = new Ticket(client, eventLoop);
        var answer = admit(ticket);
        if (answer != null) deliver(ticket, answer);
    }

    /// Forgets a client that left; after this returned true, on its own executor, it hears nothing more.
    public synchronized boolean cancel(HeldClient client) {
        var ticket = tickets.remove(client);
        if (ticket == null) return false;
        stopClock(ticket);
        return true;
    }

    /// Lets everybody through, first come first served.
    public void open() {
        if (door == Door.OPEN) return;
        release(Door.OPEN, "", HeldClient::released);
    }

    /// Holds everybody who comes from now on.
    public synchronized void close(String reason) {
        why = reason;
        door = Door.CLOSED;
    }

    /// Sends away everybody who waits, and from now on everybody who comes.
    public void refuse(String reason) {
        if (door == Door.REFUSING) return;
        release(Door.REFUSING, reason, client -> client.refused(SqlState.CANNOT_CONNECT_NOW, reason));
    }

    /// What a client is told.
    private interface Answer {
        void give(HeldClient client);
    }

    private synchronized @Nullable Answer admit(Ticket ticket) {
        if (tickets.containsKey(ticket.client)) throw new IllegalStateException("this client is held already");
        var answer = answerAtOnce();
        ticket.decided = answer != null;
        tickets.put(ticket.client, ticket);
        if (answer == null)
            ticket.expiry = timer.schedule(() -> expire(ticket), timeout.toNanos(), TimeUnit.NANOSECONDS);
        return answer;
    }

    private @Nullable Answer answerAtOnce() {
        if (door == Door.OPEN) return HeldClient::released;
        if (door == Door.REFUSING) return refusal(why);
        if (tickets.size() < maxClients) return null;
        return refusal(why + ", and " + tickets.size() + " clients wait for one already (failover.hold-max-clients: "
                + maxClients + "); try again later");
    }

    private static Answer refusal(String message) {
        return client -> client.refused(SqlState.CANNOT_CONNECT_NOW, message);
    }

    private void expire(Ticket ticket) {
        String reason;
        synchronized (this) {
            if (ticket.decided || tickets.get(ticket.client) != ticket) return;
            ticket.decided = true;
            reason = why;
        }
        deliver(ticket, refusal(reason + "; waited " + seconds(timeout) + " (failover.hold-timeout); try again later"));
    }

    private void release(Door next, String reason, Answer answer) {
        for (var ticket : decideAll(next, reason)) deliver(ticket, answer);
    }

    private synchronized List<Ticket> decideAll(Door next, String reason) {
        door = next;
        why = reason;
        var waiting = new ArrayList<Ticket>();
        for (var ticket : tickets.values()) {
            if (ticket.decided) continue;
            ticket.decided = true;
            stopClock(ticket);
            waiting.add(ticket);
        }
        return waiting;
    }

    private void deliver(Ticket ticket, Answer answer) {
        try {
            ticket.executor.execute(() -> {
                if (take(ticket)) answer.give(ticket.client);
            });
        } catch (RejectedExecutionException _) {
            // Its event loop has ended, and the client with it.
            take(ticket);
        }
    }

    private synchronized boolean take(Ticket ticket) {
        return tickets.remove(ticket.client, ticket);
    }

    private static void stopClock(Ticket ticket) {
        if (ticket.expiry != null) ticket.expiry.cancel(false);
    }

    private static String seconds(Duration duration) {
        return duration.toMillis() % 1000 == 0 ? duration.toSeconds() + " s" : duration.toMillis() + " ms";
    }
}
