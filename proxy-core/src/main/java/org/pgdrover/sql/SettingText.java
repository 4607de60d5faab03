package org.pgdrover.sql;

import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/// Finds in text that may be run what sets a parameter that no view shows.
///
/// The text may be a piece of a statement, with [#UNKNOWN] where nobody knows what stands there. What may set such a
/// parameter counts as if it did.
final class SettingText {
    /// Stands for a piece that is not known.
    static final char UNKNOWN = '\uFFFC';

    private static final String SET_CONFIG = "set_config";
    private static final int LONGEST_STATEMENT = 2_000;
    private static final Pattern SET = pattern("set_config|(?<![\\w$.])(re)?set(?![\\w$])");

    /// What has no dot in its name, so that views show it, what ends with the transaction, and what is no SQL.
    private static final Pattern HARMLESS_SET = pattern("\\s+(?:session\\s+(?=[a-z_])|(?!session\\s))"
            + "(?:[a-z_]\\w*(?:\\s*=|\\s+[\\w'\"])|(?:local|role|names|time\\s+zone|authorization)\\s+[%" + UNKNOWN
            + "])");

    private static final Pattern HARMLESS_RESET = pattern("\\s+(?!all\\b)[a-z_]\\w*(?:\\s*;|\\s+\\w)");
    private static final Pattern HAS_SET_CLAUSE = pattern("\\b(?:update|alter|create)\\b");
    private static final Set<String> BEFORE_STATEMENT = Set.of("begin", "then", "else", "loop", "atomic");

    private SettingText() {}

    private static Pattern pattern(String text) {
        return Pattern.compile(text, Pattern.CASE_INSENSITIVE);
    }

    static boolean isIn(CharSequence text) {
        var set = SET.matcher(text);
        while (set.find()) {
            if (set.end() - set.start() == SET_CONFIG.length()) return true;
            if (beginsStatement(text, set.start()) && !isHarmless(text, set.end(), set.group(1) == null)) return true;
        }
        return false;
    }

    private static boolean isHarmless(CharSequence text, int behind, boolean sets) {
        var harmless = sets ? HARMLESS_SET : HARMLESS_RESET;
        return harmless.matcher(text).region(behind, text.length()).lookingAt();
    }

    private static boolean beginsStatement(CharSequence text, int at) {
        int end = at;
        boolean newline = false;
        while (end > 0 && Character.isWhitespace(text.charAt(end - 1))) newline |= text.charAt(--end) == '\n';
        if (end == 0 || newline && isComment(text, end)) return true;
        char before = text.charAt(end - 1);
        // A string, a body or a comment has begun or ended there.
        if (";'\"$/".indexOf(before) >= 0) return true;
        int begin = end;
        while (begin > 0 && isOfWord(text.charAt(begin - 1))) begin--;
        var word = text.subSequence(begin, end).toString();
        // What format() puts there is not known either.
        boolean unknown = before == UNKNOWN || begin > 0 && text.charAt(begin - 1) == '%';
        if (unknown) return !isOfAnother(text, end);
        return BEFORE_STATEMENT.contains(word.toLowerCase(Locale.ROOT));
    }

    private static boolean isOfWord(char c) {
        return c == '_' || Character.isLetterOrDigit(c);
    }

    /// Whether the line that ends here has a comment.
    private static boolean isComment(CharSequence text, int end) {
        for (int i = end - 1; i > 0 && text.charAt(i) != '\n'; i--)
            if (text.charAt(i) == '-' && text.charAt(i - 1) == '-') return true;
        return false;
    }

    /// Whether a statement that has a SET of its own has begun before.
    private static boolean isOfAnother(CharSequence text, int end) {
        int begin = end;
        while (begin > 0 && end - begin < LONGEST_STATEMENT && text.charAt(begin - 1) != ';') begin--;
        return HAS_SET_CLAUSE.matcher(text).region(begin, end).find();
    }
}
