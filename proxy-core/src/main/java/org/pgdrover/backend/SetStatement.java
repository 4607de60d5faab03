package org.pgdrover.backend;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.pgdrover.protocol.UnsafeEncodings;

/// Writes the SQL that sets a run-time parameter. The client has given the value, or a server has told
/// it.
///
/// SET, unlike `set_config`, takes no snapshot: a client's SET TRANSACTION may still follow (PostgreSQL
/// manual, SET TRANSACTION). The statements are ASCII wherever the value's characters are known.
final class SetStatement {
    /// Parameters whose value is a list of identifiers: SET takes each of them by itself, and quotes it.
    private static final Set<String> LISTS = Set.of("search_path", "temp_tablespaces");

    private static final String RESET = "RESET ";
    private static final String CALL = "SELECT pg_catalog.set_config(";
    private static final String FOR_SESSION = ", false)";

    private SetStatement() {}

    /// The statement that sets exactly this value.
    ///
    /// @param value one char is one byte
    /// @param encoding client_encoding in which the bytes are meant
    static String exact(String name, String value, String encoding) {
        if (!isList(name)) return set(name, literal(value, encoding));
        var elements = elements(value);
        if (elements != null && shown(elements).equals(value)) return set(name, list(elements, encoding));
        return CALL + literal(name, "UTF8") + ", " + literal(value, encoding) + FOR_SESSION;
    }

    /// The statement that sets a value of this meaning, as SET even where SHOW gives the value with
    /// other spaces then.
    static String plain(String name, String value, String encoding) {
        var elements = isList(name) ? elements(value) : null;
        return set(name, elements == null ? literal(value, encoding) : list(elements, encoding));
    }

    private static boolean isList(String name) {
        return LISTS.contains(name.toLowerCase(Locale.ROOT));
    }

    private static String set(String name, String value) {
        return "SET " + identifier(name) + " TO " + value;
    }

    /// The statement that sets the same until the transaction is over.
    ///
    /// @param statement SET, not followed by SESSION, RESET of one parameter, or what [#exact] writes
    static String local(String statement) {
        if (statement.startsWith(CALL) && statement.endsWith(FOR_SESSION))
            return statement.substring(0, statement.length() - FOR_SESSION.length()) + ", true)";
        if (!statement.startsWith(RESET)) return "SET LOCAL" + statement.substring(3);
        var name = statement.substring(RESET.length());
        return name.equals("role") ? "SET LOCAL ROLE NONE" : "SET LOCAL " + name + " TO DEFAULT";
    }

    private static String list(List<String> elements, String encoding) {
        if (elements.isEmpty()) return "''";
        return elements.stream().map(each -> literal(each, encoding)).collect(Collectors.joining(", "));
    }

    /// The identifiers of a list; null if it is not well formed, or an identifier's case depends on the
    /// locale.
    private static @Nullable List<String> elements(String list) {
        var all = new ArrayList<String>();
        int at = skipSpaces(list, 0);
        if (at == list.length()) return all;
        while (true) {
            var element = new StringBuilder();
            boolean quoted = at < list.length() && list.charAt(at) == '"';
            at = quoted ? quoted(list, at + 1, element) : bare(list, at, element);
            if (at < 0 || !quoted && element.isEmpty()) return null;
            all.add(element.toString());
            at = skipSpaces(list, at);
            if (at == list.length()) return all;
            if (list.charAt(at) != ',') return null;
            at = skipSpaces(list, at + 1);
        }
    }

    private static int quoted(String list, int from, StringBuilder element) {
        for (int at = from; at < list.length(); at++) {
            if (list.charAt(at) == '"') {
                if (at + 1 == list.length() || list.charAt(at + 1) != '"') return at + 1;
                at++;
            }
            element.append(list.charAt(at));
        }
        return -1;
    }

    private static int bare(String list, int from, StringBuilder element) {
        int at = from;
        for (; at < list.length() && list.charAt(at) != ',' && !isSpace(list.charAt(at)); at++) {
            if (list.charAt(at) > 127) return -1;
            element.append(Character.toLowerCase(list.charAt(at)));
        }
        return at;
    }

    private static int skipSpaces(String list, int from) {
        int at = from;
        while (at < list.length() && isSpace(list.charAt(at))) at++;
        return at;
    }

    private static boolean isSpace(char each) {
        return each == ' ' || each >= '\t' && each <= '\r';
    }

    /// The list as SHOW gives the list after SET.
    private static String shown(List<String> elements) {
        if (elements.isEmpty()) return "\"\"";
        return elements.stream().map(SetStatement::shown).collect(Collectors.joining(", "));
    }

    /// Quoted unless it is a plain name; a key word, which PostgreSQL would quote, is quoted there and
    /// not here.
    private static String shown(String element) {
        boolean plain = !element.isEmpty() && !Character.isDigit(element.charAt(0));
        for (int i = 0; i < element.length() && plain; i++) {
            char each = element.charAt(i);
            plain = each >= 'a' && each <= 'z' || each >= '0' && each <= '9' || each == '_';
        }
        return plain ? element : "\"" + element.replace("\"", "\"\"") + "\"";
    }

    /// Quotes each part of a possibly qualified parameter name.
    static String identifier(String name) {
        return "\"" + name.toLowerCase(Locale.ROOT).replace("\"", "\"\"").replace(".", "\".\"") + "\"";
    }

    /// A literal that means the same whatever standard_conforming_strings and, where that can be,
    /// client_encoding are.
    ///
    /// @param bytes one char is one byte
    static String literal(String bytes, String encoding) {
        var text = isAscii(bytes) || !encoding.equals("UTF8") ? bytes : decoded(bytes);
        if (text == null) text = bytes;
        var quoted = "'" + text.replace("'", "''") + "'";
        boolean escaped = text.indexOf('\\') >= 0;
        if (escaped) quoted = UnsafeEncodings.doubleBackslashes(quoted, encoding);
        if (text != bytes) quoted = withoutOthers(quoted);
        return escaped || text != bytes ? " E" + quoted : quoted;
    }

    private static @Nullable String decoded(String bytes) {
        try {
            var utf8 = ByteBuffer.wrap(bytes.getBytes(StandardCharsets.ISO_8859_1));
            return StandardCharsets.UTF_8.newDecoder().decode(utf8).toString();
        } catch (CharacterCodingException notUtf8) {
            return null;
        }
    }

    private static String withoutOthers(String text) {
        var out = new StringBuilder();
        text.codePoints().forEach(each -> {
            if (each < 128) out.append((char) each);
            else out.append(String.format(Locale.ROOT, "\\U%08X", each));
        });
        return out.toString();
    }

    static boolean isAscii(String bytes) {
        for (int i = 0; i < bytes.length(); i++) if (bytes.charAt(i) > 127) return false;
        return true;
    }
}
