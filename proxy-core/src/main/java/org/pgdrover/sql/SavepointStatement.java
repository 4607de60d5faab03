package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;

/// A statement about a savepoint, with the savepoint's name.
///
/// PostgreSQL manual: SAVEPOINT, RELEASE SAVEPOINT, ROLLBACK TO SAVEPOINT.
///
/// @param name as the server understands it: lower-cased unless quoted; empty if nobody knows that
public record SavepointStatement(Kind kind, String name) {
    /// What the statement does.
    public enum Kind {
        MADE,
        RELEASED,
        GONE_BACK_TO
    }

    /// Whether a class is that of one such statement.
    public static boolean is(QueryClass found) {
        var statement = found.statement();
        return statement.equals("SAVEPOINT") || statement.equals("RELEASE") || statement.equals("ROLLBACK TO");
    }

    /// Whether such a statement is among the statements of a class.
    public static boolean areIn(QueryClass found) {
        var parts = found.parts();
        for (int i = 0; i < parts.size(); i++) if (is(parts.get(i))) return true;
        return is(found);
    }

    /// Those at the beginnings of a text's statements, in order.
    public static List<SavepointStatement> all(byte[] text, boolean standardConformingStrings) {
        var all = new ArrayList<SavepointStatement>();
        var lexer = new SqlLexer();
        if (!lexer.lex(text, 0, text.length, standardConformingStrings)) return all;
        for (int i = 0; i < lexer.count(); i++) {
            if (i > 0 && !lexer.is(i - 1, ';')) continue;
            if (lexer.isWord(i, "savepoint")) {
                all.add(new SavepointStatement(Kind.MADE, name(lexer, i + 1)));
            } else if (lexer.isWord(i, "release")) {
                all.add(new SavepointStatement(Kind.RELEASED, name(lexer, behind(lexer, i + 1, "savepoint"))));
            } else if (lexer.isWord(i, "rollback")) {
                int to = behind(lexer, behind(lexer, i + 1, "work"), "transaction");
                if (to < lexer.count() && lexer.isWord(to, "to"))
                    all.add(new SavepointStatement(Kind.GONE_BACK_TO, name(lexer, behind(lexer, to + 1, "savepoint"))));
            }
        }
        return all;
    }

    /// A savepoint may be called as the word is.
    private static int behind(SqlLexer lexer, int at, String word) {
        boolean there = at < lexer.count() && lexer.isWord(at, word);
        boolean last = at + 1 >= lexer.count() || lexer.is(at + 1, ';');
        return there && !last ? at + 1 : at;
    }

    private static String name(SqlLexer lexer, int at) {
        return at < lexer.count() && lexer.isName(at) ? lexer.name(at) : "";
    }
}
