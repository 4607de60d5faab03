package org.pgdrover.pool;

import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.SqlState;

/// The time for which a pool leaves a server alone that has just refused it.
///
/// It is one second, doubled with each refusal, fifteen at most; always one second where there is no such
/// database, for that is what clients wait for who have it made.
final class LoginBackoff {
    private static final long FIRST_NANOS = 1_000_000_000L;
    private static final long MOST_NANOS = 15_000_000_000L;
    private static final long UNREACHABLE_NANOS = 200_000_000L;

    private int refusals;
    private long until;
    private @Nullable Refusal last;
    private int generation;

    /// Changes whenever what was refused before counts no more.
    int generation() {
        return generation;
    }

    /// @param asked the generation when the login began
    /// @return whether the refusal counts
    boolean failed(Refusal refusal, int asked, long now) {
        if (asked != generation) return false;
        last = refusal;
        if (refusal.kind() == Refusal.Kind.UNREACHABLE) {
            until = now + UNREACHABLE_NANOS;
        } else if (refusal.error().sqlState().equals(SqlState.INVALID_CATALOG_NAME)) {
            until = now + FIRST_NANOS;
        } else {
            until = now + Math.min(FIRST_NANOS << Math.min(refusals, 4), MOST_NANOS);
            refusals++;
        }
        return true;
    }

    /// What the server has refused so far counts no more, nor does what it has been asked for.
    void forgive() {
        succeeded();
        generation++;
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
