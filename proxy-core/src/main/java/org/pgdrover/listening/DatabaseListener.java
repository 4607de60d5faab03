package org.pgdrover.listening;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.protocol.codec.WireReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Listens in one database on the primary, and passes what it hears to those who have subscribed.
///
/// Confined to its event loop, but for [#execute].
final class DatabaseListener {
    private static final Logger log = LoggerFactory.getLogger(DatabaseListener.class);
    private static final int HEADER = 5;
    private static final long LINGER_SECONDS = 60;

    /// Who has to do with a channel.
    private static final class Channel {
        final Set<Subscription> subscribers = new LinkedHashSet<>();
        final Set<Subscription> wanting = new LinkedHashSet<>();
        boolean ready;

        boolean isUnused() {
            return subscribers.isEmpty() && wanting.isEmpty();
        }
    }

    private final String database;
    private final EventLoop loop;
    private final Markers markers;
    private final ProxyMetrics metrics;
    private final IntConsumer subscriptions;
    private final ListenerConnection connection;
    private final Map<Long, Subscription> members = new LinkedHashMap<>();
    private final Map<String, Channel> channels = new HashMap<>();
    private final Set<Subscription> told = new LinkedHashSet<>();
    private boolean interrupted;

    /// @param subscriptions told by how many the number of subscriptions has changed
    DatabaseListener(
            String database,
            EventLoop loop,
            Markers markers,
            ListenerConnection.Surroundings around,
            IntConsumer subscriptions) {
        this.database = database;
        this.loop = loop;
        this.markers = markers;
        this.metrics = around.metrics();
        this.subscriptions = subscriptions;
        this.connection = new ListenerConnection(database, loop, around, this);
    }

    /// Runs what changes the listener on its event loop. May be called from any thread.
    void execute(Runnable turn) {
        try {
            loop.execute(() -> {
                turn.run();
                handOver();
            });
        } catch (RejectedExecutionException stopping) {
            log.atDebug().addKeyValue("database", database).log("nobody is told any more: the proxy stops");
        }
    }

    // Those who listen

    void join(Subscription member) {
        members.put(member.id(), member);
    }

    void leave(Subscription member) {
        unsubscribe(member, null);
        wantNothing(member);
        members.remove(member.id());
        told.remove(member);
    }

    void want(Subscription member, String name, long wish) {
        if (!members.containsKey(member.id())) return;
        var channel = channel(name);
        member.wanted.put(name, wish);
        channel.wanting.add(member);
        if (channel.ready) tell(member, new Arrival.Ready(name, wish));
    }

    void wantNothing(Subscription member) {
        for (var name : member.wanted.keySet()) {
            var channel = channels.get(name);
            if (channel == null) continue;
            channel.wanting.remove(member);
            forgetUnused(name, channel);
        }
        member.wanted.clear();
    }

    void subscribe(Subscription member, String name) {
        if (!members.containsKey(member.id()) || !member.channels.add(name)) return;
        channel(name).subscribers.add(member);
        subscriptions.accept(1);
        tell(member, new Arrival.Changed(true, name));
    }

    /// @param name null for all channels
    void unsubscribe(Subscription member, @Nullable String name) {
        if (name == null) {
            for (var each : List.copyOf(member.channels)) unsubscribe(member, each);
            return;
        }
        if (!member.channels.remove(name)) return;
        subscriptions.accept(-1);
        tell(member, new Arrival.Changed(false, name));
        var channel = channels.get(name);
        if (channel == null) return;
        channel.subscribers.remove(member);
        forgetUnused(name, channel);
    }

    /// The channel of this name, which is listened on from now on.
    private Channel channel(String name) {
        var channel = channels.get(name);
        if (channel != null) return channel;
        var added = new Channel();
        channels.put(name, added);
        if (connection.isReady()) listen(name, added);
        else connection.open();
        return added;
    }

    private void forgetUnused(String name, Channel channel) {
        if (!channel.isUnused() || !channels.remove(name, channel)) return;
        connection.unlisten(name);
        if (channels.isEmpty()) loop.schedule(this::closeIfIdle, LINGER_SECONDS, TimeUnit.SECONDS);
    }

