package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/// Cuts SQL text into tokens as PostgreSQL's scanner does (PostgreSQL manual, section 4.1). It works on
/// the bytes, for encodings in which every byte of a longer character is above 127.
///
/// Comments and white space give no token. The arrays are reused: tokens are valid until the next
/// [#lex]. Not thread-safe.
final class SqlLexer {
    static final byte WORD = 1;
    static final byte QUOTED = 2;
    static final byte STRING = 3;
    static final byte NUMBER = 4;
    static final byte PARAMETER = 5;
    static final byte OPERATOR = 6;
    /// One of ( ) [ ] , ; . : which stand alone; :: and := are operators.
    static final byte PUNCTUATION = 7;

    private static final int OPERATOR_KEYWORD = Keywords.id("operator");
    private static final int DISTINCT_KEYWORD = Keywords.id("distinct");

    /// Statements with more tokens are not looked at.
    static final int MOST_TOKENS = 1 << 15;

    /// Statements with more parentheses in one another are not looked at.
    static final int MOST_NESTING = 500;

    private static final String OPERATOR_CHARACTERS = "~!@#^&|`?+-*/%<>=";

    private byte[] types = new byte[256];
    private int[] starts = new int[256];
    private int[] ends = new int[256];
    private int[] keywords = new int[256];
    private int[] matches = new int[256];
    private final int[] open = new int[MOST_NESTING];
    private int depth;
    private boolean operatorOrDistinct;
    private int count;
    private byte[] sql = {};
    private int limit;
    private boolean standardStrings;
    private final Names names = new Names();

    /// Lexes the text; false if it is not well-formed, or too long: then nothing is known of it.
    boolean lex(byte[] text, int from, int to, boolean standardConformingStrings) {
        sql = text;
        limit = to;
        standardStrings = standardConformingStrings;
        count = 0;
        depth = 0;
        operatorOrDistinct = false;
        int at = from;
        while (at >= 0 && at < limit) {
            if (count == MOST_TOKENS) return false;
            at = token(at);
        }
        return at >= 0 && depth == 0;
    }

    /// Where what opens at a token closes.
    int match(int token) {
        return matches[token];
    }

    int count() {
        return count;
    }

    byte type(int token) {
        return types[token];
    }

    /// The number of the keyword, or [Keywords#NONE].
    int keyword(int token) {
        return keywords[token];
    }

    int start(int token) {
        return starts[token];
    }

    int end(int token) {
        return ends[token];
    }

    boolean is(int token, char punctuation) {
        return types[token] == PUNCTUATION && sql[starts[token]] == punctuation;
    }

    /// The character of a punctuation.
    byte punctuation(int token) {
        return sql[starts[token]];
    }

    boolean isOperator(int token, String text) {
        if (types[token] != OPERATOR || ends[token] - starts[token] != text.length()) return false;
        for (int i = 0; i < text.length(); i++) if (sql[starts[token] + i] != text.charAt(i)) return false;
        return true;
    }

    /// Whether an OPERATOR or DISTINCT is anywhere in the text.
    boolean hasOperatorOrDistinct() {
        return operatorOrDistinct;
    }

    boolean isName(int token) {
        return types[token] == WORD || types[token] == QUOTED;
    }

    /// The name as the catalog has it: lower-cased unless quoted.
    String name(int token) {
        return known(token).text();
    }

    /// The same, from the names that are known.
    Names.Name known(int token) {
        if (types[token] != QUOTED) return names.word(sql, starts[token], ends[token]);
        return names.exact(unquoted(starts[token] + 1, ends[token] - 1));
    }

    private byte[] unquoted(int from, int to) {
        var bytes = Arrays.copyOfRange(sql, from, to);
        int count = 0;
        for (int i = 0; i < bytes.length; i++) {
            if (bytes[i] == '"') i++;
            bytes[count++] = bytes[i < bytes.length ? i : i - 1];
        }
        return count == bytes.length ? bytes : Arrays.copyOf(bytes, count);
    }

    Names names() {
        return names;
    }

    /// Whether the token is this word, in whatever case, and not quoted.
    boolean isWord(int token, String word) {
        int length = word.length();
        return types[token] == WORD && ends[token] - starts[token] == length && startsWith(token, word);
    }

