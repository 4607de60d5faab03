package org.pgdrover.routing;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;

/// A memory of the tables that a session has made and that nobody else can have touched.
///
/// Those are the tables of the open transaction, which nobody else sees before it commits, and temporary ones. Of
/// each is known what changing it may leave in the session, though the catalog does not have it yet.
final class OwnTables {
    private static final int MOST = 256;

    /// @param lasts whether the table is a temporary one that stays when its transaction commits
    private record Table(Residues may, boolean lasts) {
        Table and(Residues more) {
            return new Table(may.and(more), lasts);
        }
    }

    private final Map<String, Table> ofTransaction = new HashMap<>(0);
    private final Map<String, Table> temporary = new HashMap<>(0);
    private final Runnable changed;

    /// @param changed to be run whenever something else is known
    OwnTables(Runnable changed) {
        this.changed = changed;
    }

    boolean isEmpty() {
        return ofTransaction.isEmpty() && temporary.isEmpty();
    }

    /// What changing a table of this name may leave; null if none is known to be the session's own.
    @Nullable
    Residues find(String name) {
        if (isEmpty()) return null;
        var found = ofTransaction.get(name);
        if (found == null) found = temporary.get(name);
        return found == null ? null : found.may();
    }

    /// A statement has succeeded.
    ///
    /// @param may what changing a table may leave that it has made, or what changing it may leave besides
    void ran(QueryClass query, Definition kind, Residues may) {
        switch (kind) {
            case NONE -> {
                if (query.statement().equals("DISCARD")) clear();
                else if (query.statement().equals("ROLLBACK TO")) rolledBack();
            }
            case OTHER -> {}
            case TABLE, TABLE_OF_QUERY -> {
                if (query.mayMakeNothing()) remove(query.relations());
                else if (!query.relations().isEmpty()) add(query, may);
            }
            case NAMES, LED_TO -> {
                if (query.statement().startsWith("DROP")) remove(query.relations());
                else alter(query.relations(), may);
            }
            case EVERYTHING -> remove(query.relations());
            case ANYTHING -> clear();
        }
    }

    private void add(QueryClass definition, Residues may) {
        if (ofTransaction.size() + temporary.size() >= MOST) return;
        var name = definition.relations().getFirst();
        var table = new Table(may, Definition.isTemporary(definition) && isKept(definition));
        ofTransaction.put(name, table);
        ofTransaction.put(bare(name), table);
        changed.run();
    }

    /// Whether a temporary table stays when its transaction commits.
    private static boolean isKept(QueryClass definition) {
        return SessionEffect.residues(definition.session()).has(Residue.TEMPORARY);
    }

    private void alter(List<String> names, Residues may) {
        if (isEmpty()) return;
        for (var name : names) {
            ofTransaction.computeIfPresent(name, (_, old) -> old.and(may));
            temporary.computeIfPresent(name, (_, old) -> old.and(may));
        }
        changed.run();
    }

    private void remove(List<String> names) {
        if (isEmpty()) return;
        for (var name : names) {
            ofTransaction.remove(name);
            ofTransaction.remove(bare(name));
            temporary.remove(name);
            temporary.remove(bare(name));
        }
        changed.run();
    }

    private static String bare(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /// Others see now what the transaction has made, but for what is temporary.
    void committed() {
        if (ofTransaction.isEmpty()) return;
        ofTransaction.values().removeIf(each -> !each.lasts());
        temporary.putAll(ofTransaction);
        rolledBack();
    }

    /// What the transaction has made, perhaps since a savepoint, is not there.
    void rolledBack() {
        if (ofTransaction.isEmpty()) return;
        ofTransaction.clear();
        changed.run();
    }

    /// Any of them may be gone.
    void clear() {
        if (isEmpty()) return;
        ofTransaction.clear();
        temporary.clear();
        changed.run();
    }
}
