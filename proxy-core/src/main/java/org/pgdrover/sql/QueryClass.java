package org.pgdrover.sql;

import java.util.List;
import org.jspecify.annotations.Nullable;

/// The facts that the text of a statement, or of a string of several, proves.
///
/// @param access whether it is proved to be a read; of several statements the most demanding one's
/// @param statement the command in upper case, such as SELECT, CREATE TABLE, COPY TO, or "several statements"
/// @param functions every name that could be a call while the statement runs, lower-cased unless quoted,
///     schema-qualified where the text is
/// @param relations every name that could be a relation that the statement reads or changes, written alike; of
///     a statement about a database, the database that must have no other session
/// @param transaction what it does to the transaction block; of several statements COMMIT if any of them may
///     commit
/// @param session what it may leave behind in the session; of several statements what any of them may
/// @param reason why it is not a READ, in a few fixed words such as "row locks: FOR UPDATE or SHARE"
/// @param parts of a string of several statements, each of them in order, one for every CommandComplete; else
///     empty
public record QueryClass(
        Access access,
        String statement,
        List<String> functions,
        List<String> relations,
        TransactionEffect transaction,
        SessionEffect session,
        String reason,
        List<QueryClass> parts) {
    private static final String UNKNOWN_STATEMENT = "unknown";

    /// A TRUNCATE that reaches tables which it does not name.
    static final String TRUNCATE_CASCADE = "TRUNCATE CASCADE";

    /// What is assumed of anything that was not understood, or not seen whole.
    public static final QueryClass UNKNOWN = new QueryClass(
            Access.WRITE,
            UNKNOWN_STATEMENT,
            List.of(),
            List.of(),
            TransactionEffect.NONE,
            SessionEffect.ANYTHING,
            "statement not understood",
            List.of());

    /// What is assumed of a prepared statement that the client has not made: it fails, unless SQL's
    /// PREPARE has made it.
    public static final QueryClass NOT_PREPARED = new QueryClass(
            Access.WRITE,
            "not prepared",
            List.of(),
            List.of(),
            TransactionEffect.NONE,
            SessionEffect.ANYTHING,
            "no such prepared statement",
            List.of());

    public QueryClass {
        functions = List.copyOf(functions);
        relations = List.copyOf(relations);
        parts = List.copyOf(parts);
    }

    /// Whether it was not understood, so that it may be anything.
    public boolean isUnknown() {
        return statement.equals(UNKNOWN_STATEMENT);
    }

    /// Whether no transaction block is open behind it.
    public boolean endsBlock() {
        boolean ends = transaction == TransactionEffect.COMMIT || transaction == TransactionEffect.ROLLBACK;
        return ends && !statement.endsWith("AND CHAIN");
    }

    /// The same, but no read, for a reason.
    public QueryClass writing(String why) {
        return new QueryClass(Access.WRITE, statement, functions, relations, transaction, session, why, parts);
    }

    /// Whether it changes nothing itself, and is no READ only because every server tells something else.
    public boolean tellsOfOneServer() {
        return reason.startsWith(ReadProof.OF_ONE_SERVER);
    }

    /// Whether it empties tables that it does not name, because their foreign keys lead to others.
    public boolean cascades() {
        return statement.equals(TRUNCATE_CASCADE);
    }

    /// Whether it sees which prepared statements or cursors its server has: then only those of its own
    /// client may be there.
    public boolean seesStatements() {
        if (!parts.isEmpty()) {
            for (int i = 0; i < parts.size(); i++) {
                var part = parts.get(i);
                if (part.seesStatements() || part.statement.equals("DEALLOCATE")) return true;
            }
            return false;
        }
        if (statement.equals("PREPARE") || statement.endsWith("EXECUTE")) return true;
        if (isUnknown() || statement.equals("DO") && !reason.isEmpty()) return true;
        return names(relations, "pg_prepared_statements", "pg_cursors")
                || names(functions, "pg_prepared_statement", "pg_cursor");
    }

    /// Whether it shows the channels that its session listens on.
    public boolean seesChannels() {
        for (int i = 0; i < parts.size(); i++) if (parts.get(i).seesChannels()) return true;
        return calls("pg_listening_channels");
    }

    /// Whether it may call a function of this name, of whatever schema.
    public boolean calls(String name) {
        for (int i = 0; i < functions.size(); i++) if (functions.get(i).endsWith(name)) return true;
        return false;
    }

    /// Whether it may show whether its session has ever had temporary objects.
    public boolean seesTemporarySchema() {
        for (int i = 0; i < parts.size(); i++) if (parts.get(i).seesTemporarySchema()) return true;
        for (int i = 0; i < functions.size(); i++) {
            var name = functions.get(i);
            if (name.startsWith("pg_temp") || name.endsWith("current_schemas") || name.endsWith("my_temp_schema"))
                return true;
        }
        for (int i = 0; i < relations.size(); i++) if (relations.get(i).startsWith("pg_temp")) return true;
        return false;
    }

    /// Whether it names no function and no relation, so that it shows no data.
    public boolean namesNothing() {
        return functions.isEmpty() && relations.isEmpty();
    }

    private static boolean names(List<String> names, String one, String other) {
        for (int i = 0; i < names.size(); i++) {
            var name = names.get(i);
            if (name.endsWith(one) || name.endsWith(other)) return true;
        }
        return false;
    }

    /// Whether it may change what a session begins with, or who may begin one: roles, databases, rights.
    public boolean mayChangeLogins() {
        return switch (statement) {
            case "GRANT", "REVOKE", "DROP" -> true;
            default ->
                statement.endsWith(" ROLE")
                        || statement.endsWith(" USER")
                        || statement.endsWith(" GROUP")
                        || statement.endsWith(" DATABASE");
        };
    }

    /// The database that must have no session but the one that runs this statement; null if it is no
    /// such statement.
    public @Nullable String emptiesDatabase() {
        return statement.endsWith(" DATABASE") && !relations.isEmpty() ? relations.getFirst() : null;
    }
}
