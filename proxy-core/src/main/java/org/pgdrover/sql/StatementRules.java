package org.pgdrover.sql;

import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// The rule for each kind of statement, by the word that it begins with (PostgreSQL manual, part VI.I,
/// SQL Commands).
final class StatementRules {
    private static final int SELECT = Keywords.id("select");
    private static final int EXPLAIN = Keywords.id("explain");
    private static final QueryClass PLAIN_SELECT =
            of(Access.READ, "SELECT", TransactionEffect.NONE, SessionEffect.NONE, "");

    private final SqlLexer lexer;
    private final ReadProof proof;
    private final RelationScan relations;
    private final SessionCalls calls;
    private final SetRules settings;
    private final TransactionRules transactions;
    private final DefinitionRules definitions;
    private final BlockRules blocks;

    StatementRules(SqlLexer lexer) {
        this.lexer = lexer;
        this.proof = new ReadProof(lexer);
        this.relations = new RelationScan(lexer);
        this.calls = new SessionCalls(lexer);
        this.settings = new SetRules(lexer);
        this.transactions = new TransactionRules(lexer);
        this.definitions = new DefinitionRules(lexer, proof, relations, calls);
        this.blocks = new BlockRules(lexer);
    }

    /// Classifies the statement in the tokens from one to before another.
    QueryClass classify(int from, int to) {
        if (lexer.is(from, '(') || lexer.keyword(from) == SELECT) return query(from, to, "SELECT");
        if (lexer.type(from) != SqlLexer.WORD) return QueryClass.UNKNOWN;
        return byVerb(lexer.name(from), from, to);
    }

    private QueryClass byVerb(String verb, int from, int to) {
        return switch (verb) {
            case "with" -> query(from, to, "SELECT");
            case "values" -> query(from, to, "VALUES");
            case "table" -> query(from, to, "TABLE");
            case "explain" -> explain(from, to);
            case "copy" -> copy(from, to);
            case "begin", "start" -> transactions.begin(from, to);
            case "commit", "end" -> transactions.commit(from, to);
            case "rollback", "abort" -> transactions.rollback(from, to);
            case "savepoint" -> transactions.savepoint();
            case "release" -> transactions.release();
            case "prepare" -> prepare(from, to);
            case "set" -> settings.set(from, to);
            case "reset" -> settings.reset(from, to);
            case "discard" -> settings.discard(from, to);
            case "deallocate" -> settings.deallocate(from, to);
            case "show" -> write("SHOW", SessionEffect.NONE, "tells the primary's settings");
            case "listen" -> write("LISTEN", SessionEffect.leaves(Residue.LISTENS), "");
            case "unlisten" -> write("UNLISTEN", SessionEffect.leaves(Residue.LISTENS), "");
            case "load" -> write("LOAD", SessionEffect.leaves(Residue.LASTING), "");
            case "declare" -> declare(from, to);
            case "close" -> write("CLOSE", SessionEffect.leaves(Residue.CURSORS), "goes where the cursor is");
            case "fetch" -> write("FETCH", SessionEffect.NONE, "goes where the cursor is");
            case "move" -> write("MOVE", SessionEffect.NONE, "goes where the cursor is");
            case "execute" -> write("EXECUTE", SessionEffect.ANYTHING, "what was prepared is not looked up");
            case "do" -> blocks.classify(from, to);
            case "insert" -> change(from, to, from, "INSERT");
            case "update" -> change(from, to, from, "UPDATE");
            case "delete" -> change(from, to, from, "DELETE");
            case "merge" -> change(from, to, from, "MERGE");
            case "call" -> change(from, to, from + 1, "CALL");
            case "truncate" ->
                list(from, to, from + 1, is(to - 1, to, "cascade") ? QueryClass.TRUNCATE_CASCADE : "TRUNCATE");
            case "lock" -> list(from, to, from + 1, "LOCK");
            case "refresh" -> list(from, to, from + 1, "REFRESH");
            case "create" -> definitions.classify(from, to, "CREATE");
            case "alter" -> definitions.classify(from, to, "ALTER");
            case "drop" -> definitions.classify(from, to, "DROP");
            case "notify",
                    "vacuum",
                    "analyze",
                    "analyse",
                    "cluster",
                    "reindex",
                    "grant",
                    "revoke",
                    "comment",
                    "security",
                    "reassign",
                    "import",
                    "checkpoint" -> write(upper(verb), SessionEffect.NONE, "");
            default -> QueryClass.UNKNOWN;
        };
    }

