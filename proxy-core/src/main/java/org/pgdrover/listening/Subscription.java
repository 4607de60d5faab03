package org.pgdrover.listening;

import io.netty.channel.EventLoop;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.listening.Markers.Kind;
import org.pgdrover.listening.Markers.Marker;

/// One client's share in its database's listener.
///
/// Its public side is confined to the client's event loop; what the listener knows of it, to the
/// listener's.
public final class Subscription {
    /// Most bytes of notifications that may wait for one client.
    public static final long MOST_BYTES = 8 << 20;

    /// Most markers of one transaction that need not come in the order of their numbers.
    private static final int MOST_MARKERS = 1_000;

    /// What a notification costs besides its bytes.
    private static final int OVERHEAD = 64;

    private final long id;
    private final String user;
    private final EventLoop loop;
    private final Markers markers;
    private final DatabaseListener listener;
    private final Consumer<List<Arrival>> subscriber;
    private final AtomicLong waiting = new AtomicLong();
    private long number;
    private long wishes;
    private boolean left;

    // What the listener knows

    /// The channels that it has subscribed to.
    final Set<String> channels = new HashSet<>();
    /// The channels that a transaction of it is about to subscribe to, with the number of the wish.
    final Map<String, Long> wanted = new HashMap<>();

    private List<Arrival> gathered = new ArrayList<>();
    /// The number up to which all markers were seen, or come no more.
    private long seenUpTo;
    /// Those that were seen beyond that: portals are not executed in the order in which they are bound.
    private final NavigableSet<Long> seen = new TreeSet<>();
    private boolean overflown;

    Subscription(
            long id,
            String user,
            EventLoop loop,
            Markers markers,
            DatabaseListener listener,
            Consumer<List<Arrival>> subscriber) {
        this.id = id;
        this.user = user;
        this.loop = loop;
        this.markers = markers;
        this.listener = listener;
        this.subscriber = subscriber;
    }

    long id() {
        return id;
    }

    /// The database user that it can log in as.
    String user() {
        return user;
    }

    // For the client

    /// A channel is to be listened on, so that a subscription to it misses nothing.
    ///
    /// @return the number with which [Arrival.Ready] tells that it is
    public long want(String channel) {
        long wish = ++wishes;
        listener.execute(() -> listener.want(this, channel, wish));
        return wish;
    }

    /// No transaction is about to subscribe to anything any more.
    public void wantNothing() {
        listener.execute(() -> listener.wantNothing(this));
    }

    /// A statement that subscribes to a channel when, and if, the transaction that it runs in is
    /// committed.
    public String toSubscribe(String channel) {
        return statement(Kind.SUBSCRIBE, channel);
    }

    /// A statement that unsubscribes in the same way.
    ///
    /// @param channel null for all channels
    public String toUnsubscribe(@Nullable String channel) {
        return statement(channel == null ? Kind.UNSUBSCRIBE_ALL : Kind.UNSUBSCRIBE, channel);
    }

    /// A statement that comes back as [Arrival.Marked] before the client's own notifications.
    public String toBegin() {
        return statement(Kind.BEGIN, null);
    }

    /// A statement that comes back as [Arrival.Marked] with [#lastNumber()] behind whatever the client
    /// has done.
    public String toEnd() {
        return statement(Kind.END, null);
    }

    private String statement(Kind kind, @Nullable String channel) {
        return markers.statement(new Marker(id, ++number, kind, channel));
    }

    /// The number of the last statement.
    public long lastNumber() {
        return number;
    }

    /// Subscribes at once; what is committed from now on is heard.
    public void subscribe(String channel) {
        listener.execute(() -> listener.subscribe(this, channel));
    }

    /// Unsubscribes at once.
    ///
    /// @param channel null for all channels
    public void unsubscribe(@Nullable String channel) {
        listener.execute(() -> listener.unsubscribe(this, channel));
    }

    /// A notification of this many bytes does not wait any more.
    public void taken(int bytes) {
        waiting.addAndGet(-bytes - OVERHEAD);
    }

    /// The client has left.
    public void leave() {
        left = true;
        listener.execute(() -> listener.leave(this));
    }

    private void arrive(List<Arrival> arrivals) {
        if (!left) subscriber.accept(arrivals);
    }

    // For the listener

    /// Whether a marker was not seen before: otherwise somebody has repeated it.
    boolean isNew(Marker marker) {
        long number = marker.number();
        if (number <= seenUpTo || !seen.add(number)) return false;
        if (marker.kind() == Kind.END) seenUpTo = number;
        else if (seen.size() > MOST_MARKERS) seenUpTo = seen.getFirst();
        seen.headSet(seenUpTo, true).clear();
        return true;
    }

    /// Adds what is handed over with the next [#handOver()]; whether it was empty before.
    boolean gather(Arrival arrival) {
        gathered.add(arrival);
        return gathered.size() == 1;
    }

    /// Whether a notification of this many bytes may still wait for the client.
    boolean mayWait(int bytes) {
        if (overflown) return false;
        overflown = waiting.addAndGet(bytes + OVERHEAD) > MOST_BYTES;
        return !overflown;
    }

    void handOver() {
        if (gathered.isEmpty()) return;
        var all = gathered;
        gathered = new ArrayList<>();
        loop.execute(() -> arrive(all));
    }
}
