package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.frontend.session.ClientEncoding;
import org.pgdrover.frontend.session.ClientSession;
import org.pgdrover.listening.Subscription;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.ChannelStatement;
import org.pgdrover.sql.SavepointStatement;

/// The changes that a transaction makes to its client's subscriptions.
final class ChannelChanges {
    /// Most savepoints that are kept apart: whoever goes back to one of more goes back further here.
    private static final int MOST_SAVEPOINTS = 1_000;

    /// What a statement does here.
    private sealed interface Step {}

    /// A statement is run in the place of a LISTEN or UNLISTEN, and tells the listener.
    private record Told(ChannelStatement change) implements Step {}

    /// The client's own server ends its listening.
    private record Unlistened(ChannelStatement change) implements Step {}

    /// The client's own server begins to listen.
    private record Listened(ChannelStatement change) implements Step {}

    /// A savepoint is made, released or gone back to.
    private record Savepoint(SavepointStatement statement) implements Step {}

    /// A step that is not answered yet.
    private record Sent(Delivery by, Step step) {}

    private final Notifications notifications;
    private final ArrayDeque<Sent> unanswered = new ArrayDeque<>(0);
    /// What has been carried out, in its order, with the savepoints that there are.
    private final List<Step> done = new ArrayList<>();
    /// How much of that no rollback undoes.
    private int committed;

    ChannelChanges(Notifications notifications) {
        this.notifications = notifications;
    }

    /// Whether nothing is run in the place of a LISTEN or UNLISTEN.
    boolean isEmpty() {
        for (var each : done) if (each instanceof Told) return false;
        for (var each : unanswered) if (each.step() instanceof Told) return false;
        return true;
    }