    private static String upper(String verb) {
        return verb.toUpperCase(Locale.ROOT);
    }

    private boolean is(int token, int to, String word) {
        return token < to && lexer.isWord(token, word);
    }

    private boolean has(int from, int to, String first, String second) {
        for (int i = from; i + 1 < to; i++) if (is(i, to, first) && is(i + 1, to, second)) return true;
        return false;
    }

    private static QueryClass write(String statement, SessionEffect effect, String reason) {
        return of(Access.WRITE, statement, TransactionEffect.NONE, effect, reason);
    }

    private static QueryClass of(
            Access access, String statement, TransactionEffect transaction, SessionEffect session, String reason) {
        return new QueryClass(access, statement, List.of(), List.of(), transaction, session, reason, List.of());
    }

    /// An effect that leaves one thing more.
    static SessionEffect with(SessionEffect effect, Residue more) {
        return with(effect, SessionEffect.leaves(more));
    }

    /// Two effects that leave something, as one.
    static SessionEffect with(SessionEffect one, SessionEffect other) {
        return one.and(other);
    }

    // Queries and changes

    private QueryClass query(int from, int to, String statement) {
        var obstacle = look(from, to, from);
        if (isTooLong()) return QueryClass.UNKNOWN;
        boolean simple = obstacle == null && proof.functions().isEmpty();
        if (simple && relations.relations().isEmpty() && statement.equals("SELECT")) return PLAIN_SELECT;
        var effect = calls.effect(proof.functions(), from, to);
        if (obstacle == null && changesSession(effect)) obstacle = "changes the session";
        if (proof.createsTemporaryTable()) effect = with(effect, Residue.TEMPORARY);
        if (proof.target() >= 0) return selectInto(from, to, effect);
        return found(
                obstacle == null ? Access.READ : Access.WRITE, statement, effect, obstacle == null ? "" : obstacle);
    }

    /// The new table's name comes first.
    private QueryClass selectInto(int from, int to, SessionEffect effect) {
        relations.clear();
        relations.defined(proof.target(), to);
        relations.scan(from, to);
        return found(Access.WRITE, "SELECT INTO", effect, "SELECT INTO");
    }

    /// Also one that changes a setting for its transaction only is nothing that a standby may run.
    private boolean changesSession(SessionEffect effect) {
        return effect != SessionEffect.NONE || proof.callsSetConfig();
    }

    private QueryClass change(int from, int to, int first, String statement) {
        look(from, to, first);
        if (isTooLong()) return QueryClass.UNKNOWN;
        return found(Access.WRITE, statement, calls.effect(proof.functions(), from, to), "");
    }

    /// TRUNCATE, LOCK and REFRESH name relations, and whatever else is a name in them counts as one.
    private QueryClass list(int from, int to, int first, String statement) {
        int at = first;
        while (is(at, to, "table") || is(at, to, "materialized") || is(at, to, "view") || is(at, to, "concurrently"))
            at++;
        proof.clear();
        relations.clear();
        relations.scanList(at, to);
        if (isTooLong()) return QueryClass.UNKNOWN;
        return found(Access.WRITE, statement, SessionEffect.NONE, "");
    }

    private @Nullable String look(int from, int to, int first) {
        relations.clear();
        relations.scan(from, to);
        return proof.prove(first, to);
    }

    private boolean isTooLong() {
        return proof.functions().isFull() || relations.relations().isFull();
    }

    private QueryClass found(Access access, String statement, SessionEffect effect, String reason) {
        return new QueryClass(
                access,
                statement,
                proof.functions().toList(),
                relations.relations().toList(),
                TransactionEffect.NONE,
                effect,
                reason,
                List.of());
    }