    /// Whether a string token is written as '…' without anything that needs reading: then it means what
    /// stands there.
    boolean isPlainString(int token) {
        if (types[token] != STRING || sql[starts[token]] != '\'') return false;
        for (int i = starts[token] + 1; i < ends[token] - 1; i++)
            if (sql[i] == '\'' || sql[i] == '\\' || sql[i] < ' ') return false;
        return true;
    }

    /// What stands in a string token that [#isPlainString].
    String plainString(int token) {
        return new String(sql, starts[token] + 1, ends[token] - starts[token] - 2, StandardCharsets.UTF_8);
    }

    /// Whether these bytes, in lower case, stand anywhere in a token.
    boolean contains(int token, String lower) {
        for (int i = starts[token]; i + lower.length() <= ends[token]; i++) if (stands(i, lower)) return true;
        return false;
    }

    private boolean stands(int at, String lower) {
        for (int i = 0; i < lower.length(); i++) if (Keywords.lower(sql[at + i]) != lower.charAt(i)) return false;
        return true;
    }

    /// The first byte of a name, its quote aside, in lower case.
    int first(int token) {
        return Keywords.lower(sql[starts[token] + (types[token] == QUOTED ? 1 : 0)]);
    }

    /// Whether the name begins with these lower-case letters.
    boolean startsWith(int token, String prefix) {
        int from = starts[token] + (types[token] == QUOTED ? 1 : 0);
        if (ends[token] - from < prefix.length()) return false;
        for (int i = 0; i < prefix.length(); i++) if (Keywords.lower(sql[from + i]) != prefix.charAt(i)) return false;
        return true;
    }

    /// The text from one token to another, both among it; null if its bytes are not UTF-8 and so would
    /// not come back the same.
    @Nullable
    String text(int first, int last) {
        var text = new String(sql, starts[first], ends[last] - starts[first], StandardCharsets.UTF_8);
        if (text.indexOf('\uFFFD') < 0) return text;
        var again = text.getBytes(StandardCharsets.UTF_8);
        return Arrays.equals(again, 0, again.length, sql, starts[first], ends[last]) ? text : null;
    }

    // Each of these gives where the next token may begin, or -1 if the text ends inside the token.

    private int token(int at) {
        byte c = sql[at];
        if (isSpace(c)) return at + 1;
        if (c == '-' && next(at) == '-') return lineComment(at);
        if (c == '/' && next(at) == '*') return blockComment(at);
        if (c == '\'') return string(at, at, !standardStrings);
        if (c == '"') return quoted(at, at);
        if (c == '$') return dollar(at);
        if (isDigit(c) || (c == '.' && isDigit(next(at)))) return number(at);
        if (isWordStart(c)) return word(at);
        if (c == ':' && (next(at) == ':' || next(at) == '=')) return add(OPERATOR, at, at + 2);
        if ("()[],;.:".indexOf(c) >= 0) return punctuation(c, at);
        if (OPERATOR_CHARACTERS.indexOf(c) >= 0) return operator(at);
        return -1;
    }

    /// Pairs parentheses and brackets as they come.
    private int punctuation(byte c, int at) {
        if (c == '(' || c == '[') {
            if (depth == MOST_NESTING) return -1;
            open[depth++] = count;
        } else if (c == ')' || c == ']') {
            if (depth == 0 || sql[starts[open[--depth]]] != (c == ')' ? '(' : '[')) return -1;
            matches[open[depth]] = count;
        }
        return add(PUNCTUATION, at, at + 1);
    }

    private int add(byte type, int start, int end) {
        if (count == types.length) grow();
        types[count] = type;
        starts[count] = start;
        ends[count] = end;
        keywords[count] = Keywords.NONE;
        count++;
        return end;
    }

    private void grow() {
        int size = types.length * 2;
        types = Arrays.copyOf(types, size);
        starts = Arrays.copyOf(starts, size);
        ends = Arrays.copyOf(ends, size);
        keywords = Arrays.copyOf(keywords, size);
        matches = Arrays.copyOf(matches, size);
    }

    private int next(int at) {
        return at + 1 < limit ? sql[at + 1] : 0;
    }

    private int lineComment(int at) {
        int end = at;
        while (end < limit && sql[end] != '\n' && sql[end] != '\r') end++;
        return end;
    }

    private int blockComment(int at) {
        int depth = 0;
        int i = at;
        while (i < limit) {
            if (sql[i] == '/' && next(i) == '*') {
                depth++;
                i += 2;
            } else if (sql[i] == '*' && next(i) == '/') {
                depth--;
                i += 2;
                if (depth == 0) return i;
            } else {
                i++;
            }
        }
        return -1;
    }

