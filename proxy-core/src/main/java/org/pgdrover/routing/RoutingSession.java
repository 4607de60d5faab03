package org.pgdrover.routing;

import org.jspecify.annotations.Nullable;
import org.pgdrover.cluster.Node;

/**
 * What routing must remember of one session: what it wrote and read, so that its reads never go back in time.
 *
 * <p>Positions are WAL positions, times are {@link System#nanoTime()}. Confined to the client's event loop.
 */
public final class RoutingSession {
    private final String database;
    private final GlobalWrites globalWrites;
    private @Nullable String pinned;
    private boolean wrote;
    private long lastWriteNanos;
    /** What a standby must have replayed. */
    private long floor;
    /** The standby that the session reads from, for as long as it may. */
    private @Nullable Node standby;

    private long lastReadNanos;
    private long drawnNanos;
    private long term;

    RoutingSession(String database, GlobalWrites globalWrites) {
        this.database = database;
        this.globalWrites = globalWrites;
    }

    String database() {
        return database;
    }

    /** The session holds state that only its connection to the primary has. */
    public void pin(String why) {
        pinned = why;
    }

    public void unpin() {
        pinned = null;
    }

    /** Why the session is pinned, or null. */
    public @Nullable String pinned() {
        return pinned;
    }

    /** The answer to a write has ended. */
    public void wrote(long nanoTime) {
        wrote = true;
        lastWriteNanos = nanoTime;
        globalWrites.wrote(nanoTime);
    }

    /** The answer to a read on a standby has ended. */
    public void read(Node node, long nanoTime) {
        standby = node;
        lastReadNanos = nanoTime;
    }

    /** The answer to a read on the primary has ended. */
    public void readOnPrimary(long nanoTime) {
        lastReadNanos = nanoTime;
    }

    boolean hasUnsampledWrite() {
        return wrote;
    }

    long lastWriteNanos() {
        return lastWriteNanos;
    }

    /** Everything the session wrote lies at or before this position. */
    void sampled(long position) {
        wrote = false;
        floor = Math.max(floor, position);
    }

    long floor() {
        return floor;
    }

    @Nullable
    Node standby() {
        return standby;
    }

    long lastReadNanos() {
        return lastReadNanos;
    }

    long drawnNanos() {
        return drawnNanos;
    }

    void drew(Node node, long nanoTime) {
        standby = node;
        drawnNanos = nanoTime;
    }

    /**
     * Another node is primary now. Positions of the old timeline beyond the fork mean nothing on the new one, so what the session has seen counts
     * as written just now.
     */
    void enterTerm(long current, long nanoTime) {
        if (term == current) return;
        boolean first = term == 0 && floor == 0 && standby == null && !wrote;
        term = current;
        if (first) return;
        floor = 0;
        standby = null;
        wrote = true;
        lastWriteNanos = nanoTime;
    }
}
