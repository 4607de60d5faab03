package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;

/// A classifier of query strings: it finds out what the text proves, one statement after another.
///
/// Safe by proof: what is not well-formed, not known or too large is [QueryClass#UNKNOWN], and of
/// several statements all must be reads for the string to be one. docs/routing.md has the table of
/// rules. Not thread-safe: it reuses its scratch space.
public final class QueryClassifier {
    /// A string of more statements is not looked at.
    static final int MOST_STATEMENTS = 1_000;

    private static final int CREATE = Keywords.id("create");
    private static final int BEGIN = Keywords.id("begin");
    private static final int ATOMIC = Keywords.id("atomic");
    private static final int CASE = Keywords.id("case");
    private static final int END = Keywords.id("end");
    private static final int AS = Keywords.id("as");
    private static final QueryClass EMPTY = new QueryClass(
            Access.EMPTY, "", List.of(), List.of(), TransactionEffect.NONE, SessionEffect.NONE, "", List.of());

    private final SqlLexer lexer = new SqlLexer();
    private final StatementRules rules = new StatementRules(lexer);
    private final KnownTexts texts = new KnownTexts();

    /// Classifies the bytes from one index to another, in an encoding in which every byte of a longer character
    /// is above 127.
    ///
    /// @param standardConformingStrings the session's setting of that name: whether a backslash in '…' is only
    ///     a backslash
    public QueryClass classify(byte[] sql, int from, int to, boolean standardConformingStrings) {
        var known = texts.find(sql, from, to, standardConformingStrings);
        if (known != null) return known;
        var read = read(sql, from, to, standardConformingStrings);
        texts.remember(read);
        return read;
    }

    /// The same, without looking whether the text is known.
    QueryClass read(byte[] sql, int from, int to, boolean standardConformingStrings) {
        if (!lexer.lex(sql, from, to, standardConformingStrings)) return QueryClass.UNKNOWN;
        int first = skipSemicolons(0);
        if (first == lexer.count()) return EMPTY;
        int end = endOfStatement(first);
        if (end < 0) return QueryClass.UNKNOWN;
        int next = skipSemicolons(end);
        return next == lexer.count() ? rules.classify(first, end) : several(first);
    }

    /// Where each statement of a string ends: the index of its semicolon, or of the string's end.
    ///
    /// @return none if the string is not understood
    public List<Integer> ends(byte[] sql, int from, int to, boolean standardConformingStrings) {
        if (!lexer.lex(sql, from, to, standardConformingStrings)) return List.of();
        var ends = new ArrayList<Integer>();
        for (int at = skipSemicolons(0); at < lexer.count(); ) {
            int end = endOfStatement(at);
            if (end < 0) return List.of();
            ends.add(end == lexer.count() ? to : lexer.start(end));
            at = skipSemicolons(end);
        }
        return ends;
    }

    private int skipSemicolons(int from) {
        int at = from;
        while (at < lexer.count() && lexer.is(at, ';')) at++;
        return at;
    }

    private QueryClass several(int first) {
        var parts = new ArrayList<QueryClass>();
        for (int at = first; at < lexer.count(); ) {
            int end = endOfStatement(at);
            if (end < 0 || parts.size() == MOST_STATEMENTS) return QueryClass.UNKNOWN;
            var part = rules.classify(at, end);
            // Where one is not understood, who knows whether the next one is what it looks like.
            if (part == QueryClass.UNKNOWN) return QueryClass.UNKNOWN;
            parts.add(part);
            at = skipSemicolons(end);
        }
        return Several.of(parts);
    }

    /// Where the statement's semicolon stands, or the end; -1 if a body of BEGIN ATOMIC has no end.
    private int endOfStatement(int from) {
        boolean creates = lexer.keyword(from) == CREATE;
        for (int i = from; i < lexer.count(); i++) {
            if (lexer.is(i, ';')) return i;
            if (lexer.is(i, '(')) i = lexer.match(i);
            else if (creates && lexer.keyword(i) == ATOMIC && i > from && lexer.keyword(i - 1) == BEGIN) {
                i = endOfBody(i + 1);
                if (i < 0) return -1;
            }
        }
        return lexer.count();
    }

    /// The END that belongs to BEGIN ATOMIC: a body has semicolons of its own.
    private int endOfBody(int from) {
        int open = 1;
        for (int i = from; i < lexer.count(); i++) {
            int keyword = lexer.keyword(i);
            if (keyword != CASE && keyword != END) continue;
            if (lexer.is(i - 1, '.') || lexer.keyword(i - 1) == AS) continue;
            open += keyword == CASE ? 1 : -1;
            if (open == 0) return i;
        }
        return -1;
    }
}
