package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/// Reads from a statement's text what the calls in it leave in the session.
final class SessionCalls {
    /// What set_config changes is read from its arguments where the text shows them.
    private static final String SET_CONFIG = "set_config";

    private final SqlLexer lexer;

    SessionCalls(SqlLexer lexer) {
        this.lexer = lexer;
    }

    /// What the calls in the tokens from one to before another leave.
    ///
    /// @param names every name in them that could be a call
    SessionEffect effect(NameList names, int from, int to) {
        var may = Residues.NONE;
        boolean configures = false;
        for (int i = 0; i < names.size(); i++) {
            var name = names.get(i);
            name = name.substring(name.lastIndexOf('.') + 1);
            if (name.equals(SET_CONFIG)) configures = true;
            else may = may.and(KnownFunctions.residues(name));
        }
        if (!configures) return SessionEffect.leaves(may, List.of());
        var settings = new ArrayList<String>(2);
        SessionEffect locals = SessionEffect.NONE;
        for (int i = from; i + 1 < to; i++)
            if (lexer.isName(i) && lexer.is(i + 1, '(') && lexer.name(i).equals(SET_CONFIG)) {
                may = may.and(setConfig(i + 1, settings));
                locals = locals.and(locally(i + 1));
            }
        return locals.and(SessionEffect.leaves(may, settings));
    }

    /// One call of set_config(name, value, is_local): only a name that stands in it as a plain string is
    /// known.
    private Residues setConfig(int open, List<String> settings) {
        int close = lexer.match(open);
        int value = nextArgument(open + 1, close);
        int local = nextArgument(value, close);
        boolean plain = value == open + 3 && lexer.isPlainString(open + 1) && nextArgument(local, close) == close;
        // What is looked up by way of pg_temp may be made there.
        if (!plain) return isLocal(local, close) ? Residues.of(Residue.TEMPORARY) : Residues.of(Residue.SETTINGS);
        var name = lexer.plainString(open + 1).toLowerCase(Locale.ROOT);
        if (name.equals(SetRules.SEED)) return Residues.of(Residue.LASTING);
        if (settings.size() > SetRules.MOST_SETTINGS) return Residues.of(Residue.SETTINGS);
        boolean temporary = name.equals("search_path") && mayNameTemporary(value, local - 1);
        if (isLocal(local, close)) return temporary ? Residues.of(Residue.TEMPORARY) : Residues.NONE;
        if (name.equals("session_authorization")) {
            // It takes the role back.
            if (!settings.contains("role")) settings.add("role");
            return Residues.of(Residue.AUTHORIZATION);
        }
        if (!settings.contains(name)) settings.add(name);
        return temporary ? Residues.ALL : Residues.NONE;
    }

    /// Whether the last argument, which begins at a token, says that the setting ends with the transaction.
    private boolean isLocal(int local, int close) {
        return local + 1 == close && lexer.isWord(local, "true");
    }

    /// What a call does that sets a parameter for its transaction.
    private SessionEffect locally(int open) {
        int close = lexer.match(open);
        int value = nextArgument(open + 1, close);
        if (!isLocal(nextArgument(value, close), close)) return SessionEffect.NONE;
        if (value != open + 3 || !lexer.isPlainString(open + 1))
            return new SessionEffect.SetLocally(SessionEffect.UNKNOWN_NAME);
        var name = lexer.plainString(open + 1).toLowerCase(Locale.ROOT);
        return name.equals(SetRules.SEED) ? SessionEffect.NONE : new SessionEffect.SetLocally(name);
    }

    private boolean mayNameTemporary(int from, int to) {
        return to != from + 1 || !lexer.isPlainString(from) || lexer.contains(from, "pg_temp");
    }

    /// Where the next argument begins, or where the call closes.
    private int nextArgument(int from, int close) {
        for (int i = from; i < close; i++) {
            if (lexer.is(i, '(') || lexer.is(i, '[')) i = lexer.match(i);
            else if (lexer.is(i, ',')) return i + 1;
        }
        return close;
    }
}
