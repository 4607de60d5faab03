package org.pgdrover.pool;

import org.jspecify.annotations.Nullable;

/// The time for which a pool leaves a server alone that has just refused it. It is one second, doubled
/// with each refusal, fifteen at most.
final class LoginBackoff {
    private static final long FIRST_NANOS = 1_000_000_000L;
    private static final long MOST_NANOS = 15_000_000_000L;
    private static final long UNREACHABLE_NANOS = 200_000_000L;

    private int refusals;
    private long until;
    private @Nullable Refusal last;

    void failed(Refusal refusal, long now) {
        last = refusal;
        if (refusal.kind() == Refusal.Kind.UNREACHABLE) {
            until = now + UNREACHABLE_NANOS;
            return;
        }
        until = now + Math.min(FIRST_NANOS << Math.min(refusals, 4), MOST_NANOS);
        refusals++;
    }

    void succeeded() {
        refusals = 0;
        last = null;
    }

    /// The server's last refusal, if nothing has succeeded since; null if it has refused nothing.
    @Nullable
    Refusal last() {
        return last;
    }

    /// The refusal that still holds, or null if the server may be tried.
    @Nullable
    Refusal inForce(long now) {
        return last != null && now - until < 0 ? last : null;
    }
}
