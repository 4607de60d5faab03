package org.pgdrover.frontend.relay;

import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufUtil;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.listening.Arrival;
import org.pgdrover.listening.Subscription;
import org.pgdrover.protocol.CommandTag;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.protocol.codec.WireReader;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SavepointStatement;
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

    private final Relay relay;
    private final boolean sessionMode;
    private @Nullable Subscription subscription;
    private final Notifications notifications;
    private final ShownChannels shown;

    // What the transaction does
    private final Map<String, Long> wanted = new HashMap<>();
    private final ChannelChanges changes;
    private boolean involved;
    private boolean notified;
    private boolean begun;
    /// Whether the transaction has ended all subscriptions by DISCARD ALL.
    private boolean discarded;
    private long awaited;

    ClientListening(Relay relay, boolean sessionMode) {
        this.relay = relay;
        this.sessionMode = sessionMode;
        this.notifications = new Notifications(relay, this::taken);
        this.changes = new ChannelChanges(notifications);
        this.shown = new ShownChannels(relay, notifications);
    }

    // Before something is sent

    /// Plans what is run in the place of a delivery's LISTEN and UNLISTEN.
    ///
    /// @param lease of the server that it goes to, if that is known
    /// @return false if the listener does not listen on their channels yet
    boolean prepare(Delivery delivery, @Nullable ServerLease lease) {
        if (sessionMode || !ChannelTexts.areIn(delivery)) return true;
        if (delivery.listensItself && !involved) wantNothing();
        // A transaction that listens hears what it has notified before that too.
        boolean mayListen = !notified && !ChannelTexts.mayNotify(delivery);
        // What listens there to be shown has to end there too, and what is committed before has to be shown.
        boolean shows = delivery.statements.seesChannels() && (!mayListen || ChannelTexts.mayTakeBack(delivery));
        if (shows || isLeftToServer(delivery, lease)) return true;
        if (!involved) notifications.forgetInterruption();
        var batch = Objects.requireNonNull(delivery.part);
        boolean left = false;
        for (int i = 0; i < batch.messages(); i++)
            left |= plan(batch.message(i), delivery.plan(i), batch, mayListen, left);
        return isReady();
    }

    /// Whether the client's own server has to do it, where the session is then pinned to.
    private boolean isLeftToServer(Delivery delivery, @Nullable ServerLease lease) {
        if (delivery.listensItself || !relay.session().encoding().equals("UTF8")) return true;
        if (hasItsOwnThere() || mayListenUnseen(delivery)) return true;
        return lease != null && (lease.isStandby() || lease.doubts().may().has(Residue.LISTENS));
    }

    /// Whether something else in it may listen on the server, as DO may, which UNLISTEN ends there.
    private boolean mayListenUnseen(Delivery delivery) {
        var classes = delivery.statements.classes();
        var router = relay.services().router();
        for (int i = 0; i < classes.size(); i++) {
            var each = classes.get(i);
            if (!ChannelStatement.is(each)
                    && router.residues(each, relay.session().routing()).has(Residue.LISTENS)) return true;
        }
        return false;
    }

    /// @param left whether the client's own server is to listen, which has to end that too then
    /// @return whether that server is to listen because of this
    private boolean plan(ClientMessage message, MessagePlan plan, Batch batch, boolean mayListen, boolean left) {
        plan.channel = null;
        if (message.type != MessageType.QUERY && message.type != MessageType.BIND) return false;
        if (!ChannelStatement.is(plan.runs)) return false;
        var text = ChannelTexts.of(message, plan, batch);
        var asked =
                text == null ? null : ChannelStatement.of(text, relay.session().standardStrings());
        if (asked == null) return true;
        if (left) return false;
        if (asked.listens() ? mayListen && want(asked.channel()) : subscription != null) plan.channel = asked;
        return asked.listens() && plan.channel == null;
    }

    /// Asks the listener to listen on a channel, if it does not; false if that may not be asked for.
    private boolean want(@Nullable String channel) {
        if (channel == null || notifications.channels() + wanted.size() >= MOST_CHANNELS) return false;
        if (!wanted.containsKey(channel)) wanted.put(channel, subscription().want(channel));
        return true;
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

    /// The channels that the client's own server listens on to show them.
    ShownChannels shown() {
        return shown;
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
        return !sessionMode && (ChannelTexts.areIn(delivery) || isSubscribed() && ChannelTexts.mayNotify(delivery));
    }

    private boolean isSubscribed() {
        return notifications.channels() > 0 || !changes.isEmpty();
    }

    // What is sent, and what answers tell

    /// The present part of a delivery is about to be sent.
    void sending(Delivery delivery, ServerLease lease) {
        if (sessionMode || lease.isStandby()) return;
        if ((isSubscribed() || delivery.statements.label().equals("write")) && ChannelTexts.mayNotify(delivery))
            notifies(delivery, lease);
        if (subscription != null) involved |= changes.note(delivery, subscription, relay.session());
    }

    private void notifies(Delivery delivery, ServerLease lease) {
        notified = true;
        if (subscription == null || !isSubscribed()) return;
        involved = true;
        var ledger = lease.server().ledger();
        if (ledger.isDiscarding() || ledger.isCopyIn() || Following.mayCopy(relay, lease)) return;
        boolean mayTakeBack = ChannelTexts.mayTakeBack(delivery);
        if (begun && !mayTakeBack) return;
        begun = !mayTakeBack;
        delivery.before = subscription.toBegin().getBytes(StandardCharsets.US_ASCII);
    }

    /// A statement of the client has completed.
    void completed(QueryClass ran, CommandTag tag) {
        // What was sent before it, and ended since, may have told otherwise.
        if (ran.access() == Access.WRITE && ChannelTexts.mayNotify(ran)) notified = true;
        switch (ran.transaction()) {
            case ROLLBACK -> rolledBack();
            case COMMIT -> {
                if (tag == CommandTag.COMMIT) changes.committed();
                else rolledBack();
            }
            case INSIDE -> {
                if (SavepointStatement.is(ran))
                    changes.savepoint(relay.deliveries().answering());
                // What has told the listener of the transaction may be taken back, too.
                if (ran.statement().equals("ROLLBACK TO")) begun = false;
            }
            case NONE, BEGIN, BEGIN_READ_ONLY -> {}
        }
        if (ChannelStatement.is(ran)) channelChanged(ran, tag);
        if (ran.session() instanceof SessionEffect.DiscardAll) discardedAll();
    }

    /// The listener may have heard already of a LISTEN that stands behind it in the same batch, and would end that too.
    private void discardedAll() {
        discarded = true;
        changes.clear();
        changes.unlisten(null, subscription);
    }

    private void channelChanged(QueryClass ran, CommandTag tag) {
        var running = relay.deliveries().answering();
        if (tag == CommandTag.NOTIFY) changes.told(running);
        else if (ran.statement().equals("UNLISTEN")) changes.unlistened(running);
        else changes.listened(running);
    }

    private void rolledBack() {
        changes.rolledBack();
        begun = false;
    }

    /// All of a delivery has been answered.
    void answered(Delivery delivery) {
        changes.answered(delivery);
    }

    void transactionEnded(boolean committed) {
        if (!committed) rolledBack();
        // A LISTEN in the queue has come before.
        if (!involved) {
            changes.unlisten(subscription, shown);
            changes.clear();
            discarded = false;
        }
        notified = false;
    }

    /// The server is lost, and with it the transaction; if that was committed after all, the listener
    /// tells.
    void lost() {
        changes.lost();
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
        if (discarded || notifications.marked() < awaited || notifications.isInterrupted()) changes.tell(subscription);
        changes.unlisten(subscription, shown);
        notifications.dropUnlistened();
        wantNothing();
        changes.clear();
        involved = false;
        begun = false;
        discarded = false;
    }

    private void wantNothing() {
        if (subscription != null && !wanted.isEmpty()) subscription.wantNothing();
        wanted.clear();
        notifications.forgetReady();
    }

    // What comes

    private void arrived(List<Arrival> arrivals) {
        relay.client().run(() -> {
            for (var each : arrivals) notifications.arrived(each);
        });
        relay.wake();
    }

    /// Whether a notification of the client's own server comes from the listener too.
    boolean hears(ByteBuf frame, int start, int end, ServerLease lease) {
        if (subscription == null) return false;
        int name = start + HEADER + 4;
        var bytes = ByteBufUtil.getBytes(frame, name, WireReader.endOfString(frame, name, end) - name);
        var channel = ClientEncoding.text(relay.session().encoding(), bytes);
        // What the listener has heard before an UNLISTEN is dropped, but the client may have listened again there.
        var last = changes.last(channel);
        boolean subscribed = last == null ? notifications.isSubscribedTo(channel) : last.listens();
        return subscribed || shown.isOn(lease, channel) && !hasItsOwnThere() && !changes.listensItself(channel);
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