    private void tell(Subscription member, Arrival arrival) {
        if (member.gather(arrival)) told.add(member);
    }

    private void tellAll(Arrival arrival) {
        for (var member : members.values()) tell(member, arrival);
    }

    /// Tells everybody what has come.
    void handOver() {
        if (told.isEmpty()) return;
        for (var member : told) member.handOver();
        told.clear();
    }

    // For its connection

    /// Whether anybody wants to hear anything.
    boolean isWanted() {
        return !channels.isEmpty();
    }

    /// The channels that are to be listened on.
    Set<String> names() {
        return channels.keySet();
    }

    Markers markers() {
        return markers;
    }

    /// Somebody whom the connection can log in as; null if nobody is here.
    @Nullable
    String user(int attempt) {
        if (members.isEmpty()) return null;
        var all = List.copyOf(members.values());
        return all.get(attempt % all.size()).user();
    }

    /// A new connection listens on these channels.
    void listening(List<String> names) {
        for (var name : names) {
            var channel = channels.get(name);
            if (channel == null) connection.unlisten(name);
            else ready(name, channel);
        }
        channels.forEach((name, channel) -> {
            if (!channel.ready) listen(name, channel);
        });
        if (interrupted) tellAll(new Arrival.Resumed());
        interrupted = false;
    }

    private void listen(String name, Channel channel) {
        connection.listen(List.of(name), () -> ready(name, channel));
    }

    /// Unless the channel was forgotten before its LISTEN was answered.
    private void ready(String name, Channel channel) {
        if (channels.get(name) != channel) return;
        channel.ready = true;
        for (var member : channel.wanting) tell(member, new Arrival.Ready(name, member.wanted.getOrDefault(name, 0L)));
    }

    /// The connection is lost.
    void interrupted() {
        for (var channel : channels.values()) channel.ready = false;
        if (channels.isEmpty()) return;
        interrupted = true;
        tellAll(new Arrival.Interrupted());
    }

    void onTopology() {
        connection.onTopology();
    }

    void closeIfIdle() {
        if (channels.isEmpty()) connection.close(CloseReason.IDLE_TIMEOUT);
    }

    void close() {
        connection.shutDown();
    }

    // What it hears

    /// A notification has come; the frame is borrowed.
    void heard(ByteBuf frame, int start, int end) {
        int processId = frame.getInt(start + HEADER);
        int nameStart = start + HEADER + 4;
        var name = WireReader.string(frame, nameStart, end);
        if (name.equals(markers.channel())) {
            int payload = WireReader.endOfString(frame, nameStart, end) + 1;
            marked(WireReader.string(frame, payload, end), processId);
            return;
        }
        var channel = channels.get(name);
        if (channel == null || channel.subscribers.isEmpty()) return;
        var notified = new Arrival.Notified(ByteBufUtil.getBytes(frame, start, end - start), processId, name);
        for (var subscriber : List.copyOf(channel.subscribers)) pass(notified, subscriber);
    }

    private void pass(Arrival.Notified notified, Subscription to) {
        if (to.mayWait(notified.frame().length)) {
            tell(to, notified);
            return;
        }
        metrics.notificationDropped();
        unsubscribe(to, null);
        tell(to, new Arrival.Overflown());
    }

    private void marked(String payload, int processId) {
        var marker = markers.read(payload);
        var member = marker == null ? null : members.get(marker.subscriber());
        if (marker == null || member == null || !member.isNew(marker)) return;
        switch (marker.kind()) {
            case SUBSCRIBE -> {
                if (marker.channel() != null) subscribe(member, marker.channel());
            }
            case UNSUBSCRIBE, UNSUBSCRIBE_ALL -> unsubscribe(member, marker.channel());
            case BEGIN -> tell(member, new Arrival.Marked(marker.number(), processId, true));
            case END -> tell(member, new Arrival.Marked(marker.number(), processId, false));
        }
    }
}
