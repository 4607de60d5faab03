package org.pgdrover.routing;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import org.pgdrover.sql.FunctionBody;
import org.pgdrover.sql.QueryClass;

/// The reach of a statement's change of the catalog.
enum Definition {
    /// It defines nothing.
    NONE,
    /// It makes a table whose definition names functions that run later.
    TABLE,
    /// It makes a table or view of a query's rows; the new name comes first.
    TABLE_OF_QUERY,
    /// It touches the names that it names, and nothing that leads to them does more than before.
    NAMES,
    /// It touches the names that it names, and what leads to them, as views do.
    LED_TO,
    /// It defines what may run without being named: a function, a trigger, a type.
    EVERYTHING,
    /// Nobody knows what it defines.
    ANYTHING,
    /// It defines what no statement runs.
    OTHER;

    private static final Set<String> OF_NAMES = Set.of("SEQUENCE", "STATISTICS", "COLUMN");
    private static final Set<String> OF_LED_TO = Set.of("INDEX", "VIEW", "TABLE");
    /// Functions run where somebody calls them, and triggers, rules and policies where their table is named.
    private static final Set<String> NAMED =
            Set.of("FUNCTION", "PROCEDURE", "ROUTINE", "AGGREGATE", "TRIGGER", "RULE", "POLICY");

    private static final Set<String> OF_NOTHING = Set.of(
            ("ROLE USER GROUP DATABASE SUBSCRIPTION PUBLICATION SERVER TABLESPACE COLLATION CONVERSION SYSTEM DEFAULT TEXT"
                            + " ACCESS TRANSFORM")
                    .split(" "));

    /// What else event triggers see (PostgreSQL manual, Event Trigger Firing Matrix), with definitions of
    /// what we do not know, such as DROP OWNED.
    private static final Set<String> COMMANDS =
            Set.of("GRANT REVOKE REFRESH REINDEX COMMENT SECURITY REASSIGN CREATE ALTER DROP".split(" "));

    /// Words of a body that begin what event triggers see.
    private static final Set<String> WORDS =
            Set.of("create alter drop grant revoke refresh reindex comment security reassign import".split(" "));

    /// Whether event triggers may see a statement.
    static boolean firesEventTriggers(QueryClass query) {
        return of(query).isDefinition() || COMMANDS.contains(query.statement());
    }

    /// Whether event triggers may see what a function's body does.
    ///
    /// @param sql whether it is in SQL, where SELECT INTO makes a table
    static boolean firesEventTriggers(FunctionBody body, boolean sql) {
        return sql && body.names().contains("into") || !Collections.disjoint(body.names(), WORDS);
    }

    static Definition of(QueryClass query) {
        var statement = query.statement();
        if (statement.startsWith("CREATE ")) return creates(statement);
        if (statement.equals("SELECT INTO")) return TABLE_OF_QUERY;
        if (statement.startsWith("ALTER ")) return other(statement.substring("ALTER ".length()), true);
        if (statement.startsWith("DROP ")) return other(statement.substring("DROP ".length()), false);
        return switch (statement) {
            case "IMPORT" -> NAMES;
            case "COMMIT PREPARED" -> ANYTHING;
            default -> NONE;
        };
    }

    private static Definition creates(String statement) {
        return switch (statement) {
            case "CREATE TABLE", "CREATE TEMPORARY TABLE" -> TABLE;
            case "CREATE TABLE AS", "CREATE TEMPORARY TABLE AS", "CREATE MATERIALIZED VIEW" -> TABLE_OF_QUERY;
            default -> other(statement.substring("CREATE ".length()), true);
        };
    }

    private static Definition other(String object, boolean makes) {
        if (OF_NOTHING.contains(object)) return OTHER;
        if (!makes || OF_NAMES.contains(object)) return NAMES;
        if (OF_LED_TO.contains(object)) return LED_TO;
        return object.equals("SCHEMA") || object.equals("EXTENSION") ? ANYTHING : EVERYTHING;
    }

    /// Those of some statements by which what others lead to may get another meaning.
    static List<QueryClass> among(List<QueryClass> statements) {
        var found = new ArrayList<QueryClass>();
        for (var each : statements) {
            switch (of(each)) {
                case LED_TO, EVERYTHING, ANYTHING -> found.add(each);
                case NONE, TABLE, TABLE_OF_QUERY, NAMES, OTHER -> {}
            }
            found.addAll(among(each.parts()));
        }
        return found;
    }

    /// Whether it defines what no statement has to name: a type, an operator, a cast.
    static boolean isHidden(QueryClass query) {
        var statement = query.statement();
        return !NAMED.contains(statement.substring(statement.indexOf(' ') + 1));
    }

    /// Whether it may define an event trigger.
    static boolean isTrigger(QueryClass query) {
        return query.statement().endsWith(" TRIGGER");
    }

    /// Whether it makes something that nobody else sees.
    static boolean isTemporary(QueryClass query) {
        return query.statement().startsWith("CREATE TEMPORARY");
    }

    /// Whether what others know may mean something else behind a statement of this kind.
    boolean isSeenByOthers(QueryClass query) {
        return switch (this) {
            case NONE, OTHER -> false;
            case TABLE, TABLE_OF_QUERY -> !query.relations().isEmpty() && !isTemporary(query);
            case NAMES, LED_TO, EVERYTHING, ANYTHING -> true;
        };
    }

    boolean isDefinition() {
        return this != NONE;
    }

    /// Whether the functions that the statement names run while it does.
    boolean runsFunctions() {
        return this != TABLE && this != OTHER;
    }

    /// From which of the relations on that it names they are read or changed; -1 if none is.
    int relationsRead() {
        return switch (this) {
            case NONE -> 0;
            case TABLE_OF_QUERY -> 1;
            case TABLE, NAMES, LED_TO, EVERYTHING, ANYTHING, OTHER -> -1;
        };
    }
}