    private QueryClass explain(int from, int to) {
        int inner = from + 1;
        boolean runs = false;
        if (inner < to && lexer.is(inner, '(')) {
            int end = lexer.match(inner);
            for (int i = inner; i < end; i++) runs |= is(i, to, "analyze") || is(i, to, "analyse");
            // EXPLAIN (SELECT …) has its query in parentheses, and no options.
            if (end + 1 >= to) return explained(inner, to, false);
            inner = end + 1;
        }
        while (is(inner, to, "analyze") || is(inner, to, "analyse") || is(inner, to, "verbose")) {
            runs |= !is(inner, to, "verbose");
            inner++;
        }
        // What is explained cannot be an EXPLAIN.
        if (inner >= to || lexer.keyword(inner) == EXPLAIN) return QueryClass.UNKNOWN;
        return explained(inner, to, runs);
    }

    private QueryClass explained(int inner, int to, boolean runs) {
        var explained = classify(inner, to);
        if (explained.access() == Access.READ) return as("EXPLAIN", explained, SessionEffect.NONE, "");
        if (explained == QueryClass.UNKNOWN) return QueryClass.UNKNOWN;
        var name = explained.statement().endsWith("EXECUTE") ? "EXPLAIN EXECUTE" : "EXPLAIN";
        // A plan is made with the values of stable functions, so planning calls them too.
        return as(name, explained, runs ? explained.session() : SessionEffect.NONE, "EXPLAIN of what is not a read");
    }

    private static QueryClass as(String statement, QueryClass inner, SessionEffect effect, String reason) {
        return new QueryClass(
                inner.access(),
                statement,
                inner.functions(),
                inner.relations(),
                TransactionEffect.NONE,
                effect,
                reason,
                List.of());
    }

    // COPY

    private QueryClass copy(int from, int to) {
        int at = from + 1;
        if (at < to && lexer.is(at, '(')) return copyQuery(at, lexer.match(at), to);
        if (is(at, to, "binary")) at++;
        int direction = at;
        while (direction < to && !is(direction, to, "from") && !is(direction, to, "to")) direction++;
        return copyTable(at, direction, to);
    }

    private QueryClass copyQuery(int open, int close, int to) {
        var inner = open + 1 < close ? classify(open + 1, close) : QueryClass.UNKNOWN;
        if (inner == QueryClass.UNKNOWN) return inner;
        if (!isToStdout(close + 1, to))
            return as(
                    "COPY TO",
                    inner.writing("writes a file on the server"),
                    inner.session(),
                    "writes a file on the server");
        if (inner.access() == Access.READ) return as("COPY TO", inner, SessionEffect.NONE, "");
        return as("COPY TO", inner.writing(""), inner.session(), "COPY of what is not a read");
    }

    private boolean isToStdout(int at, int to) {
        return is(at, to, "to") && is(at + 1, to, "stdout");
    }

    private QueryClass copyTable(int at, int direction, int to) {
        int end = endOfName(at, direction);
        var obstacle = proof.prove(at, end);
        proof.clear();
        relations.clear();
        relations.scanList(at, end);
        if (is(direction, to, "from")) {
            proof.prove(direction + 1, to);
            return found(Access.WRITE, "COPY FROM", SessionEffect.NONE, "");
        }
        if (!isToStdout(direction, to))
            return found(Access.WRITE, "COPY TO", SessionEffect.NONE, "writes a file on the server");
        return found(
                obstacle == null ? Access.READ : Access.WRITE,
                "COPY TO",
                SessionEffect.NONE,
                obstacle == null ? "" : obstacle);
    }

    private int endOfName(int at, int to) {
        int end = at;
        while (end < to && !lexer.is(end, '(')) end++;
        return end;
    }

    // What has names of its own

    private QueryClass prepare(int from, int to) {
        if (is(from + 1, to, "transaction") && from + 2 < to && lexer.type(from + 2) == SqlLexer.STRING)
            return transactions.prepareTransaction();
        return write("PREPARE", SessionEffect.leaves(Residue.PREPARED), "");
    }

    private QueryClass declare(int from, int to) {
        int query = from;
        while (query < to && !is(query, to, "for")) query++;
        var obstacle = look(query, to, query);
        if (isTooLong()) return QueryClass.UNKNOWN;
        var effect = calls.effect(proof.functions(), query, to);
        boolean held = has(from, query, "with", "hold");
        if (held) return found(Access.WRITE, "DECLARE", with(effect, Residue.CURSORS), "a cursor that outlives it");
        return found(Access.WRITE, "DECLARE", effect, obstacle == null ? "" : obstacle);
    }
}
