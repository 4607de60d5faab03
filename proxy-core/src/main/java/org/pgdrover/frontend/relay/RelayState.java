package org.pgdrover.frontend.relay;

import org.jspecify.annotations.Nullable;

/// A state of a client's relay. Each does what can be done in it, and says which state is next.
///
/// ```
///            batch             server lent       server fit for it      over, nothing left in doubt
///   Idle ----------> WaitingForServer ----> Preparing ----> Working ------------------------> Idle
///     |  no primary        ^                     ^            |  |  |  in doubt
///     +---> WaitingForPrimary                    +------------+  |  +--> Inspecting --> Idle
///                                    next batch needs something  |
///                                                                +--> Restoring or Marking --> Working
///   Working --[nobody knows what the transaction has set]--> LearningSettings --> Working
///   Idle or Working --[LISTEN]--> WaitingForListener --> Idle's way, or Working
///   Working --[server lost]--> Doubting --> Idle (run again, or told) or TransactionLost --[client ends it]--> Idle
///   a batch that has not come whole fails --> Discarding --[Sync]--> Idle
///   ... or fails by an own question --> Refusing --> Working
///   ... or is lost when it has been answered so far --> LostBetweenAnswers --> Discarding or Idle
///   any --[client gone]--> Closed
/// ```
sealed interface RelayState
        permits Closed,
                Discarding,
                Doubting,
                Idle,
                Inspecting,
                LearningSettings,
                LostBetweenAnswers,
                Marking,
                Preparing,
                Refusing,
                Restoring,
                TransactionLost,
                WaitingForListener,
                WaitingForPrimary,
                WaitingForServer,
                WaitingForStandby,
                Working {
    /// Does what can be done now.
    ///
    /// @return the state that is next, which is asked at once; itself if there is nothing more to do for
    /// now
    RelayState proceed();

    /// Whether more is wanted from the client: the state can deal with its next message now.
    default boolean wantsInput() {
        return false;
    }

    /// The server that works for the client in this state; null if none does.
    default @Nullable ServerLease lease() {
        return null;
    }

    /// Whether the client, which has said goodbye, is owed nothing more.
    default boolean owesNothing() {
        return false;
    }

    /// Somebody asks to cancel what the client is running.
    ///
    /// @param done to be run once, when the request has reached the server, or has turned out to be of
    /// no use
    default void onCancel(Runnable done) {
        done.run();
    }

    /// Sends everything that was written.
    default void flush() {
        if (lease() instanceof ServerLease lease) lease.server().flush();
    }

    /// The client has left; this was its last state.
    default void onClosed() {}
}