    /// Notes what a delivery that is about to be sent changes, and plans what is run in the place of that.
    ///
    /// @return whether anything is run in the place of something
    boolean note(Delivery delivery, Subscription subscription, ClientSession session) {
        // It may have been sent before, or stand for another one that was discarded.
        if (delivery.first) unanswered.removeIf(each -> each.by() == delivery);
        boolean any = false;
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var plan = delivery.plan(i);
            if (plan.channel != null) {
                plan.instead = statement(plan.channel, subscription).getBytes(StandardCharsets.US_ASCII);
                unanswered.add(new Sent(delivery, new Told(plan.channel)));
                any = true;
            } else {
                noteOthers(batch.message(i), plan, delivery, session);
            }
        }
        return any;
    }

    /// The statement to run instead.
    private static String statement(ChannelStatement asked, Subscription subscription) {
        var channel = asked.channel();
        return asked.listens() && channel != null
                ? subscription.toSubscribe(channel)
                : subscription.toUnsubscribe(channel);
    }

    /// What is left to the client's own server. UNLISTEN there counts for what is listened on elsewhere too.
    private void noteOthers(ClientMessage message, MessagePlan plan, Delivery delivery, ClientSession session) {
        if (message.type != MessageType.QUERY && message.type != MessageType.BIND) return;
        boolean channels = ChannelStatement.areIn(plan.runs);
        boolean savepoints = SavepointStatement.areIn(plan.runs);
        if (!channels && !savepoints) return;
        var text = ChannelTexts.of(message, plan, Objects.requireNonNull(delivery.part));
        // The same server has to end that in the rest of the batch.
        if (text == null) delivery.listensItself |= channels;
        if (text == null) return;
        text = ClientEncoding.inUtf8(session.encoding(), text);
        if (channels)
            for (var each : ChannelStatement.all(text, session.standardStrings())) {
                delivery.listensItself |= each.listens();
                unanswered.add(new Sent(delivery, each.listens() ? new Listened(each) : new Unlistened(each)));
            }
        if (savepoints)
            for (var each : SavepointStatement.all(text, session.standardStrings()))
                unanswered.add(new Sent(delivery, new Savepoint(each)));
    }

    // What answers tell

    /// The statement that is run in the place of a delivery's next LISTEN or UNLISTEN has been carried out.
    void told(@Nullable Delivery running) {
        if (next(running, Told.class) instanceof Told told) done.add(told);
    }

    /// The client's own server has carried out the next UNLISTEN of a delivery.
    void unlistened(@Nullable Delivery running) {
        if (next(running, Unlistened.class) instanceof Unlistened unlistened) done.add(unlistened);
    }

    /// The client's own server has carried out the next LISTEN of a delivery.
    void listened(@Nullable Delivery running) {
        if (next(running, Listened.class) instanceof Listened listened) done.add(listened);
    }

    /// The client's own server has carried out the next statement of a delivery that is about a savepoint.
    void savepoint(@Nullable Delivery running) {
        if (!(next(running, Savepoint.class) instanceof Savepoint savepoint)) return;
        var name = savepoint.statement().name();
        switch (savepoint.statement().kind()) {
            case MADE -> {
                if (done.size() < MOST_SAVEPOINTS) done.add(savepoint);
            }
            case RELEASED -> {
                int at = find(name);
                for (int i = done.size() - 1; i >= Math.max(at, committed); i--)
                    if (done.get(i) instanceof Savepoint) done.remove(i);
            }
            case GONE_BACK_TO ->
                done.subList(Math.min(find(name) + 1, done.size()), done.size()).clear();
        }
    }

    /// Where the newest savepoint of a name is; what was never noted is older than all that was.
    private int find(String name) {
        for (int i = done.size() - 1; i >= committed; i--)
            if (done.get(i) instanceof Savepoint(var made) && made.name().equals(name)) return i;
        return committed - 1;
    }

    private @Nullable Step next(@Nullable Delivery running, Class<? extends Step> kind) {
        for (var all = unanswered.iterator(); all.hasNext(); ) {
            var each = all.next();
            if (each.by() != running || !kind.isInstance(each.step())) continue;
            all.remove();
            return each.step();
        }
        return null;
    }

    /// All of a delivery has been answered.
    void answered(Delivery delivery) {
        if (!unanswered.isEmpty()) unanswered.removeIf(each -> each.by() == delivery);
    }

    /// What has been carried out holds; more may stand behind that in the same string.
    void committed() {
        done.removeIf(Savepoint.class::isInstance);
        committed = done.size();
    }

    /// What has been carried out is undone; more may stand behind that in the same string.
    void rolledBack() {
        done.subList(committed, done.size()).clear();
    }

    /// The server is lost.
    void lost() {
        clear();
        unanswered.clear();
    }

    // What comes of it

    /// Ends what the client's own server has ended.
    void unlisten(@Nullable Subscription subscription, ShownChannels shown) {
        for (var each : done) {
            if (each instanceof Unlistened(var change)) unlisten(change.channel(), subscription);
            if (each instanceof Listened(var change)) shown.forget(change.channel());
        }
        done.removeIf(each -> each instanceof Unlistened || each instanceof Listened);
        committed = Math.min(committed, done.size());
    }

    /// @param channel null for all channels
    void unlisten(@Nullable String channel, @Nullable Subscription subscription) {
        if (subscription == null) return;
        subscription.unsubscribe(channel);
        notifications.forget(channel);
    }

    /// Tells the listener what it has not heard of; nothing more comes of what the client listens to no more.
    void tell(@Nullable Subscription subscription) {
        if (subscription == null) return;
        for (var each : done) {
            if (!(each instanceof Told(var change))) continue;
            var channel = change.channel();
            if (!change.listens() || channel == null) {
                subscription.unsubscribe(channel);
            } else {
                subscription.subscribe(channel);
                notifications.subscribe(channel);
            }
        }
        for (var channel : List.copyOf(notifications.subscribed()))
            if (last(channel) instanceof ChannelStatement change && !change.listens()) notifications.forget(channel);
    }

    /// All of them are carried out.
    void clear() {
        done.clear();
        committed = 0;
    }

    /// The last of them that is about a channel and about its subscription; null if none is.
    @Nullable
    ChannelStatement last(String channel) {
        ChannelStatement last = null;
        for (var each : done) {
            var change = switch (each) {
                case Told told -> told.change();
                case Unlistened unlistened -> unlistened.change();
                case Listened _, Savepoint _ -> null;
            };
            if (change != null && isAbout(change, channel)) last = change;
        }
        return last;
    }

    /// Whether the client's own server has begun to listen on a channel.
    boolean listensItself(String channel) {
        boolean listens = false;
        for (var each : done) {
            if (each instanceof Listened(var change) && isAbout(change, channel)) listens = true;
            if (each instanceof Unlistened(var change) && isAbout(change, channel)) listens = false;
        }
        return listens;
    }

    private static boolean isAbout(ChannelStatement change, String channel) {
        return change.channel() == null || channel.equals(change.channel());
    }
}
