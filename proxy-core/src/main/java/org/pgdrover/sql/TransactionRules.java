package org.pgdrover.sql;

import java.util.List;

/// The rules for the statements that begin, end and divide transactions (PostgreSQL manual, part VI.I).
final class TransactionRules {
    private static final QueryClass BEGIN = transaction("BEGIN", TransactionEffect.BEGIN);
    private static final QueryClass BEGIN_READ_ONLY = transaction("BEGIN", TransactionEffect.BEGIN_READ_ONLY);
    private static final QueryClass COMMIT = transaction("COMMIT", TransactionEffect.COMMIT);
    private static final QueryClass ROLLBACK = transaction("ROLLBACK", TransactionEffect.ROLLBACK);
    private static final QueryClass ROLLBACK_TO = transaction("ROLLBACK TO", TransactionEffect.INSIDE);
    private static final QueryClass SAVEPOINT = transaction("SAVEPOINT", TransactionEffect.INSIDE);
    private static final QueryClass RELEASE = transaction("RELEASE", TransactionEffect.INSIDE);

    private final SqlLexer lexer;

    TransactionRules(SqlLexer lexer) {
        this.lexer = lexer;
    }

    private static QueryClass transaction(String statement, TransactionEffect effect) {
        return new QueryClass(
                Access.TRANSACTION, statement, List.of(), List.of(), effect, SessionEffect.NONE, "", List.of());
    }

    private boolean is(int token, int to, String word) {
        return token < to && lexer.isWord(token, word);
    }

    private boolean has(int from, int to, String first, String second) {
        for (int i = from; i + 1 < to; i++) if (is(i, to, first) && is(i + 1, to, second)) return true;
        return false;
    }

    private boolean has(int from, int to, String word) {
        for (int i = from; i < to; i++) if (is(i, to, word)) return true;
        return false;
    }

    QueryClass begin(int from, int to) {
        if (is(from, to, "start") && !is(from + 1, to, "transaction")) return QueryClass.UNKNOWN;
        boolean readOnly =
                has(from, to, "read", "only") && !has(from, to, "read", "write") && !has(from, to, "serializable");
        return readOnly ? BEGIN_READ_ONLY : BEGIN;
    }

    QueryClass commit(int from, int to) {
        return is(from + 1, to, "prepared") ? twoPhase("COMMIT PREPARED") : COMMIT;
    }

    QueryClass rollback(int from, int to) {
        if (has(from, Math.min(to, from + 3), "to")) return ROLLBACK_TO;
        return is(from + 1, to, "prepared") ? twoPhase("ROLLBACK PREPARED") : ROLLBACK;
    }

    QueryClass savepoint() {
        return SAVEPOINT;
    }

    QueryClass release() {
        return RELEASE;
    }

    QueryClass prepareTransaction() {
        return transaction("PREPARE TRANSACTION", TransactionEffect.COMMIT);
    }

    private static QueryClass twoPhase(String statement) {
        return new QueryClass(
                Access.WRITE,
                statement,
                List.of(),
                List.of(),
                TransactionEffect.NONE,
                SessionEffect.NONE,
                "two-phase commit",
                List.of());
    }
}
