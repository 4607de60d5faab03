package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.LongSupplier;

/// One PostgreSQL server of the model: its role, what it has replayed, and what its sessions share.
final class ModelNode {
    private final String name;
    private final ModelData data;
    private final LongSupplier clock;
    private final List<ModelSession> sessions = new ArrayList<>();
    private final Map<Long, ModelSession> locks = new HashMap<>();
    private boolean up = true;
    private boolean recovery;
    private long lag;
    private long replayed;
    private int nextProcess;

    ModelNode(String name, ModelData data, boolean recovery, int firstProcess, LongSupplier clock) {
        this.name = name;
        this.data = data;
        this.recovery = recovery;
        this.nextProcess = firstProcess;
        this.clock = clock;
    }

    String name() {
        return name;
    }

    ModelData data() {
        return data;
    }

    long now() {
        return clock.getAsLong();
    }

    int newProcess() {
        return nextProcess++;
    }

    boolean isUp() {
        return up;
    }

    void up(boolean now) {
        up = now;
        if (!now) {
            sessions.clear();
            locks.clear();
        }
    }

    boolean inRecovery() {
        return recovery;
    }

    void recovery(boolean now) {
        recovery = now;
    }

    void lag(long nanos) {
        position();
        lag = nanos;
    }

    /// What a query sees now: all that is committed on a primary, what has been replayed on a standby.
    long position() {
        if (!recovery) return data.position();
        replayed = Math.max(replayed, data.positionAt(now() - lag));
        return replayed;
    }

    List<ModelSession> sessions() {
        return sessions;
    }

    /// Who holds a session's or a transaction's advisory lock.
    Map<Long, ModelSession> locks() {
        return locks;
    }
}
