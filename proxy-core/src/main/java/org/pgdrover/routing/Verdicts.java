package org.pgdrover.routing;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residues;

/// Remembers what was judged of the statements that a session ran last.
///
/// A statement is judged several times on its way, and a prepared one comes again and again. A verdict
/// holds for as long as the catalog is the same, as the open transaction sees it. A later statement may
/// take an older one's place. Confined to the client's event loop.
final class Verdicts {
    /// A power of two; a transaction has seldom more statements.
    private static final int SIZE = 16;

    /// What a statement may do.
    ///
    /// @param residues what it may leave in the session
    /// @param usesSequences whether it may use, or change, what sequences have given in the session
    /// @param mayDeallocate whether a function that it calls may prepare or deallocate statements
    record Verdict(Residues residues, boolean usesSequences, boolean mayDeallocate) {
        private static final Verdict NOTHING = new Verdict(Residues.NONE, false, false);

        static Verdict of(Residues residues, boolean usesSequences, boolean mayDeallocate) {
            boolean nothing = residues.isNone() && !usesSequences && !mayDeallocate;
            return nothing ? NOTHING : new Verdict(residues, usesSequences, mayDeallocate);
        }
    }

    /// Of the catalog by which they were judged. The catalog itself is not kept: an idle session would hold it.
    private long version = DatabaseCatalog.NO_VERSION;
    private @Nullable QueryClass[] judged = {};
    private @Nullable Verdict[] verdicts = {};

    /// The verdict on a statement by a catalog; null if there is none.
    @Nullable
    Verdict find(QueryClass query, DatabaseCatalog by) {
        if (version != by.version()) return null;
        int slot = slot(query);
        return judged[slot] == query ? verdicts[slot] : null;
    }

    void add(QueryClass query, DatabaseCatalog by, Verdict verdict) {
        if (version != by.version()) {
            clear();
            version = by.version();
            if (judged.length == 0) {
                judged = new QueryClass[SIZE];
                verdicts = new Verdict[SIZE];
            }
        }
        int slot = slot(query);
        judged[slot] = query;
        verdicts[slot] = verdict;
    }

    private void clear() {
        version = DatabaseCatalog.NO_VERSION;
        Arrays.fill(judged, null);
        Arrays.fill(verdicts, null);
    }

    private static int slot(QueryClass query) {
        return System.identityHashCode(query) & (SIZE - 1);
    }
}
