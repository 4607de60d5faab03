package org.pgdrover.cluster;

/** A WAL position of one node: inserted by a primary or replayed by a standby, asked for at a {@link System#nanoTime()}. */
record WalSample(long startedNanos, boolean inRecovery, long lsn) {}
