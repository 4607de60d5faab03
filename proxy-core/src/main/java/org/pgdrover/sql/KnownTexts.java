package org.pgdrover.sql;

import java.util.Arrays;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// Remembers the classes of texts: a text that differs in its numbers only need not be read again.
///
/// A key is the text with `0` for every number up to the first quote, dollar sign, backslash or comment, and as it
/// is from there on. What such a text is does not hang on its numbers if it reads or changes rows and leaves
/// nothing in the session; of anything else only the very same text is known again. Not thread-safe.
final class KnownTexts {
    private static final int ENTRIES = 512;
    private static final int LONGEST = 1_024;
    private static final Set<String> BY_ROWS = Set.of("SELECT", "INSERT", "UPDATE", "DELETE");

    private record Entry(byte[] key, boolean standardStrings, QueryClass known) {}

    private final @Nullable Entry[] entries = new @Nullable Entry[ENTRIES];
    private final byte[] key = new byte[LONGEST];
    private int length;
    private int hash;
    private boolean hasNumbers;
    private boolean standard;

    /// The class of a text that is known; null if it is not. The text is the one that [#remember] is about.
    @Nullable
    QueryClass find(byte[] sql, int from, int to, boolean standardStrings) {
        standard = standardStrings;
        if (!makeKey(sql, from, to)) {
            length = -1;
            return null;
        }
        var entry = entries[slot()];
        if (entry == null || entry.standardStrings != standardStrings) return null;
        return Arrays.equals(entry.key, 0, entry.key.length, key, 0, length) ? entry.known : null;
    }

    /// The class of the text that was looked for last.
    void remember(QueryClass read) {
        if (length < 0 || hasNumbers && !isByRows(read)) return;
        entries[slot()] = new Entry(Arrays.copyOf(key, length), standard, read);
    }

    private static boolean isByRows(QueryClass read) {
        return BY_ROWS.contains(read.statement())
                && read.session() == SessionEffect.NONE
                && read.transaction() == TransactionEffect.NONE
                && read.parts().isEmpty();
    }

    private int slot() {
        return (hash ^ hash >>> 15) & ENTRIES - 1;
    }

    /// @return false if the text is too long, or has a number that goes on as a name
    private boolean makeKey(byte[] sql, int from, int to) {
        if (to - from > LONGEST) return false;
        int n = 0;
        int h = 0;
        boolean inName = false;
        hasNumbers = false;
        int i = from;
        for (; i < to; i++) {
            byte c = sql[i];
            if (!inName && isDigit(c)) {
                while (i + 1 < to && isDigit(sql[i + 1])) i++;
                if (i + 1 < to && isOfName(sql[i + 1])) return false;
                hasNumbers = true;
                c = '0';
            } else {
                if (endsNumbers(c, i + 1 < to ? sql[i + 1] : 0)) break;
                inName = isOfName(c);
            }
            key[n++] = c;
            h = 31 * h + c;
        }
        for (; i < to; i++) {
            key[n++] = sql[i];
            h = 31 * h + sql[i];
        }
        length = n;
        hash = h;
        return true;
    }

    private static boolean isDigit(byte c) {
        return c >= '0' && c <= '9';
    }

    private static boolean isOfName(byte c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || isDigit(c) || c == '_' || c < 0;
    }

    private static boolean endsNumbers(byte c, byte next) {
        return switch (c) {
            case '\'', '"', '$', '\\' -> true;
            case '-' -> next == '-';
            case '/' -> next == '*';
            default -> false;
        };
    }
}
