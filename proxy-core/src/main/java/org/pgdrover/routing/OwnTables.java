package org.pgdrover.routing;

import java.util.HashSet;
import java.util.Set;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.SessionEffect;

/// A memory of the tables that a session has made and that changing leaves nothing in the session.
///
/// Nobody else can touch a table before its transaction commits, nor a temporary one ever. A table is known for as
/// long as nothing else runs that could give the table, or its name, something more: a definition, a function that
/// may define, a setting.
final class OwnTables {
    private static final int MOST = 256;

    private final Set<String> ofTransaction = new HashSet<>(0);
    private final Set<String> temporary = new HashSet<>(0);
    /// Those of the first that are temporary and stay when the transaction commits.
    private final Set<String> kept = new HashSet<>(0);
    private final Runnable changed;

    /// @param changed to be run whenever something else is known
    OwnTables(Runnable changed) {
        this.changed = changed;
    }

    boolean isEmpty() {
        return ofTransaction.isEmpty() && temporary.isEmpty();
    }

    /// Whether a table of this name is known, as it was written in its definition.
    boolean has(String name) {
        return !isEmpty() && (ofTransaction.contains(name) || temporary.contains(name));
    }

    /// A statement has made a table that is nothing but its columns.
    void made(QueryClass definition) {
        if (ofTransaction.size() + temporary.size() >= MOST) return;
        var name = definition.relations().getFirst();
        ofTransaction.add(name);
        boolean stays = SessionEffect.residues(definition.session()).has(Residue.TEMPORARY);
        if (Definition.isTemporary(definition) && stays) kept.add(name);
        changed.run();
    }

    /// Others see now what the transaction has made, but for what is temporary.
    void committed() {
        if (ofTransaction.isEmpty()) return;
        temporary.addAll(kept);
        rolledBack();
    }

    /// What the transaction has made, perhaps since a savepoint, is not there.
    void rolledBack() {
        if (ofTransaction.isEmpty()) return;
        ofTransaction.clear();
        kept.clear();
        changed.run();
    }

    /// Any of them may be gone, or may be more than its columns.
    void clear() {
        if (isEmpty()) return;
        ofTransaction.clear();
        kept.clear();
        temporary.clear();
        changed.run();
    }
}
