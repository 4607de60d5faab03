package org.pgdrover.routing;

import java.util.List;
import org.jspecify.annotations.Nullable;
import org.pgdrover.config.RoutingConfig;
import org.pgdrover.sql.Access;
import org.pgdrover.sql.QueryClass;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;
import org.pgdrover.sql.SessionEffect;

/// Judges what a statement may do, by its text and by what the catalog says of the names in it.
final class Judgement {
    private final RoutingConfig config;
    private final FunctionCatalog catalogs;

    Judgement(RoutingConfig config, FunctionCatalog catalogs) {
        this.config = config;
        this.catalogs = catalogs;
    }

    private DatabaseCatalog known(RoutingSession session) {
        return session.seen(catalogs.of(session.database()));
    }

    // May it run on a standby?

    /// Why a statement that its text calls a read is none; null if it is one.
    @Nullable
    RoutingReason hindrance(QueryClass read, RoutingSession session) {
        var known = known(session);
        if (!known.database().isReadable()) return RoutingReason.HIDDEN_FUNCTION;
        var functions = read.functions();
        for (int i = 0; i < functions.size(); i++) {
            var reason = function(functions.get(i), known);
            if (reason != null) return reason;
        }
        var relations = read.relations();
        for (int i = 0; i < relations.size(); i++) {
            var facts = known.relation(relations.get(i));
            if (facts == null) return known.isKnown() ? RoutingReason.UNKNOWN_RELATION : RoutingReason.CATALOG_NOT_READ;
            if (!facts.isReadable()) return RoutingReason.LOCAL_RELATION;
        }
        return null;
    }

    private @Nullable RoutingReason function(String name, DatabaseCatalog known) {
        if (config.writeFunctions().contains(name)) return RoutingReason.WRITE_FUNCTION;
        if (config.readFunctions().contains(name)) return null;
        var facts = known.function(name);
        if (facts == null) return known.isKnown() ? RoutingReason.UNKNOWN_FUNCTION : RoutingReason.CATALOG_NOT_READ;
        if (facts.isVolatile()) return RoutingReason.VOLATILE_FUNCTION;
        return facts.isRead() ? null : RoutingReason.HARMFUL_FUNCTION;
    }

    // What may it do in the session?

    /// What a statement may do, by the catalog as it is known now.
    Verdicts.Verdict verdict(QueryClass query, RoutingSession session) {
        var known = known(session);
        var verdict = session.verdicts().find(query, known);
        if (verdict != null) return verdict;
        verdict = Verdicts.Verdict.of(residues(query, known), usesSequences(query, known), mayDeallocate(query, known));
        session.verdicts().add(query, known, verdict);
        return verdict;
    }

    // What may it leave in the session?

    private Residues residues(QueryClass query, DatabaseCatalog known) {
        var may = Residues.NONE;
        var parts = query.parts();
        if (parts.isEmpty()) return one(query, known);
        for (int i = 0; i < parts.size(); i++) may = may.and(one(parts.get(i), known));
        return may;
    }

    private Residues one(QueryClass query, DatabaseCatalog known) {
        var may = SessionEffect.residues(query.session());
        boolean block = query.session().equals(SessionEffect.BLOCK);
        if (may.isAll() && !block) return may;
        var access = query.access();
        if (access != Access.READ && access != Access.WRITE) return may;
        may = may.and(known.database().everywhere());
        var kind = Definition.of(query);
        if (block || Definition.firesEventTriggers(query))
            may = may.and(known.database().defining());
        if (query.cascades()) may = may.and(known.database().truncating());
        if (block && callUnknown(query.functions(), known)) may = may.and(Residues.ALL_AND_SETS);
        if (kind.runsFunctions()) may = may.and(functions(query.functions(), known));
        int first = kind.relationsRead();
        if (first < 0) return may;
        boolean changes = access == Access.WRITE && !kind.isDefinition() && !query.tellsOfOneServer();
        return may.and(relations(query.relations(), first, changes, known));
    }

