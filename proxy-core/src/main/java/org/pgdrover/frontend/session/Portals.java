package org.pgdrover.frontend.session;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.QueryClass;

/// The portals of a session's transaction, with what each runs.
///
/// They live as long as the transaction; what they run must be known when they are executed.
public final class Portals {
    private final Map<String, QueryClass> named = new HashMap<>();
    private @Nullable QueryClass unnamed;

    /// A Bind of this portal has been sent.
    public void bound(String name, QueryClass runs) {
        if (name.isEmpty()) unnamed = runs;
        else if (runs == QueryClass.NOT_PREPARED) named.remove(name);
        else named.put(name, runs);
    }

    /// What a portal runs.
    public QueryClass find(String name) {
        var runs = name.isEmpty() ? unnamed : named.get(name);
        return runs == null ? QueryClass.NOT_PREPARED : runs;
    }

    void clear() {
        if (!named.isEmpty()) named.clear();
        unnamed = null;
    }
}
