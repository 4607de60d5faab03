package org.pgdrover.failover;

import java.util.function.LongSupplier;
import org.pgdrover.cluster.Node;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import org.slf4j.event.Level;

/// The loss of a primary that is being dealt with. It knows what was lost, since when, and what has been
/// said of it.
///
/// Confined to the coordinator's thread.
final class PrimaryLoss {
    private static final Logger log = LoggerFactory.getLogger(FailoverCoordinator.class);

    private final PrimaryMemory memory;
    private final LongSupplier clock;
    private final long sinceNanos;
    private String lastSaid = "";
    private int attempts;

    /// It begins now.
    PrimaryLoss(PrimaryMemory memory, LongSupplier clock) {
        this.memory = memory;
        this.clock = clock;
        this.sinceNanos = clock.getAsLong();
    }

    PrimaryMemory memory() {
        return memory;
    }

    Node node() {
        return memory.node();
    }

    long sinceNanos() {
        return sinceNanos;
    }

    Elapsed elapsed() {
        return Elapsed.between(sinceNanos, clock.getAsLong());
    }

    /// Counts an attempt that failed and says how many there were.
    int failedAgain() {
        return ++attempts;
    }

    void info(String message, String reason) {
        say(Level.INFO, message, reason);
    }

    void warn(String message, String reason) {
        say(Level.WARN, message, reason);
    }

    /// Logs a step once, until another one follows; figures that move do not make it another one.
    private void say(Level level, String message, String reason) {
        var said = message + reason.replaceAll("[0-9.]+", "#");
        if (said.equals(lastSaid)) return;
        lastSaid = said;
        log.atLevel(level)
                .addKeyValue("lost", node())
                .addKeyValue("after", elapsed())
                .addKeyValue("reason", reason)
                .log(message);
    }
}
