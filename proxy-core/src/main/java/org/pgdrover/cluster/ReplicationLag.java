package org.pgdrover.cluster;

import java.util.concurrent.TimeUnit;

/// The distance of a standby from the primary, in WAL bytes and in time. The time is never less than the
/// true one.
record ReplicationLag(long bytes, long millis) {
    static final ReplicationLag NONE = new ReplicationLag(0, 0);

    /// Compares a standby's answer with the samples of the primary. Time since the last replayed commit
    /// would grow on an idle primary, so it is used only for a standby that is behind every sample kept.
    static ReplicationLag of(NodeReport standby, WalSamples primary) {
        if (primary.isEmpty()) return new ReplicationLag(0, Long.MAX_VALUE);
        var bytes = primary.newest() - standby.replayLsn();
        if (bytes <= 0) return NONE;
        var sinceReached = TimeUnit.NANOSECONDS.toMillis(
                Math.max(0, standby.startedNanos() - primary.reachedNanos(standby.replayLsn())));
        if (primary.reachedAny(standby.replayLsn())) return new ReplicationLag(bytes, sinceReached);
        var known = standby.replayAgeMillis() >= 0;
        return new ReplicationLag(bytes, known ? Math.max(sinceReached, standby.replayAgeMillis()) : Long.MAX_VALUE);
    }
}
