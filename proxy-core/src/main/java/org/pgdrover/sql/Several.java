package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;

/// A proof about several statements in one query string together.
final class Several {
    private static final String NAME = "several statements";

    private Several() {}

    /// The whole is a read if all of them are, and may do to the session what any of them may.
    static QueryClass of(List<QueryClass> parts) {
        boolean reads = true;
        boolean commits = false;
        for (var part : parts) {
            reads &= part.access() == Access.READ;
            commits |= part.transaction() == TransactionEffect.COMMIT;
        }
        return new QueryClass(
                reads ? Access.READ : Access.WRITE,
                NAME,
                names(parts, true),
                names(parts, false),
                commits ? TransactionEffect.COMMIT : TransactionEffect.NONE,
                effect(parts),
                reads ? "" : "not all of them reads",
                parts);
    }

    private static List<String> names(List<QueryClass> parts, boolean functions) {
        var all = new LinkedHashSet<String>();
        for (var part : parts) all.addAll(functions ? part.functions() : part.relations());
        return List.copyOf(all);
    }

    private static SessionEffect effect(List<QueryClass> parts) {
        var may = Residues.NONE;
        var settings = new ArrayList<String>();
        for (var part : parts) may = may.and(gather(part.session(), settings));
        return SessionEffect.leaves(may, settings.stream().distinct().toList());
    }

    /// Each may come to pass or not, so that the whole only says what may have been changed.
    private static Residues gather(SessionEffect effect, List<String> settings) {
        return switch (effect) {
            case SessionEffect.None _, SessionEffect.SetLocally _, SessionEffect.ResetLocally _ -> Residues.NONE;
            case SessionEffect.SetParameter(var name, var _) -> add(settings, name);
            case SessionEffect.ResetParameter(var name) -> add(settings, name);
            case SessionEffect.ResetAll _ -> Residues.of(Residue.SETTINGS);
            case SessionEffect.DiscardAll _, SessionEffect.Block _ -> Residues.ALL;
            case SessionEffect.DeallocateAll _, SessionEffect.Deallocate _ -> Residues.of(Residue.PREPARED);
            case SessionEffect.Leaves(var may, var names) -> {
                settings.addAll(names);
                yield may;
            }
            case SessionEffect.Sets(var each) -> {
                var may = Residues.NONE;
                for (var one : each) may = may.and(gather(one, settings));
                yield may;
            }
        };
    }

    private static Residues add(List<String> settings, String name) {
        settings.add(name);
        return Residues.NONE;
    }
}
