package org.pgdrover.config;

import java.time.Duration;
import java.util.List;
import java.util.regex.Pattern;

/// The settings of where statements go.
///
/// @param readFunctions functions that count as reads whatever the catalog says, optionally
/// schema-qualified
/// @param writeFunctions functions that always go to the primary; wins over `readFunctions`
/// @param primaryPatterns statements in which one of these is found always go to the primary
public record RoutingConfig(
        boolean loadBalance,
        PrimaryReads primaryReads,
        Consistency consistency,
        Duration maxLag,
        List<String> readFunctions,
        List<String> writeFunctions,
        List<Pattern> primaryPatterns) {
    public static final RoutingConfig DEFAULT = new RoutingConfig(
            true,
            PrimaryReads.WHEN_NO_STANDBY,
            Consistency.SESSION,
            Duration.ofSeconds(10),
            List.of(),
            List.of(),
            List.of());

    public RoutingConfig {
        readFunctions = List.copyOf(readFunctions);
        writeFunctions = List.copyOf(writeFunctions);
        primaryPatterns = List.copyOf(primaryPatterns);
    }
}
