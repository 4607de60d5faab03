package org.pgdrover.cluster;

import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A node's report about itself in one probe.
///
/// @param startedNanos the [System#nanoTime()] before the question was sent
/// @param timeline the timeline that it writes, or as a standby the one that it follows
/// @param insertLsn a primary's WAL insert position; 0 for a standby
/// @param receiveLsn the WAL position up to which a standby has all WAL on disk; a primary's insert
/// position
/// @param replayLsn the WAL position up to which a standby has replayed; a primary's insert position
/// @param replayAgeMillis for a standby the time since the commit that it replayed last was made; -1 if
/// unknown
/// @param receiver a standby's WAL receiver, or null while none runs
/// @param synchronousStandbyNames a primary's setting, empty if it has none
/// @param syncStandbys application names of the standbys that a primary's commits wait for now
/// @param roleSettings what sessions begin with
public record NodeReport(
        long startedNanos,
        boolean inRecovery,
        long systemIdentifier,
        int timeline,
        long insertLsn,
        long receiveLsn,
        long replayLsn,
        long replayAgeMillis,
        @Nullable WalReceiver receiver,
        String synchronousStandbyNames,
        Set<String> syncStandbys,
        RoleSettings roleSettings) {
    public NodeReport {
        syncStandbys = Set.copyOf(syncStandbys);
    }

    /// Whether WAL is streaming in, from whomever.
    public boolean streaming() {
        return receiver != null && receiver.streaming();
    }
}
