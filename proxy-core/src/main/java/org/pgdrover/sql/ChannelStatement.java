package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// A LISTEN or UNLISTEN, with the channel that its text names.
///
/// @param listens whether it is LISTEN
/// @param channel as the server understands it: lower-cased unless quoted; null for `UNLISTEN *`
public record ChannelStatement(boolean listens, @Nullable String channel) {
    /// Longer names are cut off by the server, with a notice.
    private static final int MOST_BYTES = 63;

    /// Keywords that cannot be a channel's name without quotes (PostgreSQL manual, appendix C: reserved,
    /// and those that can be a function or type).
    private static final Set<String> RESERVED = Set.of("""
            all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
            current_catalog current_date current_role current_time current_timestamp current_user default deferrable desc
            distinct do else end except false fetch for foreign from grant group having in initially intersect into lateral
            leading limit localtime localtimestamp not null offset on only or order placing primary references returning
            select session_user some symmetric system_user table then to trailing true union unique user using variadic
            when where window with authorization binary collation concurrently cross current_schema freeze full ilike inner
            is isnull join left like natural notnull outer overlaps right similar tablesample verbose""".split("\\s+"));

    /// The LISTEN to a channel; each char is one byte.
    ///
    /// @param utf8 whether it is sent in UTF-8; else in ASCII, which no server of the encoding SQL_ASCII can take
    public static String listenTo(String channel, boolean utf8) {
        return "LISTEN " + quoted(channel, utf8);
    }

    /// The UNLISTEN of a channel; the same.
    public static String endListenTo(String channel, boolean utf8) {
        return "UNLISTEN " + quoted(channel, utf8);
    }

    private static String quoted(String channel, boolean utf8) {
        if (utf8) {
            var name = '"' + channel.replace("\"", "\"\"") + '"';
            return new String(name.getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
        }
        var name = new StringBuilder("U&\"");
        channel.codePoints().forEach(each -> {
            if (each == '"') name.append("\"\"");
            else if (each > '~' || each == '\\') name.append("\\+%06X".formatted(each));
            else name.appendCodePoint(each);
        });
        return name.append('"').toString();
    }

    /// Whether a class is that of one LISTEN or UNLISTEN.
    public static boolean is(QueryClass found) {
        var statement = found.statement();
        return statement.equals("LISTEN") || statement.equals("UNLISTEN");
    }

    /// Whether LISTEN or UNLISTEN is among the statements of a class.
    public static boolean areIn(QueryClass found) {
        var parts = found.parts();
        for (int i = 0; i < parts.size(); i++) if (is(parts.get(i))) return true;
        return is(found);
    }

    /// Reads a text that is nothing but one LISTEN or UNLISTEN; null if the server may understand it
    /// otherwise than this class does.
    public static @Nullable ChannelStatement of(byte[] text, boolean standardConformingStrings) {
        var lexer = new SqlLexer();
        if (!lexer.lex(text, 0, text.length, standardConformingStrings) || lexer.count() < 2) return null;
        for (int i = 2; i < lexer.count(); i++) if (!lexer.is(i, ';')) return null;
        return at(lexer, 0);
    }

    /// Those at the beginnings of a text's statements, in order; what cannot be understood is left out.
    public static List<ChannelStatement> all(byte[] text, boolean standardConformingStrings) {
        var all = new ArrayList<ChannelStatement>();
        var lexer = new SqlLexer();
        if (!lexer.lex(text, 0, text.length, standardConformingStrings)) return all;
        for (int i = 0; i + 1 < lexer.count(); i++) {
            if (i > 0 && !lexer.is(i - 1, ';')) continue;
            var found = at(lexer, i);
            if (found != null) all.add(found);
        }
        return all;
    }

    private static @Nullable ChannelStatement at(SqlLexer lexer, int first) {
        boolean listens = lexer.isWord(first, "listen");
        if (!listens && !lexer.isWord(first, "unlisten")) return null;
        if (!listens && lexer.isOperator(first + 1, "*")) return new ChannelStatement(false, null);
        if (!lexer.isName(first + 1)) return null;
        var name = lexer.name(first + 1);
        boolean quoted = lexer.type(first + 1) == SqlLexer.QUOTED;
        return isUnderstood(name, quoted) ? new ChannelStatement(listens, name) : null;
    }

    private static boolean isUnderstood(String name, boolean quoted) {
        int length = name.getBytes(StandardCharsets.UTF_8).length;
        if (length == 0 || length > MOST_BYTES || name.indexOf('\uFFFD') >= 0) return false;
        if (quoted) return true;
        // How a letter beyond ASCII is lower-cased is a matter of the server's locale.
        return length == name.length() && !RESERVED.contains(name.toLowerCase(Locale.ROOT));
    }
}
