package org.pgdrover.server.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.slf4j.LoggerFactory;

/// Sets the level of the log at run time.
final class Logging {
    private Logging() {}

    /// @param level error, warn, info, debug or trace
    static void level(String level) {
        if (LoggerFactory.getLogger("org.pgdrover") instanceof Logger ours) ours.setLevel(Level.toLevel(level));
    }
}