    /// What calling functions of these names may leave.
    private Residues functions(List<String> names, DatabaseCatalog known) {
        var may = Residues.NONE;
        for (int i = 0; i < names.size(); i++) {
            var name = names.get(i);
            if (config.readFunctions().contains(name)) continue;
            var facts = known.function(name);
            may = may.and(facts == null ? known.unknown(name) : facts.may());
        }
        return may;
    }

    private Residues relations(List<String> names, int first, boolean changes, DatabaseCatalog known) {
        var may = Residues.NONE;
        for (int i = first; i < names.size(); i++) {
            var facts = known.relation(names.get(i));
            if (facts == null) may = may.and(known.unknown(names.get(i)));
            else may = may.and(facts.reading()).and(changes ? facts.changing() : Residues.NONE);
        }
        return may;
    }

    /// Whether a function that it calls is known to prepare or deallocate statements, or is not known at
    /// all, as between a definition and the reading that follows it. What is known to do anything that
    /// nobody can read does not count.
    private boolean mayDeallocate(QueryClass query, DatabaseCatalog known) {
        var parts = query.parts();
        for (int i = 0; i < parts.size(); i++) if (mayDeallocate(parts.get(i), known)) return true;
        if (!parts.isEmpty()) return false;
        var may = one(query, known);
        if (!may.has(Residue.PREPARED)) return false;
        return !may.isAll() || Definition.of(query).runsFunctions() && callUnknown(query.functions(), known);
    }

    private boolean callUnknown(List<String> functions, DatabaseCatalog known) {
        for (int i = 0; i < functions.size(); i++) {
            var name = functions.get(i);
            if (known.function(name) == null && !config.readFunctions().contains(name)) return true;
        }
        return false;
    }

    // What may it do with sequences?

    /// Whether it may use, or change, what sequences have given in its session: nextval(), lastval() and
    /// their kin, itself or by defaults, triggers, views and functions.
    private boolean usesSequences(QueryClass query, DatabaseCatalog known) {
        var parts = query.parts();
        for (int i = 0; i < parts.size(); i++) if (usesSequences(parts.get(i), known)) return true;
        if (!parts.isEmpty()) return false;
        if (SessionEffect.residues(query.session()).has(Residue.SEQUENCES)) return true;
        var access = query.access();
        if (access != Access.READ && access != Access.WRITE) return false;
        return known.database().usesSequences()
                || Definition.firesEventTriggers(query)
                || query.cascades()
                || callSequences(query.functions(), known)
                || leadToSequences(query.relations(), known);
    }

    private boolean callSequences(List<String> functions, DatabaseCatalog known) {
        for (int i = 0; i < functions.size(); i++) {
            var name = functions.get(i);
            if (config.readFunctions().contains(name)) continue;
            var facts = known.function(name);
            if (facts == null || facts.usesSequences()) return true;
        }
        return false;
    }

    private static boolean leadToSequences(List<String> relations, DatabaseCatalog known) {
        for (int i = 0; i < relations.size(); i++) {
            var facts = known.relation(relations.get(i));
            if (facts == null || facts.usesSequences()) return true;
        }
        return false;
    }

    // What may it show?

    /// Whether it may show run-time parameters by what it calls and reads; what `SHOW` and
    /// `current_setting` in its own words show, these tell.
    boolean showsSettings(QueryClass query, RoutingSession session) {
        var parts = query.parts();
        for (int i = 0; i < parts.size(); i++) if (showsSettings(parts.get(i), session)) return true;
        if (SessionEffect.residues(query.session()).isAll()) return true;
        if (query.access() != Access.READ && query.access() != Access.WRITE) return false;
        var known = known(session);
        for (var name : query.functions()) {
            var facts = known.function(name);
            if (!name.endsWith("current_setting") && (facts == null || facts.shows())) return true;
        }
        for (var name : query.relations()) {
            var facts = known.relation(name);
            if (facts == null || facts.shows()) return true;
        }
        return false;
    }
}
