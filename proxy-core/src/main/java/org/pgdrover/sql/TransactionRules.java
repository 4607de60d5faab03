package org.pgdrover.sql;

import java.util.List;

/// The rules for the statements that begin, end and divide transactions (PostgreSQL manual, part VI.I).
final class TransactionRules {
    private static final QueryClass BEGIN = transaction("BEGIN", TransactionEffect.BEGIN);
    private static final QueryClass BEGIN_READ_ONLY = transaction("BEGIN", TransactionEffect.BEGIN_READ_ONLY);
    private static final QueryClass START = transaction("START TRANSACTION", TransactionEffect.BEGIN);
    private static final QueryClass START_READ_ONLY =
            transaction("START TRANSACTION", TransactionEffect.BEGIN_READ_ONLY);
    private static final QueryClass COMMIT = transaction("COMMIT", TransactionEffect.COMMIT);
    private static final QueryClass COMMIT_CHAIN = transaction("COMMIT AND CHAIN", TransactionEffect.COMMIT);
    private static final QueryClass ROLLBACK = transaction("ROLLBACK", TransactionEffect.ROLLBACK);
    private static final QueryClass ROLLBACK_CHAIN = transaction("ROLLBACK AND CHAIN", TransactionEffect.ROLLBACK);
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
        boolean start = is(from, to, "start");
        int at = from + 1;
        if (is(at, to, "transaction") || !start && is(at, to, "work")) at++;
        else if (start) return QueryClass.UNKNOWN;
        if (!areModes(at, to)) return QueryClass.UNKNOWN;
        boolean readOnly =
                has(from, to, "read", "only") && !has(from, to, "read", "write") && !has(from, to, "serializable");
        if (start) return readOnly ? START_READ_ONLY : START;
        return readOnly ? BEGIN_READ_ONLY : BEGIN;
    }

    /// Whether the tokens are transaction modes, with or without commas, and nothing else.
    private boolean areModes(int from, int to) {
        int at = from;
        while (at < to) {
            int end = mode(at, to);
            if (end < 0) return false;
            at = end;
            if (at < to && lexer.is(at, ',') && ++at == to) return false;
        }
        return true;
    }

    /// Where the mode ends that begins at a token, or -1 if none does.
    private int mode(int at, int to) {
        if (is(at, to, "isolation") && is(at + 1, to, "level")) {
            if (is(at + 2, to, "serializable")) return at + 3;
            boolean two = is(at + 2, to, "repeatable") && is(at + 3, to, "read")
                    || is(at + 2, to, "read") && (is(at + 3, to, "committed") || is(at + 3, to, "uncommitted"));
            return two ? at + 4 : -1;
        }
        if (is(at, to, "read") && (is(at + 1, to, "only") || is(at + 1, to, "write"))) return at + 2;
        if (is(at, to, "deferrable")) return at + 1;
        return is(at, to, "not") && is(at + 1, to, "deferrable") ? at + 2 : -1;
    }

    QueryClass commit(int from, int to) {
        if (is(from + 1, to, "prepared")) return twoPhase("COMMIT PREPARED");
        return isPlainEnd(from, to) ? COMMIT : COMMIT_CHAIN;
    }

    /// Whether nothing follows the command but WORK or TRANSACTION, and AND NO CHAIN.
    private boolean isPlainEnd(int from, int to) {
        int at = from + 1;
        if (is(at, to, "work") || is(at, to, "transaction")) at++;
        if (at == to) return true;
        return is(at, to, "and") && is(at + 1, to, "no") && is(at + 2, to, "chain") && at + 3 == to;
    }

    QueryClass rollback(int from, int to) {
        if (has(from, Math.min(to, from + 3), "to")) return ROLLBACK_TO;
        if (is(from + 1, to, "prepared")) return twoPhase("ROLLBACK PREPARED");
        return isPlainEnd(from, to) ? ROLLBACK : ROLLBACK_CHAIN;
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
