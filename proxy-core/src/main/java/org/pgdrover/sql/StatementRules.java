package org.pgdrover.sql;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/** The rule for each kind of statement, by the word that it begins with (PostgreSQL manual, part VI.I, SQL Commands). */
final class StatementRules {
    /** Functions whose effect stays with the server connection. */
    private static final Set<String> PINNING = Set.of(
            "set_config",
            "setseed",
            "pg_advisory_lock",
            "pg_advisory_lock_shared",
            "pg_try_advisory_lock",
            "pg_try_advisory_lock_shared",
            "pg_replication_origin_session_setup",
            "dblink_connect",
            "dblink_connect_u",
            "dblink_open");

    private static final Set<String> OBJECTS = Set.of(
            ("table view index function procedure aggregate routine extension sequence schema type domain trigger role user "
                            + "group database operator cast language rule policy publication subscription server collation "
                            + "conversion tablespace statistics transform access system default text")
                    .split(" "));
    private static final Set<String> ONE_TRANSACTION =
            Set.of("transaction_isolation", "transaction_read_only", "transaction_deferrable");
    private static final QueryClass PLAIN_SELECT =
            new QueryClass(Access.READ, "SELECT", List.of(), TransactionEffect.NONE, SessionEffect.NONE, "");

    private static final int SELECT = Keywords.id("select");

    private final SqlLexer lexer;
    private final ReadProof proof;

    StatementRules(SqlLexer lexer) {
        this.lexer = lexer;
        this.proof = new ReadProof(lexer);
    }

    /** Classifies the statement in the tokens from one, to before another. */
    QueryClass classify(int from, int to) {
        if (lexer.is(from, '(')) return query(from, to, "SELECT");
        if (lexer.type(from) != SqlLexer.WORD) return QueryClass.UNKNOWN;
        if (lexer.keyword(from) == SELECT) return query(from, to, "SELECT");
        var verb = lexer.name(from);
        return switch (verb) {
            case "select", "with" -> query(from, to, "SELECT");
            case "values", "table" -> query(from, to, verb.toUpperCase(Locale.ROOT));
            case "explain" -> explain(from, to);
            case "copy" -> copy(from, to);
            case "begin", "start" -> begin(from, to);
            case "commit", "end" -> end(from, to, "COMMIT", TransactionEffect.COMMIT);
            case "rollback", "abort" -> rollback(from, to);
            case "savepoint", "release" -> transaction(verb.toUpperCase(Locale.ROOT), TransactionEffect.INSIDE);
            case "prepare" -> prepare(from, to);
            case "set" -> set(from, to);
            case "reset" -> reset(from, to);
            case "discard" -> discard(from, to);
            case "deallocate" -> deallocate(from, to);
            case "show" -> write("SHOW", "tells the primary's settings");
            case "listen" -> pinned("LISTEN", "LISTEN");
            case "load" -> pinned("LOAD", "LOAD");
            case "declare" -> declare(from, to);
            case "execute" -> write("EXECUTE", "what was prepared is not looked up");
            case "fetch", "move", "close" -> write(verb.toUpperCase(Locale.ROOT), "goes where the cursor is");
            case "insert", "update", "delete", "merge" -> change(from, to, verb.toUpperCase(Locale.ROOT));
            case "create", "alter", "drop" -> definition(from, to, verb.toUpperCase(Locale.ROOT));
            case "call",
                    "do",
                    "lock",
                    "notify",
                    "unlisten",
                    "truncate",
                    "vacuum",
                    "analyze",
                    "analyse",
                    "cluster",
                    "reindex",
                    "refresh",
                    "grant",
                    "revoke",
                    "comment",
                    "security",
                    "reassign",
                    "import",
                    "checkpoint" -> change(from, to, verb.toUpperCase(Locale.ROOT));
            default -> QueryClass.UNKNOWN;
        };
    }

    private boolean is(int token, int to, String word) {
        return token < to
                && lexer.type(token) == SqlLexer.WORD
                && lexer.name(token).equals(word);
    }

    private boolean has(int from, int to, String first, String second) {
        for (int i = from; i + 1 < to; i++) if (is(i, to, first) && is(i + 1, to, second)) return true;
        return false;
    }

    private boolean has(int from, int to, String word) {
        for (int i = from; i < to; i++) if (is(i, to, word)) return true;
        return false;
    }

    private static QueryClass write(String statement, String reason) {
        return of(Access.WRITE, statement, TransactionEffect.NONE, SessionEffect.NONE, reason);
    }

    private static QueryClass pinned(String statement, String why) {
        return of(Access.WRITE, statement, TransactionEffect.NONE, new SessionEffect.Pin(why), "");
    }

    private static QueryClass transaction(String statement, TransactionEffect effect) {
        return of(Access.TRANSACTION, statement, effect, SessionEffect.NONE, "");
    }

    private static QueryClass session(String statement, SessionEffect effect) {
        return of(Access.SESSION, statement, TransactionEffect.NONE, effect, "");
    }

