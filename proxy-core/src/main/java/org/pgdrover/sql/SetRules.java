package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The rules for SET and RESET (PostgreSQL manual, part VI.I).
final class SetRules {
    /// Settings that one statement may name; beyond them it counts as one whose settings are not known.
    static final int MOST_SETTINGS = 64;

    /// A parameter that no end of a transaction, and no DISCARD ALL, takes back.
    static final String SEED = "seed";

    /// The command of what is set for one transaction.
    private static final String SET_LOCAL = "SET LOCAL";

    private static final Set<String> ONE_TRANSACTION =
            Set.of("transaction_isolation", "transaction_read_only", "transaction_deferrable");
    private static final QueryClass UNDERSTOOD_BY_NONE = QueryClass.UNKNOWN;

    private final SqlLexer lexer;

    SetRules(SqlLexer lexer) {
        this.lexer = lexer;
    }

    private boolean is(int token, int to, String word) {
        return token < to && lexer.isWord(token, word);
    }

    private static QueryClass session(String statement, SessionEffect effect) {
        return new QueryClass(
                Access.SESSION, statement, List.of(), List.of(), TransactionEffect.NONE, effect, "", List.of());
    }

    private static QueryClass write(String statement, SessionEffect effect, String reason) {
        return new QueryClass(
                Access.WRITE, statement, List.of(), List.of(), TransactionEffect.NONE, effect, reason, List.of());
    }

    private static QueryClass inside(SessionEffect effect) {
        return new QueryClass(
                Access.TRANSACTION, "SET", List.of(), List.of(), TransactionEffect.INSIDE, effect, "", List.of());
    }

    QueryClass set(int from, int to) {
        int at = from + 1;
        if (is(at, to, "local")) return local(at, to);
        if (is(at, to, "transaction")) return wantsPrimary(at, to) ? ON_PRIMARY : inside(SessionEffect.NONE);
        if (is(at, to, "constraints")) return ON_PRIMARY;
        if (is(at, to, "session") && !assigns(at + 1, to)) {
            if (is(at + 1, to, "characteristics")) return characteristics(at + 2, to);
            if (is(at + 1, to, "authorization")) return write("SET", AUTHORIZATION, "changes the session's user");
            at++;
            from = at;
        }
        if (at >= to || !lexer.isName(at)) return UNDERSTOOD_BY_NONE;
        if (is(at, to, "time") && is(at + 1, to, "zone")) return set(from, to, at + 2, "timezone");
        if (is(at, to, "names")) return set(from, to, at + 1, "client_encoding");
        if (is(at, to, "schema")) return set(from, to, at + 1, "search_path");
        if (is(at, to, "xml") && is(at + 1, to, "option")) return set(from, to, at + 2, "xmloption");
        if (is(at, to, "seed")) return seed();
        if (is(at, to, "role") && !assigns(at + 1, to)) return set(from, to, at + 1, "role");
        return named(from, to, at);
    }

    /// What only a primary can do is told apart by its reason.
    private static final QueryClass ON_PRIMARY = new QueryClass(
            Access.TRANSACTION,
            "SET",
            List.of(),
            List.of(),
            TransactionEffect.INSIDE,
            SessionEffect.NONE,
            "changes what the transaction may do",
            List.of());

    private static QueryClass seed() {
        return write("SET", SessionEffect.leaves(Residue.LASTING), "SET SEED");
    }

    private boolean wantsPrimary(int from, int to) {
        for (int i = from; i < to; i++)
            if (is(i, to, "write") || is(i, to, "serializable") || is(i, to, "snapshot")) return true;
        return false;
    }

    private QueryClass local(int at, int to) {
        int first = at + 1;
        if (first < to && lexer.isName(first)) {
            int end = endOfName(first, to);
            var name = name(first, end);
            if (is(first, to, "time") && is(first + 1, to, "zone")) return local(first, to, first + 2, "timezone");
            if (name.equals("names")) return local(first, to, first + 1, "client_encoding");
            if (name.equals("schema")) return local(first, to, first + 1, "search_path");
            if (name.equals("role")) return local(first, to, assigns(end, to) ? end + 1 : end, name);
            if (name.equals(SEED)) return seed();
            if (name.equals("session")) return local("changes the session's user", SessionEffect.NONE);
            if (assigns(end, to)) return local(first, to, end + 1, name);
            if (SessionEffect.isCustom(name)) return local("", new SessionEffect.SetLocally(name));
        }
        return local("", namesTemporary(at, to) ? TEMPORARY : SessionEffect.NONE);
    }

