package org.pgdrover.cluster;

import org.jspecify.annotations.Nullable;

/// The samples of the primary's WAL insert position. They are written by the primary's watch, read by
/// everybody, and emptied when the primary changes.
///
/// Thread-safe; a read is one volatile read.
final class WalSampleLog {
    private volatile WalSamples samples = WalSamples.NONE;
    private @Nullable Node owner;

    WalSamples current() {
        return samples;
    }

    synchronized void add(Node node, long startedNanos, long lsn) {
        if (node.equals(owner)) samples = samples.plus(startedNanos, lsn);
    }

    /// Positions of another primary mean nothing any more: the new one may have left the old one's path
    /// before them.
    synchronized void startOver(Node newOwner) {
        owner = newOwner;
        samples = WalSamples.NONE;
    }
}
