package org.pgdrover.sql;

import java.util.List;

/**
 * Finds out what the text of a query string proves about it, one statement after another.
 *
 * <p>Safe by proof: what is not well-formed or not known is {@link QueryClass#UNKNOWN}, and of several statements all must be reads for the
 * string to be one. docs/routing.md has the table of rules. Not thread-safe: it reuses its scratch space.
 */
public final class QueryClassifier {
    private static final int CREATE = Keywords.id("create");
    private static final int ATOMIC = Keywords.id("atomic");
    private static final QueryClass EMPTY =
            new QueryClass(Access.EMPTY, "", List.of(), TransactionEffect.NONE, SessionEffect.NONE, "");

    private final SqlLexer lexer = new SqlLexer();
    private final StatementRules rules = new StatementRules(lexer);

    /**
     * Classifies the bytes from one index to another, in an encoding in which every byte of a longer character is above 127.
     *
     * @param standardConformingStrings the session's setting of that name: whether a backslash in '…' is only a backslash
     */
    public QueryClass classify(byte[] sql, int from, int to, boolean standardConformingStrings) {
        if (!lexer.lex(sql, from, to, standardConformingStrings) || !isBalanced()) return QueryClass.UNKNOWN;
        QueryClass all = null;
        int at = 0;
        while (at < lexer.count()) {
            int end = endOfStatement(at);
            if (end > at) all = all == null ? rules.classify(at, end) : Several.and(all, rules.classify(at, end));
            at = end + 1;
        }
        return all == null ? EMPTY : all;
    }

    private boolean isBalanced() {
        int depth = 0;
        for (int i = 0; i < lexer.count() && depth >= 0; i++) {
            if (lexer.is(i, '(')) depth++;
            else if (lexer.is(i, ')')) depth--;
        }
        return depth == 0;
    }

    /** Where the statement's semicolon stands, or the end; a body in BEGIN ATOMIC … END has semicolons of its own. */
    private int endOfStatement(int from) {
        int depth = 0;
        boolean creates = lexer.keyword(from) == CREATE;
        for (int i = from; i < lexer.count(); i++) {
            if (lexer.is(i, '(')) depth++;
            else if (lexer.is(i, ')')) depth--;
            else if (creates && lexer.keyword(i) == ATOMIC) return lexer.count();
            else if (depth == 0 && lexer.is(i, ';')) return i;
        }
        return lexer.count();
    }
}