    private QueryClass local(int from, int to, int value, String name) {
        boolean onPrimary = name.contains("transaction_") || name.equals("role");
        var reason = onPrimary ? ON_PRIMARY.reason() : "";
        if (isUsual(name, value, to)) return local(reason, new SessionEffect.ResetLocally(name));
        if (name.equals("search_path") && namesTemporary(value, to)) return local(reason, TEMPORARY);
        var text = lexer.text(from, to - 1);
        return local(reason, new SessionEffect.SetLocally(name, text == null ? null : "SET " + text));
    }

    private static QueryClass local(String reason, SessionEffect effect) {
        return new QueryClass(
                Access.TRANSACTION,
                SET_LOCAL,
                List.of(),
                List.of(),
                TransactionEffect.INSIDE,
                effect,
                reason,
                List.of());
    }

    private static final SessionEffect TEMPORARY = SessionEffect.leaves(Residue.TEMPORARY);
    /// It takes the role back (PostgreSQL manual, SET SESSION AUTHORIZATION).
    private static final SessionEffect AUTHORIZATION =
            SessionEffect.leaves(Residues.of(Residue.AUTHORIZATION), List.of("role"));

    private boolean assigns(int at, int to) {
        return is(at, to, "to") || (at < to && lexer.isOperator(at, "="));
    }

    /// In a search_path that names pg_temp a CREATE makes temporary objects without saying so.
    private boolean namesTemporary(int from, int to) {
        for (int i = from; i < to; i++) if (lexer.contains(i, "pg_temp")) return true;
        return false;
    }

    private QueryClass named(int from, int to, int at) {
        int end = endOfName(at, to);
        var name = name(at, end);
        if (!assigns(end, to)) return UNDERSTOOD_BY_NONE;
        if (name.equals("session_authorization")) return write("SET", AUTHORIZATION, "changes the session's user");
        if (name.equals(SEED)) return seed();
        if (ONE_TRANSACTION.contains(name)) return ON_PRIMARY;
        return set(from, to, end + 1, name);
    }

    private int endOfName(int at, int to) {
        int end = at + 1;
        while (end + 1 < to && lexer.is(end, '.') && lexer.isName(end + 1)) end += 2;
        return end;
    }

    private String name(int from, int end) {
        if (end == from + 1) return lexer.name(from).toLowerCase(Locale.ROOT);
        var name = new StringBuilder(lexer.name(from));
        for (int i = from + 2; i < end; i += 2) name.append('.').append(lexer.name(i));
        return name.toString().toLowerCase(Locale.ROOT);
    }

    private QueryClass set(int from, int to, int value, String name) {
        if (isUsual(name, value, to)) return session("SET", new SessionEffect.ResetParameter(name));
        if (name.equals("search_path") && namesTemporary(value, to))
            return session("SET", new SessionEffect.Leaves(Residues.ALL, List.of(name)));
        boolean bare = !is(from, to, "set");
        var text = lexer.text(from, to - 1);
        if (text != null && bare) text = "SET " + text;
        if (text == null) return session("SET", new SessionEffect.Leaves(Residues.NONE, List.of(name)));
        return session("SET", new SessionEffect.SetParameter(name, text));
    }

    /// Whether the value says: what it was when the session began.
    private boolean isUsual(String name, int value, int to) {
        if (value >= to) return true;
        if (value + 1 < to) return false;
        return is(value, to, "default")
                || (name.equals("timezone") && is(value, to, "local"))
                || (name.equals("role") && is(value, to, "none"));
    }

