package org.pgdrover.frontend;

import org.pgdrover.protocol.codec.MessageDecoder;

/**
 * Where a client's relay stands: each state says what the client's next message, a cancel request and the client's leaving mean in it.
 *
 * <pre>
 *            batch          server lent            batch over, nothing left
 *   Idle ----------> Awaiting ----------> ServerLease ---------------------> Idle
 *     |  no primary     ^  \  settings differ  ^  \  server lost in a transaction
 *     +-----------> Holding  +--> Preparing ---+   +--> Lost --[client ends the transaction]--> Idle
 *
 *   a batch that has not come whole fails --> Discarding --[Sync]--> Idle
 *   any --[client gone]--> Closed
 * </pre>
 */
sealed interface RelayState {
    /** A state in which the client's next message can be dealt with. */
    sealed interface Listening extends RelayState permits Idle, ServerLease, Lost, Discarding {
        /**
         * A message of the client.
         *
         * @param large whether only its beginning is in hand
         */
        void onMessage(MessageDecoder message, boolean large);

        /** Copied data, or the rest of a large message. Where nobody works for the client it belongs to something that has failed. */
        default void onRun(MessageDecoder run) {}

        /** All that has come from the client for now has been dealt with: time to flush. */
        void onReadComplete();
    }

    /** A state in which a batch waits, and the client's next message with it. */
    sealed interface Waiting extends RelayState permits Awaiting, Preparing, Holding {}

    /** The client is gone. */
    record Closed() implements RelayState {}

    RelayState CLOSED = new Closed();

    /**
     * Somebody asks to cancel what the client is running.
     *
     * @param done to be run once the request has reached the server, or has turned out to be of no use
     */
    default void onCancel(Runnable done) {
        done.run();
    }

    /** The client has left; this was its last state. */
    default void onClosed() {}
}
