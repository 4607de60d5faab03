package org.pgdrover.frontend.relay;

import java.util.ArrayList;
import java.util.List;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.TransactionEffect;

/// The effects on transactions of what a batch executes, in its order. What the batch only prepares has none.
final class BatchTransactions {
    /// Statements of more classes than this, one behind another, are not understood.
    private static final int MOST_CLASSES = 1_000;

    private final List<QueryClass> executed = new ArrayList<>(2);
    /// How many of them earlier parts of the batch have given.
    private int before;

    void executes(QueryClass queryClass) {
        int size = executed.size();
        if (size > 0 && executed.get(size - 1) == queryClass) return;
        if (size < MOST_CLASSES) executed.add(queryClass);
        else if (size == MOST_CLASSES) executed.add(QueryClass.UNKNOWN);
    }

    /// Another part of the batch follows.
    void next() {
        before = executed.size();
    }

    /// Whether the last that was executed before the present part ends a transaction.
    boolean areOver() {
        if (before == 0) return false;
        var effect = executed.get(before - 1).transaction();
        return effect == TransactionEffect.COMMIT || effect == TransactionEffect.ROLLBACK;
    }

    /// Forgets those of the present part, which is judged again.
    void judgeAgain() {
        executed.subList(before, executed.size()).clear();
    }

    void clear() {
        executed.clear();
        before = 0;
    }

    /// Whether a transaction block is begun and left open.
    boolean open() {
        boolean open = false;
        for (int i = 0; i < executed.size(); i++) {
            var parts = executed.get(i).parts();
            if (parts.isEmpty()) open = isOpenBehind(executed.get(i), open);
            for (int k = 0; k < parts.size(); k++) open = isOpenBehind(parts.get(k), open);
        }
        return open;
    }

    private static boolean isOpenBehind(QueryClass each, boolean open) {
        if (each.transaction() == TransactionEffect.ROLLBACK || each.isUnknown()) return false;
        return open || each.transaction().begins();
    }

    /// Whether a transaction block is begun or ended.
    boolean areAny() {
        for (int i = 0; i < executed.size(); i++) {
            if (isAny(executed.get(i))) return true;
            for (var part : executed.get(i).parts()) if (isAny(part)) return true;
        }
        return false;
    }

    private static boolean isAny(QueryClass each) {
        return each.isUnknown()
                || each.transaction() != TransactionEffect.NONE && each.transaction() != TransactionEffect.INSIDE;
    }

    boolean rollBack() {
        for (int i = 0; i < executed.size(); i++)
            if (executed.get(i).transaction() == TransactionEffect.ROLLBACK) return true;
        return false;
    }

    boolean rollBackOnly() {
        return executed.size() == 1 && executed.getFirst().statement().equals("ROLLBACK");
    }

    boolean commitOnly() {
        return executed.size() == 1
                && executed.getFirst().transaction() == TransactionEffect.COMMIT
                && executed.getFirst().parts().isEmpty();
    }

    /// Whether a ROLLBACK ends a transaction, and something is executed behind that, outside of any block.
    boolean goOnBehindRollback() {
        boolean over = false;
        for (var whole : executed) {
            for (var each : whole.parts().isEmpty() ? List.of(whole) : whole.parts()) {
                if (each.transaction() == TransactionEffect.ROLLBACK) over = true;
                else if (each.transaction().begins()) over = false;
                else if (over && (each.access() == Access.WRITE || each.access() == Access.READ)) return true;
            }
        }
        return false;
    }
}
