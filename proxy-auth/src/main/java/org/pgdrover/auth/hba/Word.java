package org.pgdrover.auth.hba;

/// One word of a line, without its quotes.
///
/// @param quoted whether a quote stood before its first character, which takes a keyword's and a
/// prefix's meaning away
record Word(String text, boolean quoted) {
    private static final String SPECIAL = " \t\r,#\"";

    boolean is(String keyword) {
        return !quoted && text.equals(keyword);
    }

    boolean hasPrefix(char prefix) {
        return !quoted && !text.isEmpty() && text.charAt(0) == prefix;
    }

    /// A regular expression stays one in quotes.
    boolean isPattern() {
        return !text.isEmpty() && text.charAt(0) == '/';
    }

    /// Spelled so that a file may have it.
    @Override
    public String toString() {
        if (quoted) return inQuotes(text);
        return isPlain(text) ? text : text.charAt(0) + inQuotes(text.substring(1));
    }

    /// An option's value, in quotes if it needs them.
    static String spelled(String value) {
        return isPlain(value) ? value : inQuotes(value);
    }

    private static boolean isPlain(String text) {
        for (int i = 0; i < text.length(); i++) if (SPECIAL.indexOf(text.charAt(i)) >= 0) return false;
        return true;
    }

    private static String inQuotes(String text) {
        return '"' + text.replace("\"", "\"\"") + '"';
    }
}