    /// A string, and those that continue it on later lines.
    private int string(int start, int quote, boolean escapes) {
        int i = quote + 1;
        while (i < limit) {
            byte c = sql[i];
            if (c == '\\' && escapes) {
                i += 2;
            } else if (c != '\'') {
                i++;
            } else if (next(i) == '\'') {
                i += 2;
            } else {
                int more = continuation(i + 1);
                if (more < 0) return add(STRING, start, i + 1);
                i = more + 1;
            }
        }
        return -1;
    }

    /// Where the string goes on: a quote behind white space with a line break in it, and comments that end a
    /// line before or behind that; -1 if it does not.
    private int continuation(int at) {
        boolean newline = false;
        int i = at;
        while (i < limit) {
            byte c = sql[i];
            if (c == '\n' || c == '\r') newline = true;
            else if (c == '-' && next(i) == '-') i = lineComment(i) - 1;
            else if (!isSpace(c)) break;
            i++;
        }
        return newline && i < limit && sql[i] == '\'' ? i : -1;
    }

    private int quoted(int start, int quote) {
        int i = quote + 1;
        while (i < limit) {
            if (sql[i] != '"') i++;
            else if (next(i) == '"') i += 2;
            else return i == quote + 1 ? -1 : add(QUOTED, start, i + 1);
        }
        return -1;
    }

    /// A parameter, or a dollar-quoted string.
    private int dollar(int at) {
        int i = at + 1;
        if (i < limit && isDigit(sql[i])) {
            while (i < limit && isDigit(sql[i])) i++;
            return i < limit && isWordStart(sql[i]) ? -1 : add(PARAMETER, at, i);
        }
        while (i < limit && isWordPart(sql[i]) && sql[i] != '$') i++;
        if (i >= limit || sql[i] != '$') return -1;
        int tagLength = i + 1 - at;
        for (int end = i + 1; end + tagLength <= limit; end++)
            if (sql[end] == '$' && Arrays.equals(sql, at, at + tagLength, sql, end, end + tagLength))
                return add(STRING, at, end + tagLength);
        return -1;
    }

    private int number(int at) {
        int i = at;
        boolean radix = sql[at] == '0' && (next(at) | 32) >= 'a' && (next(at) | 32) <= 'z';
        while (i < limit) {
            byte c = sql[i];
            boolean sign = (c == '+' || c == '-') && !radix && i > at && (sql[i - 1] | 32) == 'e';
            if (c == '.' && next(i) == '.') break;
            if (!isWordPart(c) && c != '.' && !sign) break;
            if (c == '$') break;
            i++;
        }
        return add(NUMBER, at, i);
    }

    private int word(int at) {
        byte c = sql[at];
        int following = next(at);
        if (following == '\'') {
            if (c == 'e' || c == 'E') return string(at, at + 1, true);
            if (c == 'n' || c == 'N') return string(at, at + 1, !standardStrings);
            if (c == 'b' || c == 'B' || c == 'x' || c == 'X') return string(at, at + 1, false);
        }
        if ((c == 'u' || c == 'U') && following == '&' && at + 2 < limit) {
            if (sql[at + 2] == '\'') return standardStrings ? string(at, at + 2, false) : -1;
            // What such a name means depends on its escapes: nothing is known of a statement that uses one.
            if (sql[at + 2] == '"') return -1;
        }
        int i = at + 1;
        while (i < limit && isWordPart(sql[i])) i++;
        add(WORD, at, i);
        int keyword = Keywords.find(sql, at, i);
        keywords[count - 1] = keyword;
        if (keyword == OPERATOR_KEYWORD || keyword == DISTINCT_KEYWORD) operatorOrDistinct = true;
        return i;
    }

    /// The longest operator, which ends where a comment begins.
    private int operator(int at) {
        int i = at;
        while (i < limit && OPERATOR_CHARACTERS.indexOf(sql[i]) >= 0) {
            if (i > at && sql[i] == '-' && next(i) == '-') break;
            if (i > at && sql[i] == '/' && next(i) == '*') break;
            i++;
        }
        return add(OPERATOR, at, i);
    }

    private static boolean isSpace(byte c) {
        return c == ' ' || (c >= '\t' && c <= '\r');
    }

    private static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isWordStart(byte c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c < 0;
    }

    private static boolean isWordPart(byte c) {
        return isWordStart(c) || isDigit(c) || c == '$';
    }
}
