package org.pgdrover.simulation;

import java.util.List;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/// Says which BEGIN a server refuses, and lets clients begin transactions and cancel what comes first in them.
///
/// It has its own chance, so that older seeds say what they have always said.
final class Refusals {
    static final Unit CANCELLED = new Unit(List.of(Conversation.query("SELECT pg_sleep(0.02)")), true);
    private static final int SOON_NANOS = 3_000_000;

    private final RandomGenerator random;
    private final boolean some;
    private int untold;

    Refusals(long seed, boolean may) {
        random = new SplittableRandom(~seed);
        some = may && random.nextInt(3) > 0;
    }

    /// Whether the server refuses the BEGIN that it is about to run.
    boolean isRefused() {
        if (!some || random.nextInt(5) > 0) return false;
        untold++;
        return true;
    }

    /// Whether a client may hear now that a server has refused its BEGIN: only once for each.
    boolean take() {
        if (untold == 0) return false;
        untold--;
        return true;
    }

    /// What a client says instead of what it would have said.
    ///
    /// @param begun whether it has begun a transaction with what it has said last
    Unit instead(Unit next, boolean begun, boolean inTransaction, Conversation conversation) {
        if (!some) return next;
        if (begun)
            return switch (random.nextInt(4)) {
                case 0 -> CANCELLED;
                case 1 -> conversation.writes();
                default -> next;
            };
        if (inTransaction) return random.nextInt(4) == 0 ? Unit.of(Conversation.query("COMMIT")) : next;
        return random.nextInt(8) == 0 ? Unit.of(Conversation.query("BEGIN")) : next;
    }

    /// When a cancel of what comes first comes, in nanoseconds: likely before the statement itself runs.
    long soon() {
        return random.nextInt(SOON_NANOS);
    }

    static SqlError error() {
        return SqlError.of("57014", "canceling statement due to user request");
    }
}
