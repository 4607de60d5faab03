package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.backend.ServerConnection;
import org.pgdrover.listening.Arrival;
import org.pgdrover.listening.Subscription;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;

/// A client's LISTEN in transaction mode: what its transaction changes, and what has come for it.
///
/// LISTEN and UNLISTEN are not sent: what is run in their place is a NOTIFY, which is transactional like
/// them, and has its place in the server's queue of notifications. The database's listener, which reads
/// that queue, does what it says. Nothing is left on the client's server, so the session is not pinned.
/// Confined to the client's event loop.
final class ClientListening {
    /// Most channels of one client that are listened on for it; with more of them it has a server of its
    /// own.
    private static final int MOST_CHANNELS = 1_000;

    private static final int HEADER = 5;

    /// An UNLISTEN for the client's own server that is not answered yet.
    private record Sent(Delivery by, ChannelStatement statement) {}

    private final Relay relay;
    private final boolean sessionMode;
    private @Nullable Subscription subscription;

    private final Notifications notifications;
    private final ShownChannels shown = new ShownChannels();

    // What the transaction does
    private final Map<String, Long> wanted = new HashMap<>();
    private final List<ChannelStatement> changes = new ArrayList<>();
    private final List<ChannelStatement> unlistened = new ArrayList<>();
    private final List<Sent> unanswered = new ArrayList<>();
    private boolean involved;
    private boolean notified;
    private boolean begun;
    private long awaited;

    ClientListening(Relay relay, boolean sessionMode) {
        this.relay = relay;
        this.sessionMode = sessionMode;
        this.notifications = new Notifications(relay, this::taken);
    }

    // Before something is sent

