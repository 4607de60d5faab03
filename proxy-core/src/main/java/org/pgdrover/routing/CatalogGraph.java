package org.pgdrover.routing;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.pgdrover.sql.Residues;

/// A graph of what uses what in a catalog. It finds what one thing may do in everything that leads to
/// it.
final class CatalogGraph {
    /// What a thing is. Reading a relation and changing it are two things.
    enum Kind {
        FUNCTION,
        OPERATOR,
        TYPE,
        READ,
        CHANGE,
        /// The database itself: 0 is every statement, 1 every definition, 2 every TRUNCATE … CASCADE.
        DATABASE
    }

    /// One thing, with what it may do, and who uses it.
    static final class Thing {
        private final List<Thing> users = new ArrayList<>(2);
        private boolean harmful;
        private boolean own;
        private boolean dependent;
        private boolean shows;
        private boolean sequences;
        private Residues may = Residues.NONE;

        boolean isHarmful() {
            return harmful;
        }

        Residues may() {
            return may;
        }

        /// It is the database's own, and its definition may change.
        void isOwn() {
            own = true;
        }

        boolean isDependent() {
            return dependent;
        }

        /// It shows run-time parameters.
        void shows() {
            shows = true;
        }

        /// Whether it may show run-time parameters, among them such as only this session has.
        boolean isShowing() {
            return shows || may.isAll();
        }

        /// It uses what sequences have given in the session, or lets one give a number.
        void usesSequences() {
            sequences = true;
        }

        boolean isUsingSequences() {
            return sequences || may.isAll();
        }

        /// It may do this itself.
        void does(boolean harm, Residues residues) {
            harmful |= harm;
            may = may.and(residues);
        }

        /// Whether nothing is to be learnt of it.
        private boolean isPlain() {
            return !harmful && !own && !dependent && !shows && !sequences && may.isNone();
        }

        /// Whether what a used thing may do is more than this was known to do.
        private boolean learns(Thing used) {
            var all = may.and(used.may);
            boolean harm = harmful || used.harmful;
            boolean depends = dependent || used.own || used.dependent;
            boolean showing = shows || used.shows;
            boolean using = sequences || used.sequences;
            boolean same = harm == harmful && depends == dependent && showing == shows && using == sequences;
            if (same && all.equals(may)) return false;
            sequences = using;
            harmful = harm;
            shows = showing;
            dependent = depends;
            may = all;
            return true;
        }
    }

    private final Map<Long, Thing> things = new HashMap<>();

    static long key(Kind kind, long oid) {
        return (long) kind.ordinal() << 32 | oid;
    }

    Thing of(Kind kind, long oid) {
        return of(key(kind, oid));
    }

    Thing of(long key) {
        return things.computeIfAbsent(key, _ -> new Thing());
    }

    /// One thing leads to another.
    void uses(Thing user, Thing used) {
        if (user != used) used.users.add(user);
    }

    /// A thing leads to all that a tree names.
    void uses(Thing user, NodeTree tree) {
        tree.uses(key -> uses(user, of(key)));
        if (tree.asksServersSetting()) user.does(true, Residues.NONE);
    }

    /// Lets everybody learn what the things do that they lead to.
    void settle() {
        var open = new ArrayDeque<>(things.values());
        while (!open.isEmpty()) {
            var used = open.pop();
            if (used.isPlain()) continue;
            for (var user : used.users) if (user.learns(used)) open.push(user);
        }
    }
}
