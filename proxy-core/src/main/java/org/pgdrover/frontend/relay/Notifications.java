package org.pgdrover.frontend.relay;

import io.netty.buffer.Unpooled;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.DisconnectReason;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.listening.Arrival;
import org.pgdrover.listening.Subscription;
import org.pgdrover.protocol.ErrorFields;
import org.pgdrover.protocol.SqlState;
import org.pgdrover.protocol.codec.BackendMessages;

/// The notifications of a database's listener for one client. Some wait until the client is in no
/// transaction.
///
/// Confined to the client's event loop.
final class Notifications {
    private static final int HEADER = 5;

    /// @param channel of a notification; null if it is a notice
    private record Waiting(byte[] frame, @Nullable String channel) {}

    private final Relay relay;
    private final IntConsumer taken;
    private final Set<String> channels = new LinkedHashSet<>();
    private final Map<String, Long> ready = new HashMap<>();
    private final ArrayDeque<Waiting> waiting = new ArrayDeque<>();
    private long marked;
    private int ownProcessId;
    private boolean interrupted;
    private boolean heard = true;

    /// @param taken told the size of every notification that waits no more
    Notifications(Relay relay, IntConsumer taken) {
        this.relay = relay;
        this.taken = taken;
    }

    void arrived(Arrival arrival) {
        switch (arrival) {
            case Arrival.Notified notified -> add(notified);
            case Arrival.Ready(var channel, long number) -> ready.put(channel, number);
            case Arrival.Changed(boolean subscribed, var channel) -> {
                if (subscribed) channels.add(channel);
                else channels.remove(channel);
            }
            case Arrival.Marked(long number, int processId, boolean begins) -> {
                ownProcessId = begins ? processId : 0;
                if (!begins) marked = number;
            }
            case Arrival.Interrupted _ -> {
                interrupted = true;
                heard = false;
                ready.clear();
                ownProcessId = 0;
            }
            case Arrival.Resumed _ -> resumed();
            case Arrival.Overflown _ -> overflown();
        }
    }

    private void add(Arrival.Notified notified) {
        var frame = notified.frame();
        if (!channels.contains(notified.channel())) taken.accept(frame.length);
        else waiting.add(new Waiting(notified.processId() == ownProcessId ? own(frame) : frame, notified.channel()));
    }

    /// What the client has sent itself carries the process id that the client knows as its own.
    private byte[] own(byte[] frame) {
        var mine = frame.clone();
        Unpooled.wrappedBuffer(mine).setInt(HEADER, relay.processId());
        return mine;
    }

    private void resumed() {
        heard = true;
        if (channels.isEmpty()) return;
        var out = relay.client().newBuffer(256);
        BackendMessages.notice(
                out,
                ErrorFields.warning(
                        "01000", "notifications may have been missed: the connection that listens was lost"));
        var bytes = new byte[out.readableBytes()];
        out.readBytes(bytes).release();
        waiting.add(new Waiting(bytes, null));
    }

    /// The client does not read, or does not end its transaction, while more and more comes for it.
    private void overflown() {
        waiting.clear();
        var client = relay.client();
        if (!client.isWritable()) {
            client.close(DisconnectReason.NOT_READING);
            return;
        }
        client.closeWith(
                ErrorFields.fatal(SqlState.CONFIGURATION_LIMIT_EXCEEDED, "too many notifications wait for this client")
                        .withDetail("More than " + (Subscription.MOST_BYTES >> 20) + " MB have gathered.")
                        .withHint("Read what comes, and keep transactions short while you listen."),
                DisconnectReason.NOT_READING);
    }

    // What the listener does

    /// How many channels the client has subscribed to.
    int channels() {
        return channels.size();
    }

    /// The channels that the client has subscribed to.
    Set<String> subscribed() {
        return channels;
    }

    boolean isSubscribedTo(String channel) {
        return channels.contains(channel);
    }

    /// Whether the listener listens on a channel since a wish of the client.
    boolean isReady(String channel, long wish) {
        return ready.getOrDefault(channel, 0L) == wish;
    }

    /// Nothing is wished for any more.
    void forgetReady() {
        ready.clear();
    }

    /// The number of the last mark that has passed through the queue.
    long marked() {
        return marked;
    }

    /// Whether the listener hears anything now.
    boolean isHeard() {
        return heard;
    }

    /// Whether the listener has not heard all since [#forgetInterruption()].
    boolean isInterrupted() {
        return interrupted;
    }

    /// Forgets an interruption that is over.
    void forgetInterruption() {
        interrupted = !heard;
    }

    // What the client gets

    boolean hasWaiting() {
        return !waiting.isEmpty();
    }

    /// Passes on what has come, as far as the client reads.
    void deliver() {
        while (!waiting.isEmpty() && relay.client().isWritable()) write(waiting.remove());
    }

    /// Passes on all that has come.
    void deliverAll() {
        while (waiting.poll() instanceof Waiting next) write(next);
    }

    private void write(Waiting next) {
        if (next.channel() != null) {
            taken.accept(next.frame().length);
            relay.services().metrics().notificationsDelivered(1);
        }
        relay.write(Unpooled.wrappedBuffer(next.channel() == null ? next.frame() : inItsEncoding(next.frame())));
    }

    /// The listener hears in UTF-8.
    private byte[] inItsEncoding(byte[] frame) {
        var converted = ClientEncoding.ofUtf8(relay.session().encoding(), frame, HEADER + 4);
        if (converted != frame) Unpooled.wrappedBuffer(converted).setInt(1, converted.length - 1);
        return converted;
    }

    /// The client listens to a channel, before the listener knows of that.
    void subscribe(String channel) {
        channels.add(channel);
    }

    /// The client does not listen to a channel any more, before the listener knows of that.
    ///
    /// @param channel null for all channels
    void forget(@Nullable String channel) {
        if (channel == null) channels.clear();
        else channels.remove(channel);
        dropUnlistened();
    }

    /// As PostgreSQL, which asks when it delivers: nothing comes of a channel that is not listened to
    /// any more.
    void dropUnlistened() {
        waiting.removeIf(next -> {
            boolean gone = next.channel() != null && !channels.contains(next.channel());
            if (gone) taken.accept(next.frame().length);
            return gone;
        });
    }

    void close() {
        waiting.clear();
    }
}
