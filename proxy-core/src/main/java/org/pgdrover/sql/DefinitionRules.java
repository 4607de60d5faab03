package org.pgdrover.sql;

import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The rules for CREATE, ALTER and DROP: what such a statement runs, and what it leaves in the session.
final class DefinitionRules {
    private static final Set<String> OBJECTS = Set.of(
            ("table view index function procedure aggregate routine extension sequence schema type domain trigger role user "
                            + "group database operator cast language rule policy publication subscription server collation "
                            + "conversion tablespace statistics transform access system default text")
                    .split(" "));
    /// What is dropped may have been temporary.
    private static final Set<String> MAY_BE_TEMPORARY = Set.of(
            "DROP TABLE",
            "DROP VIEW",
            "DROP INDEX",
            "DROP SEQUENCE",
            "DROP FUNCTION",
            "DROP PROCEDURE",
            "DROP ROUTINE",
            "DROP AGGREGATE",
            "DROP TYPE",
            "DROP DOMAIN",
            "DROP OPERATOR",
            "DROP COLLATION",
            "DROP CONVERSION",
            "DROP TEXT",
            "DROP STATISTICS",
            "DROP SCHEMA",
            "DROP EXTENSION");

    private static final SessionEffect TEMPORARY = SessionEffect.leaves(Residue.TEMPORARY);
    private static final boolean[] LIKE_ANOTHER = ReadProof.set("like references of inherits");
    private static final int AS = Keywords.id("as");
    private static final int TABLE = Keywords.id("table");
    private static final boolean[] BEGINS_QUERY = ReadProof.set("select with values table execute");

    private final SqlLexer lexer;
    private final ReadProof proof;
    private final RelationScan relations;
    private final SessionCalls calls;

    DefinitionRules(SqlLexer lexer, ReadProof proof, RelationScan relations, SessionCalls calls) {
        this.lexer = lexer;
        this.proof = proof;
        this.relations = relations;
        this.calls = calls;
    }

    private boolean is(int token, int to, String word) {
        return token < to && lexer.isWord(token, word);
    }

    private boolean has(int from, int to, String first, String second) {
        for (int i = from; i + 1 < to; i++) if (is(i, to, first) && is(i + 1, to, second)) return true;
        return false;
    }

    QueryClass classify(int from, int to, String verb) {
        int object = object(from, to);
        if (object < 0) return of(verb, List.of(), SessionEffect.NONE);
        var statement = verb + " " + lexer.name(object).toUpperCase(Locale.ROOT);
        return switch (verb) {
            case "CREATE" -> create(from, to, object, statement);
            case "ALTER" -> alter(from, to, object, statement);
            default -> drop(to, object, statement);
        };
    }

    /// The word that says what is defined; -1 if there is none among the first.
    private int object(int from, int to) {
        for (int i = from + 1; i < Math.min(to, from + 8); i++)
            if (lexer.type(i) == SqlLexer.WORD && OBJECTS.contains(lexer.name(i))) return i;
        return -1;
    }

    private static QueryClass of(String statement, List<String> databases, SessionEffect effect) {
        return new QueryClass(
                Access.WRITE, statement, List.of(), databases, TransactionEffect.NONE, effect, "", List.of());
    }

    // CREATE

    private QueryClass create(int from, int to, int object, String statement) {
        if (statement.equals("CREATE DATABASE"))
            return of(statement, List.of(template(object, to)), SessionEffect.NONE);
        if (statement.equals("CREATE EXTENSION")) return of(statement, List.of(), SessionEffect.ANYTHING);
        boolean temporary = isTemporary(from, to, object);
        var effect = temporary ? temporary(object, to) : namesTemporary(object, to);
        begin();
        int name = name(object, to);
        if (statement.equals("CREATE TABLE"))
            return table(temporary ? "CREATE TEMPORARY TABLE" : statement, effect, name, to);
        if (is(object - 1, to, "materialized"))
            return ofQuery(name, query(object, to), to, "CREATE MATERIALIZED VIEW", effect);
        relations.scanDefinition(name, to);
        return statement.equals("CREATE INDEX")
                ? running(expressions(object, to), to, statement, effect)
                : running(-1, to, statement, effect);
    }

    /// Where the name begins behind the kind of object.
    private int name(int object, int to) {
        int at = object + 1;
        if (is(at, to, "concurrently")) at++;
        if (is(at, to, "if")) at += is(at + 1, to, "not") ? 3 : 2;
        if (is(at, to, "only")) at++;
        return Math.min(at, to);
    }

    private QueryClass table(String statement, SessionEffect effect, int name, int to) {
        int query = query(name, to);
        if (query >= 0) return ofQuery(name, query, to, statement + " AS", effect);
        if (name < to && lexer.isName(name)) relations.defined(name, to);
        int columns = -1;
        for (int i = name; i + 1 < to; i++) {
            if (columns < 0 && lexer.is(i, '(')) columns = i;
            if (isLikeAnother(i) && lexer.isName(i + 1)) relations.defined(i + 1, to);
            else if (isLikeAnother(i) && lexer.is(i + 1, '(') && lexer.isName(i + 2)) relations.defined(i + 2, to);
        }
        int bounds = bounds(name, to);
        if (bounds >= 0) return running(bounds, to, statement, effect);
        return running(columns, columns < 0 ? to : lexer.match(columns) + 1, statement, effect);
    }

