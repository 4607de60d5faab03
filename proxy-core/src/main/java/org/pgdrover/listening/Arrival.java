package org.pgdrover.listening;

import org.jspecify.annotations.Nullable;

/// A message from a listener to a subscriber, in the order of the server's queue.
public sealed interface Arrival {
    /// A notification of a channel that the subscriber has subscribed to.
    ///
    /// @param frame the whole NotificationResponse; shared, not to be changed
    /// @param processId of the backend that has notified
    record Notified(byte[] frame, int processId, String channel) implements Arrival {}

    /// The listener listens on a channel that the subscriber wants: what is committed from now on is
    /// heard.
    ///
    /// @param number of the wish
    record Ready(String channel, long number) implements Arrival {}

    /// A transaction of the subscriber that subscribes or unsubscribes has been committed.
    ///
    /// @param channel null for all channels
    record Changed(boolean subscribed, @Nullable String channel) implements Arrival {}

    /// A mark of the subscriber's own has passed through the queue.
    ///
    /// @param processId of the backend that it was sent by
    /// @param begins whether notifications of the subscriber itself follow
    record Marked(long number, int processId, boolean begins) implements Arrival {}

    /// The listener's connection is lost: nothing is heard, and marks may be missed.
    record Interrupted() implements Arrival {}

    /// The listener listens again on all channels of the subscriber; what was notified in between is
    /// missed.
    record Resumed() implements Arrival {}

    /// More has gathered for the subscriber than it may: nothing will come any more.
    record Overflown() implements Arrival {}
}
