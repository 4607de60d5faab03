package org.pgdrover.routing;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;
import org.pgdrover.sql.KnownFunctions;
import org.pgdrover.sql.Residues;

/// The facts that one database's catalog proves of its functions and relations, by name; immutable.
///
/// A name that could mean several things has the worst of their facts. Names are bare or qualified;
/// those of pg_catalog are kept once, bare.
public final class DatabaseCatalog {
    /// The version of no catalog.
    static final long NO_VERSION = 0;

    private static final AtomicLong VERSIONS = new AtomicLong(NO_VERSION);

    /// Nothing is known.
    static final DatabaseCatalog NONE =
            new DatabaseCatalog(Map.of(), Map.of(), Map.of(), Map.of(), Set.of(), Database.UNKNOWN);

    private static final String SYSTEM = "pg_catalog.";

    /// The facts of a database that concern every statement, or every definition.
    ///
    /// @param isReadable whether its operators, casts and types leave reads reads
    /// @param everywhere what these may leave in the session
    /// @param defining what its event triggers may leave
    /// @param truncating what its triggers of TRUNCATE may leave, which a CASCADE reaches
    /// @param hasEventTriggers whether it has any
    /// @param usesSequences whether every statement may use what sequences have given in the session
    /// @param isDependent whether every statement may lead to a function of the database's own
    record Database(
            boolean isReadable,
            Residues everywhere,
            Residues defining,
            Residues truncating,
            boolean hasEventTriggers,
            boolean usesSequences,
            boolean isDependent) {
        static final Database UNKNOWN =
                new Database(true, Residues.NONE, Residues.ALL, Residues.ALL, false, false, false);
        static final Database PLAIN =
                new Database(true, Residues.NONE, Residues.NONE, Residues.NONE, false, false, false);

        /// What is known when something has been defined that its statements, or its definitions, may
        /// lead to.
        Database inDoubt(boolean statements, boolean definitions) {
            boolean all = statements || isDependent;
            boolean events = definitions || hasEventTriggers;
            return new Database(
                    isReadable,
                    all ? inDoubt(everywhere) : everywhere,
                    events ? inDoubt(defining) : defining,
                    inDoubt(truncating),
                    events,
                    usesSequences,
                    isDependent);
        }

        /// What is known when a table, or what it leads to, has been defined.
        Database withTablesInDoubt() {
            return new Database(
                    isReadable,
                    everywhere,
                    defining,
                    inDoubt(truncating),
                    hasEventTriggers,
                    usesSequences,
                    isDependent);
        }

        /// What is known to set parameters is taken to set them still.
        private static Residues inDoubt(Residues known) {
            return Residues.ALL.and(known);
        }
    }

    private final long version = VERSIONS.incrementAndGet();
    private final Map<String, FunctionFacts> systemFunctions;
    private final Map<String, RelationFacts> systemRelations;
    private final Map<String, FunctionFacts> functions;
    private final Map<String, RelationFacts> relations;
    /// Names of which nothing is known now, and that were known to set parameters.
    private final Set<String> setters;
    private final Database database;

    private DatabaseCatalog(
            Map<String, FunctionFacts> systemFunctions,
            Map<String, RelationFacts> systemRelations,
            Map<String, FunctionFacts> functions,
            Map<String, RelationFacts> relations,
            Set<String> setters,
            Database database) {
        this.systemFunctions = systemFunctions;
        this.systemRelations = systemRelations;
        this.functions = functions;
        this.relations = relations;
        this.setters = setters;
        this.database = database;
    }

    /// A number that no other catalog has.
    long version() {
        return version;
    }

    boolean isKnown() {
        return !systemFunctions.isEmpty();
    }

    Database database() {
        return database;
    }

    int size() {
        return systemFunctions.size() + functions.size() + relations.size();
    }

    /// The facts of a function's name; null if none has it.
    @Nullable
    FunctionFacts function(String name) {
        if (name.startsWith(SYSTEM)) return systemFunctions.get(name.substring(SYSTEM.length()));
        var own = functions.get(name);
        var system = systemFunctions.get(name);
        if (own == null) return system;
        return system == null ? own : own.and(system);
    }

    /// The facts of a relation's name; null if none has it.
    @Nullable
    RelationFacts relation(String name) {
        if (name.startsWith(SYSTEM)) return systemRelations.get(name.substring(SYSTEM.length()));
        var own = relations.get(name);
        var system = systemRelations.get(name);
        if (own == null) return system;
        return system == null ? own : own.and(system);
    }

    /// What a function or relation may leave that has no facts: what was known to set parameters before
    /// something was defined is taken to set them still, so that its session keeps them.
    Residues unknown(String name) {
        return setters.contains(name) ? Residues.ALL_AND_SETS : Residues.ALL;
    }

    /// The same without some names, because they may have got another meaning.
    DatabaseCatalog without(Collection<String> names) {
        var leftFunctions = new HashMap<>(functions);
        var leftRelations = new HashMap<>(relations);
        var bare = new HashSet<String>();
        for (var name : names) bare.add(bare(name));
        leftFunctions.keySet().removeIf(each -> bare.contains(bare(each)));
        leftRelations.keySet().removeIf(each -> bare.contains(bare(each)));
        return new DatabaseCatalog(
                without(systemFunctions, names),
                without(systemRelations, names),
                leftFunctions,
                leftRelations,
                settersWithout(leftFunctions, leftRelations),
                database);
    }