    private static QueryClass of(
            Access access, String statement, TransactionEffect transaction, SessionEffect session, String reason) {
        return new QueryClass(access, statement, List.of(), transaction, session, reason);
    }

    // Queries

    private QueryClass query(int from, int to, String statement) {
        var obstacle = proof.prove(from, to);
        if (obstacle != null) {
            boolean temporary = proof.createsTemporaryTable();
            var effect = temporary ? new SessionEffect.Pin("temporary table") : pinOfFunctions(from, to);
            return of(Access.WRITE, statement, TransactionEffect.NONE, effect, obstacle);
        }
        var functions = proof.functions();
        if (functions.isEmpty() && statement.equals("SELECT")) return PLAIN_SELECT;
        var pin = pinOfFunctions(from, to);
        if (pin instanceof SessionEffect.Pin changes)
            return of(Access.WRITE, statement, TransactionEffect.NONE, pin, "changes the session: " + changes.why());
        return new QueryClass(Access.READ, statement, functions, TransactionEffect.NONE, SessionEffect.NONE, "");
    }

    private SessionEffect pinOfFunctions(int from, int to) {
        for (int i = from; i + 1 < to; i++) {
            if (!lexer.isName(i) || !lexer.is(i + 1, '(')) continue;
            var name = lexer.name(i);
            if (PINNING.contains(name)) return new SessionEffect.Pin(name);
        }
        return SessionEffect.NONE;
    }

    private QueryClass explain(int from, int to) {
        int inner = from + 1;
        boolean runs = false;
        if (inner < to && lexer.is(inner, '(')) {
            int end = inner;
            while (end < to && !lexer.is(end, ')')) end++;
            runs = has(inner, end, "analyze") || has(inner, end, "analyse");
            inner = end + 1;
        }
        while (is(inner, to, "analyze") || is(inner, to, "analyse") || is(inner, to, "verbose")) {
            runs |= !is(inner, to, "verbose");
            inner++;
        }
        if (inner >= to) return QueryClass.UNKNOWN;
        var explained = classify(inner, to);
        if (explained.access() == Access.READ)
            return new QueryClass(
                    Access.READ, "EXPLAIN", explained.functions(), TransactionEffect.NONE, SessionEffect.NONE, "");
        var effect = runs ? explained.session() : SessionEffect.NONE;
        return of(Access.WRITE, "EXPLAIN", TransactionEffect.NONE, effect, "EXPLAIN of what is not a read");
    }

    private QueryClass copy(int from, int to) {
        int at = from + 1;
        if (at < to && lexer.is(at, '(')) {
            int end = closing(at, to);
            return copyTo(end + 1, to, at + 1, end);
        }
        while (at < to && !is(at, to, "from") && !is(at, to, "to")) at++;
        if (!is(at, to, "to")) return change(from, to, "COPY FROM");
        return copyTo(at, to, from + 1, at);
    }

    private int closing(int open, int to) {
        int depth = 0;
        for (int i = open; i < to; i++) {
            if (lexer.is(i, '(')) depth++;
            else if (lexer.is(i, ')') && --depth == 0) return i;
        }
        return to;
    }

    private QueryClass copyTo(int at, int to, int sourceFrom, int sourceTo) {
        if (!is(at, to, "to") || !is(at + 1, to, "stdout")) return write("COPY TO", "writes a file on the server");
        boolean table = !lexer.is(sourceFrom - 1, '(');
        var read = table ? query(sourceFrom, sourceTo, "SELECT") : classify(sourceFrom, sourceTo);
        if (read.access() != Access.READ)
            return of(Access.WRITE, "COPY TO", TransactionEffect.NONE, read.session(), "COPY of what is not a read");
        var functions = table ? List.<String>of() : read.functions();
        return new QueryClass(Access.READ, "COPY TO", functions, TransactionEffect.NONE, SessionEffect.NONE, "");
    }

    // Transactions

    private QueryClass begin(int from, int to) {
        if (is(from, to, "start") && !is(from + 1, to, "transaction")) return QueryClass.UNKNOWN;
        boolean readOnly =
                has(from, to, "read", "only") && !has(from, to, "read", "write") && !has(from, to, "serializable");
        return transaction("BEGIN", readOnly ? TransactionEffect.BEGIN_READ_ONLY : TransactionEffect.BEGIN);
    }

    private QueryClass end(int from, int to, String statement, TransactionEffect effect) {
        if (is(from + 1, to, "prepared")) return write(statement + " PREPARED", "two-phase commit");
        return transaction(statement, effect);
    }

    private QueryClass rollback(int from, int to) {
        if (has(from, Math.min(to, from + 3), "to")) return transaction("ROLLBACK TO", TransactionEffect.INSIDE);
        return end(from, to, "ROLLBACK", TransactionEffect.ROLLBACK);
    }

    private QueryClass prepare(int from, int to) {
        if (is(from + 1, to, "transaction") && from + 2 < to && lexer.type(from + 2) == SqlLexer.STRING)
            return transaction("PREPARE TRANSACTION", TransactionEffect.COMMIT);
        return pinned("PREPARE", "PREPARE");
    }

    // The session

