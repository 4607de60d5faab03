package org.pgdrover.config;

import java.time.Duration;

/// The settings of what is logged.
///
/// @param level one of error, warn, info, debug, trace
/// @param statements whether every statement is logged with the node it went to
/// @param slowStatement a statement that takes longer is logged; zero is none
/// @param literals whether statements are logged with the data in them
public record LogConfig(String level, boolean statements, Duration slowStatement, boolean literals) {
    public static final LogConfig DEFAULT = new LogConfig("info", false, Duration.ofSeconds(1), false);
}
