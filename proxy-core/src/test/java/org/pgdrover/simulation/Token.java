package org.pgdrover.simulation;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// A word, a literal or a sign of the model's SQL.
record Token(Kind kind, String text, String raw) {
    Token(Kind kind, String text) {
        this(kind, text, text);
    }

    enum Kind {
        WORD,
        STRING,
        NUMBER,
        PARAMETER,
        SIGN
    }

    boolean is(String what) {
        return kind != Kind.STRING && text.equals(what);
    }

    /// The tokens of each statement of a string, empty statements left out.
    static List<List<Token>> statements(String sql) {
        var all = new ArrayList<List<Token>>();
        var statement = new ArrayList<Token>();
        for (int at = 0; at < sql.length(); ) {
            char c = sql.charAt(at);
            if (Character.isWhitespace(c)) {
                at++;
            } else if (sql.startsWith("/*", at)) {
                at = sql.indexOf("*/", at) + 2;
            } else if (c == ';') {
                if (!statement.isEmpty()) all.add(statement);
                statement = new ArrayList<>();
                at++;
            } else if (c == '\'' || ((c == 'E' || c == 'e') && at + 1 < sql.length() && sql.charAt(at + 1) == '\'')) {
                at = string(sql, at, statement);
            } else if (sql.startsWith("$$", at) || sql.startsWith("$pgdrover$", at)) {
                int quote = sql.indexOf('$', at + 1) + 1;
                int end = sql.indexOf(sql.substring(at, quote), quote);
                statement.add(new Token(Kind.STRING, sql.substring(quote, end)));
                at = end + quote - at;
            } else if (c == '"') {
                int end = sql.indexOf('"', at + 1);
                statement.add(new Token(Kind.WORD, sql.substring(at + 1, end)));
                at = end + 1;
            } else at = plain(sql, at, statement);
        }
        if (!statement.isEmpty()) all.add(statement);
        return all;
    }

    private static int string(String sql, int from, List<Token> into) {
        boolean escapes = sql.charAt(from) != '\'';
        var text = new StringBuilder();
        int at = from + (escapes ? 2 : 1);
        while (at < sql.length()) {
            char c = sql.charAt(at);
            if (c == '\'' && at + 1 < sql.length() && sql.charAt(at + 1) == '\'') at++;
            else if (c == '\'') break;
            else if (c == '\\' && escapes) c = sql.charAt(++at);
            text.append(c);
            at++;
        }
        into.add(new Token(Kind.STRING, text.toString()));
        return at + 1;
    }

    private static int plain(String sql, int from, List<Token> into) {
        char c = sql.charAt(from);
        int at = from + 1;
        if (Character.isLetter(c) || c == '_') {
            while (at < sql.length() && (Character.isLetterOrDigit(sql.charAt(at)) || sql.charAt(at) == '_')) at++;
            var raw = sql.substring(from, at);
            into.add(new Token(Kind.WORD, raw.toLowerCase(Locale.ROOT), raw));
        } else if (Character.isDigit(c)) {
            while (at < sql.length() && (Character.isDigit(sql.charAt(at)) || sql.charAt(at) == '.')) at++;
            into.add(new Token(Kind.NUMBER, sql.substring(from, at)));
        } else if (c == '$') {
            while (at < sql.length() && Character.isDigit(sql.charAt(at))) at++;
            into.add(new Token(Kind.PARAMETER, sql.substring(from + 1, at)));
        } else {
            if (sql.startsWith("::", from) || sql.startsWith("<>", from)) at++;
            into.add(new Token(Kind.SIGN, sql.substring(from, at)));
        }
        return at;
    }
}
