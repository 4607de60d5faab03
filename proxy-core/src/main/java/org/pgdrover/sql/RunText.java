package org.pgdrover.sql;

import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/// Reads the strings of a function's body that the body may run, as far as they stand in it.
///
/// Strings joined by `||` are one text, and what else is joined is a piece that nobody knows. Not thread-safe: it
/// holds the text that it gathers.
final class RunText {
    private static final Pattern ESCAPE = Pattern.compile("\\\\[nrt'\\\\]");

    private final SqlLexer lexer;
    private final StringBuilder text = new StringBuilder();
    private boolean sets;
    /// Whether the text that is gathered is the whole of what EXECUTE runs.
    private boolean whole;

    RunText(SqlLexer lexer) {
        this.lexer = lexer;
    }

    /// Whether one of the strings may set a parameter that no view shows.
    boolean sets() {
        sets = false;
        read(0, lexer.count());
        return sets;
    }

    private void read(int from, int to) {
        for (int i = from; i < to; i++) {
            if (lexer.is(i, '(') || lexer.is(i, '[')) i = readWithin(i);
            else if (lexer.type(i) == SqlLexer.STRING) add(content(i));
            else if (lexer.isWord(i, "execute")) begin();
            else if (lexer.isWord(i, "raise")) i = endOfStatement(i, to);
            else if (lexer.is(i, ';') || lexer.isWord(i, "using") || lexer.isWord(i, "into")) end();
            else if (lexer.is(i, ',') || lexer.isOperator(i, ":=") || lexer.isOperator(i, "=")) begin(false);
            else if (!lexer.isOperator(i, "||")) text.append(SettingText.UNKNOWN);
        }
        begin(false);
    }

    /// What stands in parentheses is a text of its own, and a piece of the one that it stands in.
    private int readWithin(int open) {
        var within = new RunText(lexer);
        within.read(open + 1, lexer.match(open));
        sets |= within.sets;
        text.append(SettingText.UNKNOWN);
        return lexer.match(open);
    }

    private int endOfStatement(int from, int to) {
        int end = from;
        while (end < to && !lexer.is(end, ';')) end++;
        return end;
    }

    private void add(@Nullable String content) {
        sets |= content == null;
        text.append(content);
    }

    private void begin() {
        begin(true);
    }

    private void end() {
        if (whole) text.append(';');
        begin(false);
    }

    private void begin(boolean executed) {
        sets |= SettingText.isIn(text);
        text.setLength(0);
        whole = executed;
    }

    /// What a string says; null if it has escapes that could say anything.
    private @Nullable String content(int token) {
        var raw = lexer.text(token, token);
        if (raw == null) return null;
        if (raw.charAt(0) == '$') {
            int tag = raw.indexOf('$', 1) + 1;
            return raw.substring(tag, raw.length() - tag);
        }
        int quote = raw.indexOf('\'');
        var said = raw.substring(quote + 1, raw.length() - 1)
                .replaceAll("'\\s*[\\r\\n]\\s*'", "")
                .replace("''", "'");
        if (quote == 0) return said;
        if (raw.charAt(0) == 'e' || raw.charAt(0) == 'E')
            said = ESCAPE.matcher(said)
                    .replaceAll(escape -> switch (escape.group().charAt(1)) {
                        case '\'' -> "'";
                        case '\\' -> "/";
                        default -> " ";
                    });
        return said.indexOf('\\') < 0 ? said : null;
    }
}