    /// Plans what is run in the place of a delivery's LISTEN and UNLISTEN.
    ///
    /// @param lease of the server that it goes to, if that is known
    /// @return false if the listener does not listen on their channels yet
    boolean prepare(Delivery delivery, @Nullable ServerLease lease) {
        if (sessionMode || !hasChannelStatement(delivery)) return true;
        if (delivery.listensItself && !involved) wantNothing();
        if (isLeftToServer(delivery, lease)) return true;
        // A transaction that listens hears what it has notified before that too.
        boolean mayListen = !notified && !mayNotify(delivery);
        if (!involved) notifications.forgetInterruption();
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) plan(batch.message(i), delivery.plan(i), batch, mayListen);
        return isReady();
    }

    private static boolean hasChannelStatement(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (ChannelStatement.is(classes.get(i))) return true;
        return false;
    }

    /// Whether the client's own server has to do it, where the session is then pinned to.
    private boolean isLeftToServer(Delivery delivery, @Nullable ServerLease lease) {
        if (delivery.listensItself || !relay.session().encoding().equals("UTF8")) return true;
        if (hasItsOwnThere()) return true;
        if (lease != null && (lease.isStandby() || lease.doubts().may().has(Residue.LISTENS))) return true;
        return false;
    }

    private void plan(ClientMessage message, MessagePlan plan, Batch batch, boolean mayListen) {
        plan.channel = null;
        if (message.type != MessageType.QUERY && message.type != MessageType.BIND) return;
        if (!ChannelStatement.is(plan.runs)) return;
        var text = text(message, plan, batch);
        var asked =
                text == null ? null : ChannelStatement.of(text, relay.session().standardStrings());
        if (asked == null || asked.listens() && !mayListen) return;
        if (asked.listens() ? want(asked.channel()) : subscription != null) plan.channel = asked;
    }

    /// The text that a Query runs or a Bind names; null if it is not had whole.
    private static byte @Nullable [] text(ClientMessage message, MessagePlan plan, Batch batch) {
        if (message.type == MessageType.BIND) {
            var definition = plan.statement == null ? null : plan.statement.definition();
            if (definition == null || !isWithoutParameters(message, batch)) return null;
            return Arrays.copyOf(definition, endOfText(definition));
        }
        if (message.large || message.size < HEADER + 1) return null;
        var text = new byte[message.size - HEADER - 1];
        Objects.requireNonNull(batch.bytes()).getBytes(batch.from() + message.start + HEADER, text);
        return text;
    }

    /// Whether a Bind gives no parameters and no formats; with some it fails, in the server's own words.
    private static boolean isWithoutParameters(ClientMessage message, Batch batch) {
        var buffer = Objects.requireNonNull(batch.bytes());
        int from = batch.from() + message.start;
        int end = from + message.size;
        int portalEnd = WireReader.endOfString(buffer, from + HEADER, end);
        int nameEnd = WireReader.endOfString(buffer, portalEnd + 1, end);
        return nameEnd + 5 <= end && buffer.getInt(nameEnd + 1) == 0;
    }

    private static int endOfText(byte[] definition) {
        int end = 0;
        while (definition[end] != 0) end++;
        return end;
    }

    /// Asks the listener to listen on a channel, if it does not; false if that may not be asked for.
    private boolean want(@Nullable String channel) {
        if (channel == null || notifications.channels() + wanted.size() >= MOST_CHANNELS) return false;
        if (!wanted.containsKey(channel)) wanted.put(channel, subscription().want(channel));
        return true;
    }

    /// The statement to run instead.
    private static String statement(ChannelStatement asked, Subscription subscription) {
        var channel = asked.channel();
        return asked.listens() && channel != null
                ? subscription.toSubscribe(channel)
                : subscription.toUnsubscribe(channel);
    }

    private Subscription subscription() {
        var mine = subscription;
        if (mine != null) return mine;
        var session = relay.session();
        mine = relay.services()
                .listeners()
                .begin(session.database(), session.user(), relay.client().eventLoop(), this::arrived);
        subscription = mine;
        return mine;
    }

    /// Whether the listener listens on all channels that the client is about to listen to.
    boolean isReady() {
        for (var wish : wanted.entrySet()) if (!notifications.isReady(wish.getKey(), wish.getValue())) return false;
        return true;
    }

    /// The statements that make the client's own server listen too, for a delivery that shows what it
    /// listens on.
    List<String> toShow(Delivery delivery, ServerConnection server) {
        if (sessionMode || !delivery.statements.seesChannels()) return List.of();
        return shown.statements(server, notifications.subscribed(), !hasItsOwnThere());
    }

    /// What makes the client's own server listen too is sent.
    void showing(ServerConnection server) {
        shown.sending(server, notifications.subscribed());
    }

    /// Whether the client's own server listens for it.
    private boolean hasItsOwnThere() {
        return relay.session().held().has(Residue.LISTENS);
    }

    /// Whether a delivery may be sent behind what is under way: one whose end must be held back may not.
    boolean mayFollow(Delivery delivery) {
        if (!concerns(delivery)) return true;
        var open = relay.deliveries().open();
        return relay.deliveries().isNoneSent() && (open == null || open == delivery);
    }

    /// Whether the delivery is about channels, or may send the client notifications of its own.
    boolean concerns(Delivery delivery) {
        return !sessionMode && (hasChannelStatement(delivery) || isSubscribed() && mayNotify(delivery));
    }

    private boolean isSubscribed() {
        return notifications.channels() > 0 || !changes.isEmpty();
    }

    private static boolean mayNotify(Delivery delivery) {
        var classes = delivery.statements.classes();
        for (int i = 0; i < classes.size(); i++) if (mayNotify(classes.get(i))) return true;
        return false;
    }

    /// Whether the message runs something that notifies as far as the text tells.
    static boolean mayNotify(ClientMessage message, MessagePlan plan) {
        return (message.type == MessageType.QUERY || message.type == MessageType.EXECUTE) && mayNotify(plan.runs);
    }

    private static boolean mayNotify(QueryClass ran) {
        for (int i = 0; i < ran.parts().size(); i++) if (mayNotify(ran.parts().get(i))) return true;
        return ran.statement().equals("NOTIFY") || ran.calls("pg_notify");
    }

    // What is sent, and what answers tell

    /// The present part of a delivery is about to be sent.
    void sending(Delivery delivery, ServerLease lease) {
        if (sessionMode || lease.isStandby()) return;
        if ((isSubscribed() || delivery.statements.label().equals("write")) && mayNotify(delivery))
            notifies(delivery, lease);
        noteChanges(delivery);
    }

    private void notifies(Delivery delivery, ServerLease lease) {
        notified = true;
        if (subscription == null || !isSubscribed()) return;
        involved = true;
        if (begun || !delivery.first || lease.server().ledger().isOpen()) return;
        begun = true;
        delivery.before = ascii(subscription.toBegin());
    }

    private static byte[] ascii(String statement) {
        return statement.getBytes(StandardCharsets.US_ASCII);
    }

    private void noteChanges(Delivery delivery) {
        if (subscription == null) return;
        // It may have been sent before, or stand for another one that was discarded.
        if (delivery.first) unanswered.removeIf(each -> each.by() == delivery);
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var plan = delivery.plan(i);
            if (plan.channel != null) {
                plan.instead = ascii(statement(plan.channel, subscription));
                changes.add(plan.channel);
                involved = true;
            } else {
                noteUnlistened(batch.message(i), plan, delivery);
            }
        }
    }

    /// UNLISTEN on the client's own server counts for what is listened on elsewhere too.
    private void noteUnlistened(ClientMessage message, MessagePlan plan, Delivery delivery) {
        if (message.type != MessageType.QUERY && message.type != MessageType.BIND) return;
        if (!ChannelStatement.unlistens(plan.runs)) return;
        var text = text(message, plan, Objects.requireNonNull(delivery.part));
        if (text == null) return;
        for (var each : ChannelStatement.unlistens(text, relay.session().standardStrings()))
            unanswered.add(new Sent(delivery, each));
    }

    /// A statement of the client has completed.
    void completed(QueryClass ran, CommandTag tag) {
        switch (ran.transaction()) {
            case ROLLBACK -> rolledBack();
            case COMMIT -> {
                if (tag != CommandTag.COMMIT) rolledBack();
            }
            case NONE, BEGIN, BEGIN_READ_ONLY, INSIDE -> {}
        }
        if (ran.session() instanceof SessionEffect.DiscardAll) unlisten(null);
    }

    private void rolledBack() {
        var running = relay.deliveries().answering();
        changes.clear();
        unlistened.clear();
        unanswered.removeIf(each -> each.by() == running);
    }

    /// All of a delivery has been answered.
    void answered(Delivery delivery) {
        if (unanswered.isEmpty()) return;
        for (var each : unanswered) if (each.by() == delivery) unlistened.add(each.statement());
        unanswered.removeIf(each -> each.by() == delivery);
    }

    void transactionEnded(boolean committed) {
        if (!committed) rolledBack();
        // A LISTEN in the queue has come before.
        if (!involved) unlisten();
        notified = false;
    }

    private void unlisten() {
        if (unlistened.isEmpty()) return;
        for (var each : unlistened) unlisten(each.channel());
        unlistened.clear();
    }

    /// @param channel null for all channels
    private void unlisten(@Nullable String channel) {
        if (subscription == null) return;
        subscription.unsubscribe(channel);
        notifications.forget(channel);
    }

    /// The server is lost, and with it the transaction; if that was committed after all, the listener
    /// tells.
    void lost() {
        rolledBack();
        unanswered.clear();
        settle();
        notified = false;
    }

    // The end of the transaction

    /// Whether the transaction has to do with LISTEN or NOTIFY, so that its end is to be marked.
    boolean isInvolved() {
        return involved;
    }

    /// The statement that marks the end; null if nobody would hear of it.
    @Nullable
    String toEnd() {
        if (subscription == null || !notifications.isHeard()) return null;
        var statement = subscription.toEnd();
        awaited = subscription.lastNumber();
        return statement;
    }

    /// Whether the mark has come, or will not come.
    boolean isMarked() {
        return notifications.marked() >= awaited || !notifications.isHeard();
    }

    /// The transaction is over: what the listener has not heard of is told.
    void settle() {
        if (notifications.marked() < awaited || notifications.isInterrupted()) changes.forEach(this::tell);
        unlisten();
        notifications.dropUnlistened();
        wantNothing();
        changes.clear();
        involved = false;
        begun = false;
    }

    private void wantNothing() {
        if (subscription != null && !wanted.isEmpty()) subscription.wantNothing();
        wanted.clear();
    }

    private void tell(ChannelStatement change) {
        if (subscription == null) return;
        var channel = change.channel();
        if (change.listens() && channel != null) subscription.subscribe(channel);
        else subscription.unsubscribe(channel);
    }

    // What comes

    private void arrived(List<Arrival> arrivals) {
        relay.client().run(() -> {
            for (var each : arrivals) notifications.arrived(each);
        });
        relay.wake();
    }

    /// Whether a notification of the client's own server comes from the listener too.
    boolean hears(ByteBuf frame, int start, int end) {
        if (subscription == null) return false;
        var channel = WireReader.string(frame, start + HEADER + 4, end);
        return notifications.isSubscribedTo(channel)
                || isAboutToSubscribe(channel)
                || shown.contains(channel) && !hasItsOwnThere();
    }

    private boolean isAboutToSubscribe(String channel) {
        for (var change : changes) if (change.listens() && channel.equals(change.channel())) return true;
        return false;
    }

    // What the client gets

    /// Whether something has come for the client that it has not got.
    boolean hasWaiting() {
        return notifications.hasWaiting();
    }

    /// Passes on what has come, between transactions only, as far as the client reads.
    void deliver() {
        if (relay.deferred() != null) return;
        notifications.deliver();
    }

    /// Passes on all that has come.
    void deliverAll() {
        notifications.deliverAll();
    }

    private void taken(int bytes) {
        if (subscription != null) subscription.taken(bytes);
    }

    /// The client has left.
    void close() {
        if (subscription != null) subscription.leave();
        notifications.close();
    }
}
