package org.pgdrover.frontend.session;

import io.netty.buffer.ByteBuf;
import java.nio.ByteBuffer;
import java.nio.charset.Charset;
import java.nio.charset.IllegalCharsetNameException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/// Reads and writes text in a client's client_encoding (PostgreSQL manual, section 23.3).
///
/// Text of an encoding that Java does not know is taken for UTF-8.
public final class ClientEncoding {
    /// What Java calls otherwise than PostgreSQL does, but for `WIN1250` and its kin.
    private static final Map<String, String> NAMES = Map.ofEntries(
            Map.entry("ISO_8859_5", "ISO-8859-5"),
            Map.entry("ISO_8859_6", "ISO-8859-6"),
            Map.entry("ISO_8859_7", "ISO-8859-7"),
            Map.entry("ISO_8859_8", "ISO-8859-8"),
            Map.entry("KOI8R", "KOI8-R"),
            Map.entry("KOI8U", "KOI8-U"),
            Map.entry("LATIN7", "ISO-8859-13"),
            Map.entry("SHIFT_JIS_2004", "x-SJIS_0213"),
            Map.entry("SJIS", "windows-31j"),
            Map.entry("UHC", "x-windows-949"),
            Map.entry("WIN866", "IBM866"),
            Map.entry("WIN874", "x-windows-874"));

    private ClientEncoding() {}

    /// The characters of a part of the buffer, as PostgreSQL counts them in the position of an error; borrowed. Of an
    /// encoding that Java does not know each byte is one.
    ///
    /// @param encoding client_encoding
    public static int characters(String encoding, ByteBuf buffer, int from, int to) {
        var known = encoding.equals("UTF8") ? StandardCharsets.UTF_8 : known(encoding);
        var text = buffer.toString(from, to - from, known == null ? StandardCharsets.ISO_8859_1 : known);
        return text.codePointCount(0, text.length());
    }

    /// The text that such bytes are.
    ///
    /// @param encoding client_encoding
    public static String text(String encoding, byte[] bytes) {
        var known = known(encoding);
        return new String(bytes, known == null ? StandardCharsets.UTF_8 : known);
    }

    /// The same text in UTF-8.
    ///
    /// @param encoding client_encoding
    public static byte[] inUtf8(String encoding, byte[] bytes) {
        boolean same = isUtf8(encoding) || isAscii(bytes, 0);
        return same ? bytes : text(encoding, bytes).getBytes(StandardCharsets.UTF_8);
    }

    /// The bytes that a client gets for text in UTF-8; the same array if nothing is to be changed, or if Java does not
    /// know the encoding. A character that the encoding lacks becomes a question mark.
    ///
    /// @param encoding client_encoding
    /// @param from where the text begins in the array
    public static byte[] ofUtf8(String encoding, byte[] bytes, int from) {
        if (isUtf8(encoding) || isAscii(bytes, from)) return bytes;
        var known = Objects.requireNonNull(known(encoding));
        var text = new String(bytes, from, bytes.length - from, StandardCharsets.UTF_8);
        var converted = text.getBytes(known);
        return ByteBuffer.allocate(from + converted.length)
                .put(bytes, 0, from)
                .put(converted)
                .array();
    }

    /// Whether text of this encoding is read and written as UTF-8.
    public static boolean isUtf8(String encoding) {
        return encoding.equals("UTF8") || known(encoding) == null;
    }

    private static boolean isAscii(byte[] bytes, int from) {
        for (int i = from; i < bytes.length; i++) if (bytes[i] < 0) return false;
        return true;
    }

    private static @Nullable Charset known(String encoding) {
        var name = encoding.toUpperCase(Locale.ROOT);
        name = NAMES.getOrDefault(name, name.startsWith("WIN") ? "windows-" + name.substring(3) : name);
        try {
            return Charset.isSupported(name) ? Charset.forName(name) : null;
        } catch (IllegalCharsetNameException noName) {
            return null;
        }
    }
}
