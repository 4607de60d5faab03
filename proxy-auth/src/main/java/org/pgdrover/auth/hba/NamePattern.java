package org.pgdrover.auth.hba;

import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.Optional;

/// A regular expression over names, which takes a time linear in the length of the name, whatever the
/// expression.
///
/// PostgreSQL's expressions are another dialect; what means something else there is refused.
final class NamePattern {
    private static final int MOST_LENGTH = 1024;
    private static final int MOST_STEPS = 10_000;

    private final Pattern pattern;

    private NamePattern(String expression) {
        this.pattern = Pattern.compile(expression, Pattern.DOTALL);
    }

    /// @throws Unusable if it is no regular expression, or one that PostgreSQL reads in another way
    static NamePattern of(String expression) throws Unusable {
        if (expression.length() > MOST_LENGTH)
            throw new Unusable("regular expression of " + expression.length() + " characters (expected: <= "
                    + MOST_LENGTH + "): name the names in a file with @");
        refuseOtherMeaning(expression);
        try {
            var compiled = new NamePattern(expression);
            if (compiled.pattern.programSize() <= MOST_STEPS) return compiled;
            throw new Unusable("regular expression \"" + expression + "\" is too large: lower the numbers in braces");
        } catch (PatternSyntaxException invalid) {
            throw new Unusable("invalid regular expression \"" + expression + "\": " + invalid.getDescription()
                    + (invalid.getPattern().isEmpty() ? "" : ": " + invalid.getPattern()));
        }
    }

    private static void refuseOtherMeaning(String expression) throws Unusable {
        boolean inBrackets = false;
        for (int i = 0; i + 1 < expression.length(); i++) {
            char c = expression.charAt(i);
            char next = expression.charAt(i + 1);
            if (c == '\\') {
                if (next == 'b' || next == 'B')
                    throw other(expression, "\\" + next, "is a word's edge here, but not in PostgreSQL");
                i++;
            } else if (!inBrackets && c == '[') {
                inBrackets = true;
                if (next == '^') i++;
                // A closing bracket that comes first stands for itself.
                if (i + 1 < expression.length() && expression.charAt(i + 1) == ']') i++;
            } else if (inBrackets && c == '[' && (next == '.' || next == '=')) {
                throw other(expression, "[" + next, "begins a collating element in PostgreSQL, but not here");
            } else if (inBrackets && c == '[' && next == ':') {
                int end = expression.indexOf(":]", i + 2);
                if (end >= 0) i = end + 1;
            } else if (inBrackets && c == ']') {
                inBrackets = false;
            }
        }
    }

    private static Unusable other(String expression, String part, String meaning) {
        return new Unusable(
                "regular expression \"" + expression + "\": " + part + " " + meaning + ": write it in another way");
    }

    /// Whether any part of the name fits: an expression for whole names begins with ^ and ends with $.
    boolean matches(String name) {
        return pattern.matcher(name).find();
    }

    /// How many groups in parentheses it has.
    int groups() {
        return pattern.groupCount();
    }

    /// What the first group holds; empty if nothing fits, or the group took no part.
    Optional<String> firstGroup(String name) {
        var matcher = pattern.matcher(name);
        return matcher.find() ? Optional.ofNullable(matcher.group(1)) : Optional.empty();
    }
}
