package org.pgdrover.pool;

import java.util.concurrent.atomic.AtomicInteger;

/// The server connections that all pools of one node may have together.
final class NodeBudget {
    private final int most;
    private final AtomicInteger taken = new AtomicInteger();

    /// @param most 0 is no limit
    NodeBudget(int most) {
        this.most = most;
    }

    boolean tryTake() {
        if (most == 0) return true;
        while (true) {
            int now = taken.get();
            if (now >= most) return false;
            if (taken.compareAndSet(now, now + 1)) return true;
        }
    }

    void give() {
        if (most != 0) taken.decrementAndGet();
    }

    boolean isExhausted() {
        return most != 0 && taken.get() >= most;
    }

    int most() {
        return most;
    }
}