    private QueryClass set(int from, int to) {
        int at = from + 1;
        if (is(at, to, "local") || is(at, to, "transaction") || is(at, to, "constraints"))
            return transaction("SET", TransactionEffect.INSIDE);
        if (is(at, to, "session")) {
            if (is(at + 1, to, "characteristics")) return pinned("SET", "SET SESSION CHARACTERISTICS");
            if (is(at + 1, to, "authorization")) return pinned("SET", "SET SESSION AUTHORIZATION");
            at++;
        }
        if (at >= to || !lexer.isName(at)) return QueryClass.UNKNOWN;
        if (is(at, to, "time") && is(at + 1, to, "zone")) return set(from, to, at + 2, "timezone");
        if (is(at, to, "names")) return set(from, to, at + 1, "client_encoding");
        if (is(at, to, "schema")) return set(from, to, at + 1, "search_path");
        if (is(at, to, "xml") && is(at + 1, to, "option")) return set(from, to, at + 2, "xmloption");
        if (is(at, to, "seed")) return pinned("SET", "SET SEED");
        return setNamed(from, to, at);
    }

    private QueryClass setNamed(int from, int to, int at) {
        int end = at + 1;
        while (end + 1 < to && lexer.is(end, '.') && lexer.isName(end + 1)) end += 2;
        var name = name(at, end);
        if (name.equals("role") || name.equals("session_authorization")) return pinned("SET", "SET ROLE");
        if (ONE_TRANSACTION.contains(name)) return transaction("SET", TransactionEffect.INSIDE);
        boolean assigns = is(end, to, "to") || (end < to && lexer.isOperator(end, "="));
        return assigns ? set(from, to, end + 1, name) : QueryClass.UNKNOWN;
    }

    private String name(int from, int end) {
        var name = new StringBuilder(lexer.name(from));
        for (int i = from + 2; i < end; i += 2) name.append('.').append(lexer.name(i));
        return name.toString().toLowerCase(Locale.ROOT);
    }

    private QueryClass set(int from, int to, int value, String name) {
        boolean usual = value >= to || (value + 1 == to && (is(value, to, "default") || isLocal(name, value, to)));
        if (usual) return session("SET", new SessionEffect.ResetParameter(name));
        return session("SET", new SessionEffect.SetParameter(name, lexer.text(from, to - 1)));
    }

    private boolean isLocal(String name, int value, int to) {
        return name.equals("timezone") && is(value, to, "local");
    }

    private QueryClass reset(int from, int to) {
        int at = from + 1;
        if (at >= to || !lexer.isName(at)) return QueryClass.UNKNOWN;
        if (is(at, to, "all")) return session("RESET", SessionEffect.RESET_ALL);
        if (is(at, to, "time") && is(at + 1, to, "zone"))
            return session("RESET", new SessionEffect.ResetParameter("timezone"));
        // After SET ROLE the session keeps its server connection, so that these find it.
        if (is(at, to, "role") || is(at, to, "session") || is(at, to, "transaction"))
            return write("RESET", "goes where SET was");
        int end = at + 1;
        while (end + 1 < to && lexer.is(end, '.') && lexer.isName(end + 1)) end += 2;
        return session("RESET", new SessionEffect.ResetParameter(name(at, end)));
    }

    private QueryClass discard(int from, int to) {
        if (is(from + 1, to, "all")) return session("DISCARD", SessionEffect.DISCARD_ALL);
        return write("DISCARD", "goes where the session's state is");
    }

    private QueryClass deallocate(int from, int to) {
        int at = from + 1;
        if (is(at, to, "prepare") && at + 1 < to) at++;
        if (is(at, to, "all")) return session("DEALLOCATE", SessionEffect.DEALLOCATE_ALL);
        if (at >= to || !lexer.isName(at)) return QueryClass.UNKNOWN;
        return session("DEALLOCATE", new SessionEffect.Deallocate(lexer.name(at)));
    }

    private QueryClass declare(int from, int to) {
        if (has(from, to, "with", "hold")) return pinned("DECLARE", "cursor WITH HOLD");
        return change(from, to, "DECLARE");
    }

    // Changes

    private QueryClass change(int from, int to, String statement) {
        return of(Access.WRITE, statement, TransactionEffect.NONE, pinOfFunctions(from, to), "");
    }

    private QueryClass definition(int from, int to, String verb) {
        var statement = verb;
        boolean temporary = false;
        for (int i = from + 1; i < Math.min(to, from + 8); i++) {
            if (!lexer.isName(i)) continue;
            var word = lexer.name(i);
            temporary |= verb.equals("CREATE") && (word.equals("temp") || word.equals("temporary"));
            if (!OBJECTS.contains(word)) continue;
            statement = verb + " " + word.toUpperCase(Locale.ROOT);
            break;
        }
        temporary |= verb.equals("CREATE") && has(from, to, "pg_temp");
        var effect = temporary ? new SessionEffect.Pin("temporary object") : pinOfFunctions(from, to);
        return of(Access.WRITE, statement, TransactionEffect.NONE, effect, "");
    }
}
