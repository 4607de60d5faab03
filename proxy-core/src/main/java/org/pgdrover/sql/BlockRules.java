package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/// The rule for DO, by the words of the block's body (PostgreSQL manual, SQL Commands, DO).
final class BlockRules {
    private static final String STATEMENT = "DO";
    private static final int MOST_NAMES = NameList.MOST;

    /// What may run triggers, scripts or text that no name in the body tells of.
    private static final Set<String> HIDING =
            Set.of("insert", "update", "delete", "merge", "copy", "truncate", "refresh", "extension", "execute");

    private final SqlLexer lexer;

    BlockRules(SqlLexer lexer) {
        this.lexer = lexer;
    }

    QueryClass classify(int from, int to) {
        var reason = deallocates(from, to) ? "may deallocate" : "";
        int string = body(from + 1, to);
        var body = string < 0 ? null : read(string);
        return body == null || !isClear(body)
                ? of(List.of(), List.of(), SessionEffect.ANYTHING, reason)
                : of(new ArrayList<>(body.calls()), new ArrayList<>(body.names()), SessionEffect.BLOCK, reason);
    }

    private static QueryClass of(List<String> functions, List<String> relations, SessionEffect effect, String reason) {
        return new QueryClass(
                Access.WRITE, STATEMENT, functions, relations, TransactionEffect.NONE, effect, reason, List.of());
    }

    /// Whether a body may deallocate statements, as far as its words tell.
    private boolean deallocates(int from, int to) {
        for (int i = from; i < to; i++)
            if (lexer.contains(i, "deallocate") || lexer.contains(i, "execute") || lexer.contains(i, "discard"))
                return true;
        return false;
    }

    /// The string that is the body of a block in PL/pgSQL; -1 if it is not known to be one.
    private int body(int from, int to) {
        if (to == from + 1) return from;
        if (to != from + 3) return -1;
        if (isLanguage(from)) return from + 2;
        return isLanguage(from + 1) ? from : -1;
    }

    private boolean isLanguage(int i) {
        return lexer.isWord(i, "language")
                && lexer.isName(i + 1)
                && lexer.name(i + 1).equals("plpgsql");
    }

    /// The body that a string says; null if it cannot be read as it stands there.
    private @Nullable FunctionBody read(int string) {
        if (lexer.type(string) != SqlLexer.STRING) return null;
        var raw = lexer.text(string, string);
        if (raw == null) return null;
        if (raw.charAt(0) != '$') return lexer.isPlainString(string) ? read(lexer.plainString(string)) : null;
        int tag = raw.indexOf('$', 1) + 1;
        return read(raw.substring(tag, raw.length() - tag));
    }

    private static @Nullable FunctionBody read(String text) {
        return FunctionBody.isBlock(text) ? FunctionBody.of(text, false) : null;
    }

    /// Whether its words tell all that may set a parameter.
    private static boolean isClear(FunctionBody body) {
        if (body.residues().has(Residue.SETTINGS)) return false;
        if (body.calls().size() > MOST_NAMES || body.names().size() > MOST_NAMES) return false;
        for (var word : HIDING) if (body.names().contains(word)) return false;
        return true;
    }
}
