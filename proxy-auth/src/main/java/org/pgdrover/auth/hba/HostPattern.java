package org.pgdrover.auth.hba;

import java.util.regex.Pattern;

/// A host name, or with a dot in front the end of host names. Upper and lower case are the same.
///
/// @param name in lower case
record HostPattern(String name) {
    private static final Pattern LABELS = Pattern.compile("\\.?[A-Za-z0-9_-]+(\\.[A-Za-z0-9_-]+)*");
    private static final int MOST_LENGTH = 255;

    static HostPattern of(String text) throws Unusable {
        if (text.length() > MOST_LENGTH || !LABELS.matcher(text).matches())
            throw new Unusable(
                    "host name \"" + text + "\" (expected: labels of letters, digits and hyphens, with dots between;"
                            + " other letters in their ASCII form, xn--...)");
        return new HostPattern(lowerCase(text));
    }

    boolean matches(String host) {
        int start = name.startsWith(".") ? host.length() - name.length() : 0;
        return start >= 0 && lowerCase(host.substring(start)).equals(name);
    }

    /// Of ASCII alone: other letters that fold to it are not in a host name, but may be in an answer
    /// that somebody forged.
    private static String lowerCase(String text) {
        var lower = new StringBuilder(text);
        for (int i = 0; i < lower.length(); i++) {
            char c = lower.charAt(i);
            if (c >= 'A' && c <= 'Z') lower.setCharAt(i, (char) (c + 'a' - 'A'));
        }
        return lower.toString();
    }
}