    private boolean isLikeAnother(int i) {
        return lexer.type(i) == SqlLexer.WORD && LIKE_ANOTHER[lexer.keyword(i)];
    }

    private QueryClass ofQuery(int name, int query, int to, String statement, SessionEffect effect) {
        if (query < 0) return QueryClass.UNKNOWN;
        if (is(query, to, "execute")) return of(statement + " EXECUTE", List.of(), SessionEffect.ANYTHING);
        if (name < to && lexer.isName(name)) relations.defined(name, to);
        relations.scan(query, to);
        return running(query, to, statement, effect);
    }

    private boolean isTemporary(int from, int to, int object) {
        boolean temporary = false;
        for (int i = from + 1; i < object; i++) temporary |= is(i, to, "temp") || is(i, to, "temporary");
        return temporary;
    }

    private SessionEffect temporary(int object, int to) {
        boolean drops = lexer.keyword(object) == TABLE && isDroppedOnCommit(object, to);
        return drops ? SessionEffect.NONE : TEMPORARY;
    }

    private SessionEffect namesTemporary(int object, int to) {
        for (int i = object; i < to; i++) if (lexer.isName(i) && lexer.contains(i, "pg_temp")) return TEMPORARY;
        return SessionEffect.NONE;
    }

    private boolean isDroppedOnCommit(int from, int to) {
        for (int i = from; i + 2 < to; i++)
            if (is(i, to, "on") && is(i + 1, to, "commit")) return is(i + 2, to, "drop");
        return false;
    }

    /// Where the query begins whose rows the new table gets; -1 if there is none.
    private int query(int from, int to) {
        for (int i = from; i + 1 < to; i++) {
            if (lexer.is(i, '(')) i = lexer.match(i);
            else if (lexer.keyword(i) == AS && (BEGINS_QUERY[lexer.keyword(i + 1)] || lexer.is(i + 1, '(')))
                return i + 1;
        }
        return -1;
    }

    /// Where the expressions of a partition's bounds begin, which are computed at once.
    private int bounds(int from, int to) {
        for (int i = from; i + 1 < to; i++) if (is(i, to, "for") && is(i + 1, to, "values")) return i + 2;
        return -1;
    }

    private int expressions(int from, int to) {
        for (int i = from; i < to; i++) if (lexer.is(i, '(')) return i;
        return -1;
    }

    /// CREATE DATABASE copies another one, in which nobody else may be meanwhile.
    private String template(int object, int to) {
        for (int i = object + 2; i + 1 < to; i++) {
            if (!is(i, to, "template")) continue;
            int name = lexer.isOperator(i + 1, "=") ? i + 2 : i + 1;
            if (name < to && lexer.isName(name) && !is(name, to, "default")) return lexer.name(name);
            if (name < to && lexer.isPlainString(name)) return lexer.plainString(name);
        }
        return "template1";
    }

    // ALTER and DROP

    private QueryClass alter(int from, int to, int object, String statement) {
        int name = object + 1;
        return switch (statement) {
            case "ALTER DATABASE" -> {
                boolean empties = has(name + 1, to, "rename", "to") || has(name + 1, to, "set", "tablespace");
                var databases =
                        empties && name < to && lexer.isName(name) ? List.of(lexer.name(name)) : List.<String>of();
                yield of(statement, databases, SessionEffect.NONE);
            }
            case "ALTER EXTENSION" -> of(statement, List.of(), SessionEffect.ANYTHING);
            case "ALTER TABLE", "ALTER DOMAIN" -> {
                begin();
                relations.scanDefinition(name(object, to), to);
                yield running(name, to, statement, SessionEffect.NONE);
            }
            default -> defining(name(object, to), to, statement, SessionEffect.NONE);
        };
    }

    private QueryClass defining(int name, int to, String statement, SessionEffect effect) {
        begin();
        relations.scanDefinition(name, to);
        return running(-1, to, statement, effect);
    }

    private QueryClass drop(int to, int object, String statement) {
        if (statement.equals("DROP DATABASE")) {
            int name = is(object + 1, to, "if") ? object + 3 : object + 1;
            return of(
                    statement,
                    name < to && lexer.isName(name) ? List.of(lexer.name(name)) : List.of(),
                    SessionEffect.NONE);
        }
        boolean temporary = MAY_BE_TEMPORARY.contains(statement);
        return defining(name(object, to), to, statement, temporary ? TEMPORARY : SessionEffect.NONE);
    }

    // What is run

    private void begin() {
        proof.clear();
        relations.clear();
    }

    private QueryClass running(int since, int to, String statement, SessionEffect effect) {
        var all = effect;
        if (since >= 0) {
            proof.prove(since, to);
            all = StatementRules.with(calls.effect(proof.functions(), since, to), effect);
        }
        if (proof.functions().isFull() || relations.relations().isFull()) return QueryClass.UNKNOWN;
        return new QueryClass(
                Access.WRITE,
                statement,
                proof.functions().toList(),
                relations.relations().toList(),
                TransactionEffect.NONE,
                all,
                "",
                List.of());
    }
}
