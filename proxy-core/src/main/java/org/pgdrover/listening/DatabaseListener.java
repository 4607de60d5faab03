package org.pgdrover.listening;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
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
import org.pgdrover.backend.AnswerOwner;
import org.pgdrover.backend.CloseReason;
import org.pgdrover.backend.Exchange;
import org.pgdrover.backend.Note;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.backend.ServerConnector;
import org.pgdrover.backend.ServerTarget;
import org.pgdrover.cluster.Node;
import org.pgdrover.cluster.TopologySource;
import org.pgdrover.metrics.ProxyMetrics;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.TransactionStatus;
import org.pgdrover.protocol.codec.WireReader;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/// Listens in one database on the primary, and passes what it hears to those who have subscribed.
///
/// ```
///   no connection --somebody wants a channel--> connecting --logged in, LISTENs answered--> listening
///         ^                                         |  failed: again a little later             |
///         +----- nobody wants anything for a while, or lost (then again, if somebody does) -----+
/// ```
///
/// Confined to its event loop, but for [#execute].
final class DatabaseListener implements AnswerOwner {
    private static final Logger log = LoggerFactory.getLogger(DatabaseListener.class);
    private static final int HEADER = 5;
    private static final long RETRY_MILLIS = 100;
    private static final long MOST_RETRY_MILLIS = 5_000;
    private static final long LINGER_SECONDS = 60;
    private static final long HEARTBEAT_SECONDS = 20;

    /// @param subscriptions told by how many the number of subscriptions has changed
    record Surroundings(
            TopologySource topology,
            ServerConnector connector,
            ProxyMetrics metrics,
            Markers markers,
            IntConsumer subscriptions) {}

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
    private final Surroundings around;
    private final Map<Long, Subscription> members = new LinkedHashMap<>();
    private final Map<String, Channel> channels = new HashMap<>();
    private final Set<Subscription> told = new LinkedHashSet<>();
    private @Nullable ServerConnection server;
    private boolean ready;
    private boolean connecting;
    private @Nullable Future<?> retry;
    private boolean interrupted;
    private boolean closed;
    private int attempts;
    private @Nullable Node lastPrimary;

    DatabaseListener(String database, EventLoop loop, Surroundings around) {
        this.database = database;
        this.loop = loop;
        this.around = around;
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
        around.subscriptions().accept(1);
        tell(member, new Arrival.Changed(true, name));
    }

    /// @param name null for all channels
    void unsubscribe(Subscription member, @Nullable String name) {
        if (name == null) {
            for (var each : List.copyOf(member.channels)) unsubscribe(member, each);
            return;
        }
        if (!member.channels.remove(name)) return;
        around.subscriptions().accept(-1);
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
        if (ready && server != null) listen(server, List.of(name));
        else connect();
        return added;
    }

    private void forgetUnused(String name, Channel channel) {
        if (!channel.isUnused() || !channels.remove(name, channel)) return;
        if (ready && server != null)
            new Exchange(server, _ -> {}).query("UNLISTEN " + quoted(name)).send();
        if (channels.isEmpty()) loop.schedule(this::closeIfIdle, LINGER_SECONDS, TimeUnit.SECONDS);
    }

    private void tell(Subscription member, Arrival arrival) {
        if (member.gather(arrival)) told.add(member);
    }

    private void tellAll(Arrival arrival) {
        for (var member : members.values()) tell(member, arrival);
    }

    private void handOver() {
        if (told.isEmpty()) return;
        for (var member : told) member.handOver();
        told.clear();
    }

    // Its connection

    private void connect() {
        if (connecting || retry != null || server != null || closed || channels.isEmpty()) return;
        var primary = around.topology().topology().primary();
        var user = userToLogInAs();
        if (primary == null || user == null) {
            connectLater();
            return;
        }
        connecting = true;
        var target = new ServerTarget(primary.name(), primary.endpoint(), database, user);
        around.connector().connect(target, loop, made -> opened(made, primary), this::failed, this::ended);
    }

    /// One after the other, for not everybody need still be let in.
    private @Nullable String userToLogInAs() {
        if (members.isEmpty()) return null;
        var all = List.copyOf(members.values());
        return all.get(attempts % all.size()).user();
    }

    private void connectLater() {
        if (retry != null || closed) return;
        long delay = Math.min(MOST_RETRY_MILLIS, RETRY_MILLIS << Math.min(attempts, 6));
        retry = loop.schedule(
                () -> {
                    connectNow();
                    handOver();
                },
                delay,
                TimeUnit.MILLISECONDS);
    }

    private void connectNow() {
        if (retry != null) retry.cancel(false);
        retry = null;
        connect();
    }

    private void failed(boolean refused, ErrorFields error) {
        connecting = false;
        if (attempts++ == 0)
            log.atWarn()
                    .addKeyValue("database", database)
                    .addKeyValue("sqlstate", error.sqlState())
                    .log("cannot listen for the clients of a database: {}", error.message());
        connectLater();
    }

