package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;

/** What several statements in one query string prove together: as much as the most demanding of them. */
final class Several {
    private static final String NAME = "several statements";

    private Several() {}

    static QueryClass and(QueryClass first, QueryClass second) {
        if (first.access() == Access.READ && second.access() == Access.READ)
            return new QueryClass(
                    Access.READ,
                    NAME,
                    both(first.functions(), second.functions()),
                    TransactionEffect.NONE,
                    SessionEffect.NONE,
                    "");
        return new QueryClass(
                Access.WRITE, NAME, List.of(), TransactionEffect.NONE, pin(first, second), "not all of them reads");
    }

    private static List<String> both(List<String> first, List<String> second) {
        if (second.isEmpty()) return first;
        var all = new ArrayList<>(first);
        for (var name : second) if (!all.contains(name)) all.add(name);
        return all;
    }

    /** A change of the session among other statements may or may not come to pass: the server connection is kept. */
    private static SessionEffect pin(QueryClass first, QueryClass second) {
        if (first.session() instanceof SessionEffect.Pin pin) return pin;
        if (second.session() instanceof SessionEffect.Pin pin) return pin;
        boolean none = first.session() instanceof SessionEffect.None && second.session() instanceof SessionEffect.None;
        return none ? SessionEffect.NONE : new SessionEffect.Pin("session setting among several statements");
    }
}
