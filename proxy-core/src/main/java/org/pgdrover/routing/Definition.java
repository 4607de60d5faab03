package org.pgdrover.routing;

import java.util.Set;
import org.pgdrover.sql.QueryClass;

/// The reach of a statement's change of the catalog.
enum Definition {
    /// It defines nothing.
    NONE,
    /// It makes a table whose definition names functions that run later.
    TABLE,
    /// It makes a table or view of a query's rows; the new name comes first.
    TABLE_OF_QUERY,
    /// It touches the names that it names.
    NAMES,
    /// Others may lead to what it defines, a function or a trigger.
    EVERYTHING,
    /// It defines what no statement runs.
    OTHER;

    private static final Set<String> OF_NAMES = Set.of("INDEX", "SEQUENCE", "VIEW", "TABLE", "STATISTICS", "COLUMN");
    private static final Set<String> OF_NOTHING = Set.of(
            ("ROLE USER GROUP DATABASE SUBSCRIPTION PUBLICATION SERVER TABLESPACE COLLATION CONVERSION SYSTEM DEFAULT TEXT"
                            + " ACCESS TRANSFORM")
                    .split(" "));

    static Definition of(QueryClass query) {
        var statement = query.statement();
        if (statement.startsWith("CREATE ")) return creates(statement);
        if (statement.equals("SELECT INTO")) return TABLE_OF_QUERY;
        if (statement.startsWith("ALTER ")) return other(statement.substring("ALTER ".length()), true);
        if (statement.startsWith("DROP ")) return other(statement.substring("DROP ".length()), false);
        return statement.equals("IMPORT") ? NAMES : NONE;
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
        return !makes || OF_NAMES.contains(object) ? NAMES : EVERYTHING;
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
            case TABLE, NAMES, EVERYTHING, OTHER -> -1;
        };
    }
}