    private void opened(ServerConnection made, Node primary) {
        connecting = false;
        attempts++;
        around.metrics().serverOpened(primary.name());
        server = made;
        made.lease(this);
        if (closed || !primary.equals(around.topology().topology().primary())) {
            made.close(CloseReason.NODE_LOST);
            return;
        }
        var names = List.copyOf(channels.keySet());
        var exchange = new Exchange(made, answered -> listening(made, names, answered));
        exchange.query("SET application_name = 'pgdrover listener'");
        exchange.query("SET client_encoding = 'UTF8'");
        exchange.query("SET statement_timeout = 0");
        exchange.query("LISTEN " + around.markers().channel());
        for (var name : names) exchange.query("LISTEN " + quoted(name));
        exchange.send();
        // Versions before 14 do not know it.
        new Exchange(made, _ -> {}).query("SET idle_session_timeout = 0").send();
    }

    private void ended(ServerConnection gone) {
        around.metrics().serverClosed(gone.target().node(), gone.closeReason().label());
    }

    private void listening(ServerConnection made, List<String> names, Exchange answered) {
        if (answered.error() != null) {
            log.atWarn().addKeyValue("database", database).log("cannot listen: {}", answered.error());
            made.close(CloseReason.SERVER_ERROR);
            return;
        }
        ready = true;
        attempts = 0;
        ready(names);
        var missed = new ArrayList<String>();
        for (var each : channels.entrySet()) if (!each.getValue().ready) missed.add(each.getKey());
        listen(made, missed);
        if (interrupted) tellAll(new Arrival.Resumed());
        interrupted = false;
        handOver();
        heartbeatLater(made);
    }

    private void listen(ServerConnection on, List<String> names) {
        if (names.isEmpty()) return;
        var exchange = new Exchange(on, answered -> {
            if (answered.error() == null && on == server) ready(names);
            handOver();
        });
        for (var name : names) exchange.query("LISTEN " + quoted(name));
        exchange.send();
    }

    private void ready(List<String> names) {
        for (var name : names) {
            var channel = channels.get(name);
            if (channel == null) continue;
            channel.ready = true;
            for (var member : channel.wanting)
                tell(member, new Arrival.Ready(name, member.wanted.getOrDefault(name, 0L)));
        }
    }

    /// A connection that only listens would not notice that the other side has gone without a word.
    private void heartbeatLater(ServerConnection on) {
        loop.schedule(
                () -> {
                    if (on != server || !on.isOpen()) return;
                    if (on.isAtRest()) new Exchange(on, _ -> {}).query("").send();
                    heartbeatLater(on);
                },
                HEARTBEAT_SECONDS,
                TimeUnit.SECONDS);
    }

    /// A name as SQL writes it; each char is one byte.
    static String quoted(String name) {
        var bytes = new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        return "\"" + bytes.replace("\"", "\"\"") + "\"";
    }

    /// The cluster has changed.
    void onTopology() {
        var primary = around.topology().topology().primary();
        boolean changed = primary != null && !primary.equals(lastPrimary);
        lastPrimary = primary;
        if (primary == null || !changed) return;
        attempts = 0;
        if (server == null) connectNow();
        else if (!server.target().node().equals(primary.name())) server.close(CloseReason.NODE_LOST);
    }

    void closeIfIdle() {
        if (channels.isEmpty() && server != null) server.close(CloseReason.IDLE_TIMEOUT);
    }

    void close() {
        closed = true;
        if (server != null) server.close(CloseReason.SHUTDOWN);
    }

    @Override
    public void onLost(CloseReason reason, @Nullable ErrorFields lastWords) {
        server = null;
        if (ready) tellAll(new Arrival.Interrupted());
        interrupted |= ready && !channels.isEmpty();
        ready = false;
        for (var channel : channels.values()) channel.ready = false;
        if (attempts == 0) connect();
        else connectLater();
        handOver();
    }

    // What it hears

    @Override
    public boolean onNotification(ByteBuf frame, int start, int end) {
        int processId = frame.getInt(start + HEADER);
        int nameStart = start + HEADER + 4;
        var name = WireReader.string(frame, nameStart, end);
        if (name.equals(around.markers().channel())) {
            int payload = WireReader.endOfString(frame, nameStart, end) + 1;
            marked(WireReader.string(frame, payload, end), processId);
            return false;
        }
        var channel = channels.get(name);
        if (channel == null || channel.subscribers.isEmpty()) return false;
        var notified = new Arrival.Notified(ByteBufUtil.getBytes(frame, start, end - start), processId, name);
        for (var subscriber : List.copyOf(channel.subscribers)) pass(notified, subscriber);
        return false;
    }

    private void pass(Arrival.Notified notified, Subscription to) {
        if (to.mayWait(notified.frame().length)) {
            tell(to, notified);
            return;
        }
        around.metrics().notificationDropped();
        unsubscribe(to, null);
        tell(to, new Arrival.Overflown());
    }

    private void marked(String payload, int processId) {
        var marker = around.markers().read(payload);
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

    @Override
    public void onReadComplete() {
        handOver();
    }

    // Answers belong to exchanges; what nobody asked for is not looked at.

    @Override
    public void onBytes(ByteBuf bytes, boolean begun) {
        bytes.release();
    }

    @Override
    public boolean onError(Note note, ErrorFields error) {
        return false;
    }

    @Override
    public void onReady(TransactionStatus status, Note note) {}
}
