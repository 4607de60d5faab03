package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/// Writes a statement without the data in it: every literal gives way to a parameter, every comment to a
/// space.
///
/// Statements that differ in their literals alone have the same fingerprint. Text that cannot be read,
/// because it has been cut or because nobody knows what a backslash means in it, ends with "…" where
/// that begins. Not thread-safe.
public final class StatementFingerprint {
    private static final String CUT = "…";
    private static final Pattern CONTROL =
            Pattern.compile("[\\p{Cntrl}\\u0080-\\u009f\\u2028\\u2029\\u202a-\\u202e\\u2066-\\u2069]");

    private final SqlLexer lexer = new SqlLexer();

    public String of(String sql) {
        var text = sql.getBytes(StandardCharsets.UTF_8);
        var standard = write(text, true);
        if (sql.indexOf('\\') < 0) return standard;
        var other = write(text, false);
        return standard.equals(other) ? standard : commonBeginning(standard, other) + CUT;
    }

    private String write(byte[] text, boolean standardConformingStrings) {
        boolean isWhole = lexer.lex(text, 0, text.length, standardConformingStrings);
        var out = new StringBuilder();
        int parameters = parameters(text);
        for (int token = 0; token < lexer.count(); token++) {
            if (token > 0 && lexer.start(token) > lexer.end(token - 1)) out.append(' ');
            if (isLiteral(token)) out.append('$').append(++parameters);
            else out.append(visible(String.valueOf(lexer.text(token, token))));
        }
        if (!isWhole) out.append(out.isEmpty() ? CUT : " " + CUT);
        return out.toString();
    }

    /// The text on one line, without what a terminal would obey: a space for each control character.
    public static String visible(String text) {
        return CONTROL.matcher(text).replaceAll(" ");
    }

    private boolean isLiteral(int token) {
        return lexer.type(token) == SqlLexer.STRING || lexer.type(token) == SqlLexer.NUMBER;
    }

    /// The highest parameter that the statement has itself.
    private int parameters(byte[] text) {
        int highest = 0;
        for (int token = 0; token < lexer.count(); token++)
            if (lexer.type(token) == SqlLexer.PARAMETER) highest = Math.max(highest, number(text, token));
        return highest;
    }

    private int number(byte[] text, int token) {
        int number = 0;
        for (int i = lexer.start(token) + 1; i < lexer.end(token) && number < 1_000_000; i++)
            number = 10 * number + text[i] - '0';
        return number;
    }

    private static String commonBeginning(String one, String other) {
        int same = 0;
        while (same < one.length() && same < other.length() && one.charAt(same) == other.charAt(same)) same++;
        return one.substring(0, same);
    }
}
