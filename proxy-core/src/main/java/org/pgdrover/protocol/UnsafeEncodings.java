package org.pgdrover.protocol;

import java.util.Locale;
import java.util.Set;

/// Knows the values of client_encoding in which a byte that looks like ASCII may be part of another
/// character.
public final class UnsafeEncodings {
    private static final Set<String> SHIFT = Set.of("SJIS", "SHIFT_JIS_2004");
    private static final Set<String> OTHERS = Set.of("BIG5", "GBK", "UHC", "GB18030", "JOHAB");

    private UnsafeEncodings() {}

    /// Whether text can be read byte by byte.
    public static boolean isAsciiSafe(String encoding) {
        var name = encoding.toUpperCase(Locale.ROOT);
        return !SHIFT.contains(name) && !OTHERS.contains(name);
    }

    /// Doubles the backslashes, but not the bytes of other characters that look like one.
    ///
    /// @param bytes each char is one byte
    public static String doubleBackslashes(String bytes, String encoding) {
        if (isAsciiSafe(encoding)) return bytes.replace("\\", "\\\\");
        boolean shift = SHIFT.contains(encoding.toUpperCase(Locale.ROOT));
        var doubled = new StringBuilder(bytes.length() + 8);
        for (int i = 0; i < bytes.length(); i++) {
            char one = bytes.charAt(i);
            doubled.append(one);
            if (one == '\\') doubled.append('\\');
            // A character of four bytes in GB18030 is like two of two bytes.
            else if (isFirstOfTwo(one, shift) && i + 1 < bytes.length()) doubled.append(bytes.charAt(++i));
        }
        return doubled.toString();
    }

    private static boolean isFirstOfTwo(char one, boolean shift) {
        return one > 0x80 && !(shift && one >= 0xa0 && one < 0xe0);
    }
}
