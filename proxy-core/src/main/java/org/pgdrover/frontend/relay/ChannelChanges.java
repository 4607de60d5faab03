package org.pgdrover.frontend.relay;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.pgdrover.listening.Subscription;
import org.pgdrover.protocol.codec.MessageType;
import org.pgdrover.sql.ChannelStatement;

/// The changes that a transaction makes to its client's subscriptions.
final class ChannelChanges {
    /// An UNLISTEN for the client's own server that is not answered yet.
    private record Sent(Delivery by, ChannelStatement statement) {}

    private final Notifications notifications;
    /// What is run in the place of these tells the listener.
    private final List<ChannelStatement> changes = new ArrayList<>();
    /// What the client's own server ends.
    private final List<ChannelStatement> unlistened = new ArrayList<>();
    private final List<Sent> unanswered = new ArrayList<>();

    ChannelChanges(Notifications notifications) {
        this.notifications = notifications;
    }

    boolean isEmpty() {
        return changes.isEmpty();
    }

    /// Notes what a delivery that is about to be sent changes, and plans what is run in the place of that.
    ///
    /// @return whether anything is run in the place of something
    boolean note(Delivery delivery, Subscription subscription, boolean standardStrings) {
        // It may have been sent before, or stand for another one that was discarded.
        if (delivery.first) unanswered.removeIf(each -> each.by() == delivery);
        boolean any = false;
        var batch = Objects.requireNonNull(delivery.part);
        for (int i = 0; i < batch.messages(); i++) {
            var plan = delivery.plan(i);
            if (plan.channel != null) {
                plan.instead = statement(plan.channel, subscription).getBytes(StandardCharsets.US_ASCII);
                changes.add(plan.channel);
                any = true;
            } else {
                noteUnlistened(batch.message(i), plan, delivery, standardStrings);
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

    /// UNLISTEN on the client's own server counts for what is listened on elsewhere too.
    private void noteUnlistened(ClientMessage message, MessagePlan plan, Delivery delivery, boolean standardStrings) {
        if (message.type != MessageType.QUERY && message.type != MessageType.BIND) return;
        if (!ChannelStatement.unlistens(plan.runs)) return;
        var text = ChannelTexts.of(message, plan, Objects.requireNonNull(delivery.part));
        if (text == null) return;
        for (var each : ChannelStatement.unlistens(text, standardStrings)) unanswered.add(new Sent(delivery, each));
    }

    /// The client's own server has carried out the next UNLISTEN of a delivery.
    void unlistened(@Nullable Delivery running) {
        for (var each : unanswered) {
            if (each.by() != running) continue;
            unanswered.remove(each);
            unlistened.add(each.statement());
            return;
        }
    }

    /// All of a delivery has been answered.
    void answered(Delivery delivery) {
        if (!unanswered.isEmpty()) unanswered.removeIf(each -> each.by() == delivery);
    }

    /// What has been carried out is undone; UNLISTEN may stand behind that in the same string.
    void rolledBack() {
        changes.clear();
        unlistened.clear();
    }

    /// The server is lost.
    void lost() {
        changes.clear();
        unlistened.clear();
        unanswered.clear();
    }

    /// Ends what the client's own server has ended.
    void unlisten(@Nullable Subscription subscription) {
        if (unlistened.isEmpty()) return;
        for (var each : unlistened) unlisten(each.channel(), subscription);
        unlistened.clear();
    }

    /// @param channel null for all channels
    void unlisten(@Nullable String channel, @Nullable Subscription subscription) {
        if (subscription == null) return;
        subscription.unsubscribe(channel);
        notifications.forget(channel);
    }

    /// Tells the listener what it has not heard of.
    void tell(@Nullable Subscription subscription) {
        if (subscription == null) return;
        for (var change : changes) {
            var channel = change.channel();
            if (change.listens() && channel != null) subscription.subscribe(channel);
            else subscription.unsubscribe(channel);
        }
    }

    /// All of them are carried out.
    void clear() {
        changes.clear();
    }

    /// The last of them that is about a channel; null if none is.
    @Nullable
    ChannelStatement last(String channel) {
        ChannelStatement last = null;
        for (var change : changes) if (change.channel() == null || channel.equals(change.channel())) last = change;
        return last;
    }
}