    /// SET SESSION CHARACTERISTICS sets the parameters that transactions begin with, so it is said in
    /// their words.
    private QueryClass characteristics(int at, int to) {
        if (!is(at, to, "as") || !is(at + 1, to, "transaction")) return UNDERSTOOD_BY_NONE;
        var effects = new ArrayList<SessionEffect>(3);
        int i = at + 2;
        while (i < to && effects.size() < MOST_SETTINGS) {
            if (lexer.is(i, ',')) i++;
            int end = mode(i, to, effects);
            if (end < 0) return UNDERSTOOD_BY_NONE;
            i = end;
        }
        if (effects.isEmpty() || i < to) return UNDERSTOOD_BY_NONE;
        return session("SET", effects.size() == 1 ? effects.getFirst() : new SessionEffect.Sets(effects));
    }

    /// Reads one mode and gives where it ends, or -1.
    private int mode(int i, int to, List<SessionEffect> effects) {
        if (is(i, to, "isolation") && is(i + 1, to, "level")) return level(i + 2, to, effects);
        if (is(i, to, "read") && is(i + 1, to, "only")) return sets(effects, "read_only", "on", i + 2);
        if (is(i, to, "read") && is(i + 1, to, "write")) return sets(effects, "read_only", "off", i + 2);
        if (is(i, to, "deferrable")) return sets(effects, "deferrable", "on", i + 1);
        if (is(i, to, "not") && is(i + 1, to, "deferrable")) return sets(effects, "deferrable", "off", i + 2);
        return -1;
    }

    private int level(int i, int to, List<SessionEffect> effects) {
        if (is(i, to, "serializable")) return sets(effects, "isolation", "'serializable'", i + 1);
        if (is(i, to, "repeatable") && is(i + 1, to, "read"))
            return sets(effects, "isolation", "'repeatable read'", i + 2);
        if (is(i, to, "read") && is(i + 1, to, "committed"))
            return sets(effects, "isolation", "'read committed'", i + 2);
        if (is(i, to, "read") && is(i + 1, to, "uncommitted"))
            return sets(effects, "isolation", "'read uncommitted'", i + 2);
        return -1;
    }

    private static int sets(List<SessionEffect> effects, String mode, String value, int end) {
        var name = "default_transaction_" + mode;
        effects.add(new SessionEffect.SetParameter(name, "SET " + name + " TO " + value));
        return end;
    }

    QueryClass reset(int from, int to) {
        int at = from + 1;
        if (at >= to || !lexer.isName(at)) return UNDERSTOOD_BY_NONE;
        if (is(at, to, "all")) return session("RESET", SessionEffect.RESET_ALL);
        if (is(at, to, "time") && is(at + 1, to, "zone"))
            return session("RESET", new SessionEffect.ResetParameter("timezone"));
        if (is(at, to, "session") && is(at + 1, to, "authorization"))
            return write("RESET", AUTHORIZATION, "changes the session's user");
        if (is(at, to, "transaction") && is(at + 1, to, "isolation")) return inside(SessionEffect.NONE);
        var name = name(at, endOfName(at, to));
        if (name.equals("session_authorization")) return write("RESET", AUTHORIZATION, "changes the session's user");
        if (ONE_TRANSACTION.contains(name)) return inside(SessionEffect.NONE);
        return session("RESET", new SessionEffect.ResetParameter(name));
    }

    QueryClass discard(int from, int to) {
        if (is(from + 1, to, "all")) return session("DISCARD", SessionEffect.DISCARD_ALL);
        var effect = SessionEffect.ANYTHING;
        if (is(from + 1, to, "temp") || is(from + 1, to, "temporary")) effect = TEMPORARY;
        else if (is(from + 1, to, "sequences")) effect = SessionEffect.leaves(Residue.SEQUENCES);
        else if (is(from + 1, to, "plans")) effect = SessionEffect.NONE;
        return write("DISCARD", effect, "goes where the session's state is");
    }

    QueryClass deallocate(int from, int to) {
        int at = from + 1;
        if (is(at, to, "prepare") && at + 1 < to) at++;
        if (is(at, to, "all")) return session("DEALLOCATE", SessionEffect.DEALLOCATE_ALL);
        if (at >= to || !lexer.isName(at)) return UNDERSTOOD_BY_NONE;
        return session("DEALLOCATE", new SessionEffect.Deallocate(lexer.name(at)));
    }
}