    private Set<String> settersWithout(
            Map<String, FunctionFacts> leftFunctions, Map<String, RelationFacts> leftRelations) {
        var all = new HashSet<>(setters);
        functions.forEach((name, facts) -> {
            if (facts.may().sets() && !leftFunctions.containsKey(name)) all.add(name);
        });
        relations.forEach((name, facts) -> {
            boolean sets = facts.reading().sets() || facts.changing().sets();
            if (sets && !leftRelations.containsKey(name)) all.add(name);
        });
        return all.size() == setters.size() ? setters : all;
    }

    /// A name without its schema.
    private static String bare(String name) {
        return name.substring(name.lastIndexOf('.') + 1);
    }

    /// A name of pg_catalog may be hidden by another schema's now.
    private static <T> Map<String, T> without(Map<String, T> system, Collection<String> names) {
        var left = new HashMap<>(system);
        for (var name : names) left.remove(bare(name));
        return left.size() == system.size() ? system : left;
    }

    /// The same without what leads to something of the database's own, because that has changed.
    DatabaseCatalog withoutDependent() {
        var leftFunctions = new HashMap<>(functions);
        leftFunctions.values().removeIf(FunctionFacts::isDependent);
        var leftRelations = new HashMap<>(relations);
        leftRelations.values().removeIf(RelationFacts::isDependent);
        return new DatabaseCatalog(
                systemFunctions,
                systemRelations,
                leftFunctions,
                leftRelations,
                settersWithout(leftFunctions, leftRelations),
                database.withTablesInDoubt());
    }

    /// The same with other facts of the database itself.
    DatabaseCatalog with(Database facts) {
        return new DatabaseCatalog(systemFunctions, systemRelations, functions, relations, setters, facts);
    }

    /// Only what PostgreSQL itself has, because nothing is known of what has changed.
    DatabaseCatalog withoutOwn() {
        var system = without(systemFunctions, KnownFunctions.grammar());
        return new DatabaseCatalog(
                system, systemRelations, Map.of(), Map.of(), settersWithout(Map.of(), Map.of()), database);
    }

    /// Gathers facts; of a name that comes again the worst.
    public static final class Builder {
        private final Map<String, FunctionFacts> systemFunctions = new HashMap<>();
        private final Map<String, RelationFacts> systemRelations = new HashMap<>();
        private final Map<String, FunctionFacts> functions = new HashMap<>();
        private final Map<String, RelationFacts> relations = new HashMap<>();
        private Database database = Database.PLAIN;

        /// A function that changes nothing that a transaction's end does not see.
        ///
        /// @param isRead whether a standby may run it
        public Builder function(String schema, String name, boolean isRead, Residues may) {
            boolean sequences = KnownFunctions.usesSequences(name);
            return function(schema, name, new FunctionFacts(!isRead, !isRead, may, false, false, sequences));
        }

        Builder function(String schema, String name, FunctionFacts facts) {
            if (schema.equals("pg_catalog")) {
                systemFunctions.merge(name, facts, FunctionFacts::and);
                return this;
            }
            functions.merge(name, facts, FunctionFacts::and);
            functions.merge(schema + "." + name, facts, FunctionFacts::and);
            return this;
        }

        /// A relation.
        ///
        /// @param isReadable whether a standby shows the same
        public Builder relation(String schema, String name, boolean isReadable, Residues reading, Residues changing) {
            return relation(schema, name, new RelationFacts(isReadable, reading, changing));
        }

        Builder relation(String schema, String name, RelationFacts facts) {
            if (schema.equals("pg_catalog")) {
                systemRelations.merge(name, facts, RelationFacts::and);
                return this;
            }
            relations.merge(name, facts, RelationFacts::and);
            relations.merge(schema + "." + name, facts, RelationFacts::and);
            return this;
        }

        Builder database(Database facts) {
            database = facts;
            return this;
        }

        /// What is gathered; a system that names nothing counts as not read.
        public DatabaseCatalog build() {
            return build(NONE);
        }

        /// The same, sharing what PostgreSQL itself has with another catalog where that is the same.
        DatabaseCatalog build(DatabaseCatalog like) {
            if (!systemFunctions.isEmpty()) addGrammar();
            boolean same = systemFunctions.equals(like.systemFunctions) && systemRelations.equals(like.systemRelations);
            return new DatabaseCatalog(
                    same ? like.systemFunctions : systemFunctions,
                    same ? like.systemRelations : systemRelations,
                    functions,
                    relations,
                    Set.of(),
                    database);
        }

        /// A word of the grammar is no call where nobody has made a function of its name.
        private void addGrammar() {
            for (var word : KnownFunctions.grammar())
                if (!functions.containsKey(word)) systemFunctions.putIfAbsent(word, FunctionFacts.STEADY);
        }
    }
}
