package org.pgdrover.cluster;

import java.util.Arrays;

/// A run of WAL insert positions of one primary, oldest first, each with the moment at which its
/// sampling began. It is immutable.
///
/// Both columns rise strictly. A position that was sampled again is kept once, with the later moment:
/// whatever the earlier one answers the later one answers as well or better.
final class WalSamples {
    static final WalSamples NONE = new WalSamples(new long[0], new long[0]);
    private static final int KEPT = 600;

    private final long[] startedNanos;
    private final long[] lsns;

    private WalSamples(long[] startedNanos, long[] lsns) {
        this.startedNanos = startedNanos;
        this.lsns = lsns;
    }

    /// With one more sample; a late one changes nothing. A primary that crashed may come back with less
    /// than it had inserted.
    WalSamples plus(long started, long lsn) {
        var last = lsns.length - 1;
        if (last >= 0 && started - startedNanos[last] <= 0) return this;
        if (last >= 0 && lsn < lsns[last]) return NONE.plus(started, lsn);
        var repeated = last >= 0 && lsns[last] == lsn;
        var kept = repeated ? last : Math.min(last + 1, KEPT - 1);
        var from = repeated ? 0 : last + 1 - kept;
        var times = Arrays.copyOfRange(startedNanos, from, from + kept + 1);
        var positions = Arrays.copyOfRange(lsns, from, from + kept + 1);
        times[kept] = started;
        positions[kept] = lsn;
        return new WalSamples(times, positions);
    }

    boolean isEmpty() {
        return lsns.length == 0;
    }

    /// The newest position, 0 if there is none.
    long newest() {
        return lsns.length == 0 ? 0 : lsns[lsns.length - 1];
    }

    /// The lowest position whose sampling began after the moment, or -1.
    long startedAfter(long nanoTime) {
        var low = 0;
        var high = lsns.length;
        if (high == 0 || startedNanos[high - 1] - nanoTime <= 0) return -1;
        while (low < high) {
            var middle = (low + high) >>> 1;
            if (startedNanos[middle] - nanoTime > 0) high = middle;
            else low = middle + 1;
        }
        return lsns[low];
    }

    /// The moment of the newest sample whose position a standby has replayed, or of the oldest sample if
    /// it has replayed none.
    long reachedNanos(long replayLsn) {
        return startedNanos[Math.max(0, reached(replayLsn))];
    }

    /// Whether the position of at least one sample has been replayed.
    boolean reachedAny(long replayLsn) {
        return lsns.length > 0 && lsns[0] <= replayLsn;
    }

    private int reached(long replayLsn) {
        var index = Arrays.binarySearch(lsns, replayLsn);
        return index >= 0 ? index : -index - 2;
    }
}
