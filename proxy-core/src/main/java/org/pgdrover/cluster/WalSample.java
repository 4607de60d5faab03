package org.pgdrover.cluster;

/// A WAL position of one node: inserted by a primary or replayed by a standby. It was asked for at a
/// [System#nanoTime()].
record WalSample(long startedNanos, boolean inRecovery, long lsn) {}
