package org.pgdrover.backend;

import org.jspecify.annotations.Nullable;

/// Counts the cancel requests that are on their way to a server connection. It keeps what has to wait
/// until all have arrived.
final class CancelsUnderWay {
    private int count;
    private @Nullable Runnable waiting;

    void started() {
        count++;
    }

    void ended() {
        count--;
        var next = waiting;
        if (count > 0 || next == null) return;
        waiting = null;
        next.run();
    }

    /// Runs the action once none is under way: at once as a rule.
    void whenDone(Runnable action) {
        if (count == 0) action.run();
        else waiting = action;
    }
}
