package org.pgdrover.sql;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/// The words of a function's body in SQL or PL/pgSQL, and what they may do.
///
/// @param residues what its statements leave in the session, but for what it calls
/// @param changes whether it may change anything, but for what it calls
/// @param calls every name that could be a call
/// @param names every other name, bare and as it is written
public record FunctionBody(Residues residues, boolean changes, Set<String> calls, Set<String> names) {
    /// A body that cannot be read.
    public static final FunctionBody UNKNOWN = unknown(Residues.ALL);

    private static final int MOST_BYTES = 1 << 20;
    /// Longer names are cut (PostgreSQL: NAMEDATALEN).
    private static final int LONGEST_NAME = 63;

    private static final Set<String> CHANGES = Set.of(
            ("insert update delete merge truncate create alter drop copy lock notify grant revoke refresh vacuum reindex"
                            + " cluster call share reassign import comment security set reset listen unlisten load prepare"
                            + " deallocate discard execute commit rollback savepoint")
                    .split(" "));
    private static final Set<String> BEFORE_STATEMENT = Set.of("begin", "then", "else", "loop", "declare", "atomic");

    /// Words that a parenthesis may follow, and that no function is called by unless they are quoted.
    private static final Set<String> NO_CALLS = Set.of(
            ("all and any array as bigint bit boolean case cast char character check coalesce constraint dec decimal"
                            + " default distinct else except exists extract fetch float foreign from greatest group"
                            + " grouping having in int integer intersect interval into lateral least limit nchar not"
                            + " nullif numeric offset on or order overlay position primary real references returning"
                            + " row select setof smallint some substring table then time timestamp treat trim union"
                            + " unique using values varchar when where with")
                    .split(" "));

    /// The same, where a statement of PL/pgSQL begins.
    private static final Set<String> STATEMENTS =
            Set.of("if", "elsif", "elseif", "while", "perform", "return", "assert");

    /// Whether a text is a block of PL/pgSQL, if it is well-formed.
    static boolean isBlock(String text) {
        var begin = text.stripLeading().toLowerCase(Locale.ROOT);
        return begin.startsWith("begin") || begin.startsWith("declare") || begin.startsWith("<<");
    }

    /// Reads a body. What cannot be read may call what sets parameters.
    ///
    /// @param sql whether it is in SQL, where SELECT INTO makes a table, rather than in PL/pgSQL
    public static FunctionBody of(String body, boolean sql) {
        var bytes = body.getBytes(StandardCharsets.UTF_8);
        var lexer = new SqlLexer();
        if (bytes.length > MOST_BYTES || !lexer.lex(bytes, 0, bytes.length, true))
            return unknown(Residues.ALL_AND_SETS);
        var read = new Reader(lexer, sql).read();
        if (read == UNKNOWN) return unknown(Residues.ALL_AND_SETS);
        if (!body.contains("\\'")) return read;
        // Without standard_conforming_strings strings may end elsewhere: then it may do what either reading says.
        var escaping = new SqlLexer();
        boolean lexed = escaping.lex(bytes, 0, bytes.length, false);
        if (lexed && cutAlike(lexer, escaping)) return read;
        var other = lexed ? new Reader(escaping, sql).read() : UNKNOWN;
        return unknown(read.residues.and(unread(body)), union(read.calls, other.calls), union(read.names, other.names));
    }

    private static boolean cutAlike(SqlLexer one, SqlLexer other) {
        if (one.count() != other.count()) return false;
        for (int i = 0; i < one.count(); i++)
            if (one.start(i) != other.start(i) || one.end(i) != other.end(i)) return false;
        return true;
    }

    private static Set<String> union(Set<String> one, Set<String> other) {
        var both = new LinkedHashSet<>(one);
        both.addAll(other);
        return Set.copyOf(both);
    }

    /// What a body may leave of whose words nothing is known.
    public static Residues unread(String body) {
        return SettingText.isIn(body) ? Residues.ALL_AND_SETS : Residues.ALL;
    }

    private static FunctionBody unknown(Residues residues) {
        return unknown(residues, Set.of(), Set.of());
    }

    private static FunctionBody unknown(Residues residues, Set<String> calls, Set<String> names) {
        return new FunctionBody(residues, true, calls, names);
    }

    /// A reading of one body.
    private static final class Reader {
        private final SqlLexer lexer;
        private final boolean sql;
        private final NameList called = new NameList();
        private final Set<String> calls = new LinkedHashSet<>();
        private final Set<String> names = new LinkedHashSet<>();
        private Residues residues = Residues.NONE;
        private boolean changes;
        private boolean unknown;

        Reader(SqlLexer lexer, boolean sql) {
            this.lexer = lexer;
            this.sql = sql;
        }

        FunctionBody read() {
            for (int i = 0; i < lexer.count(); i++) if (lexer.isName(i)) name(i);
            if (unknown || called.isFull()) return UNKNOWN;
            residues = residues.and(calls());
            if (residues.isAll() && new RunText(lexer).sets()) residues = Residues.ALL_AND_SETS;
            return new FunctionBody(residues, changes, Set.copyOf(calls), Set.copyOf(names));
        }

        /// What its calls of PostgreSQL's own functions leave; a setting that it names is one all the
        /// same.
        private Residues calls() {
            return left(new SessionCalls(lexer).effect(called, 0, lexer.count()));
        }

        private static Residues left(SessionEffect effect) {
            return switch (effect) {
                case SessionEffect.Leaves(var may, var settings) ->
                    settings.isEmpty() ? may : may.and(Residues.of(Residue.SETTINGS));
                case SessionEffect.SetLocally(var name, var _) ->
                    SessionEffect.isCustom(name) ? Residues.NONE : Residues.of(Residue.LOCAL_SETTINGS);
                case SessionEffect.ResetLocally _ -> Residues.of(Residue.LOCAL_SETTINGS);
                case SessionEffect.None _,
                        SessionEffect.Block _,
                        SessionEffect.SetParameter _,
                        SessionEffect.ResetParameter _,
                        SessionEffect.ResetAll _,
                        SessionEffect.DiscardAll _,
                        SessionEffect.DeallocateAll _,
                        SessionEffect.Deallocate _ -> Residues.NONE;
                case SessionEffect.Sets(var each) -> {
                    var all = Residues.NONE;
                    for (var one : each) all = all.and(left(one));
                    yield all;
                }
            };
        }

        private void name(int i) {
            boolean afterDot = i > 0 && lexer.is(i - 1, '.');
            var name = cut(lexer.name(i));
            var full = afterDot && i > 1 && lexer.isName(i - 2) ? cut(lexer.name(i - 2)) + "." + name : name;
            boolean call = i + 1 < lexer.count() && lexer.is(i + 1, '(');
            if (call && !isOfGrammar(i, name, afterDot)) {
                calls.add(full);
                called.add(lexer.known(i));
            } else {
                names.add(name);
                names.add(full);
            }
            if (lexer.startsWith(i, "pg_temp")) leaves(Residue.TEMPORARY);
            if (!afterDot && lexer.type(i) == SqlLexer.WORD) word(i, name);
        }

        /// A name as PostgreSQL cuts it. Where that is beyond ASCII, the database's encoding says.
        private String cut(String name) {
            if (name.length() <= LONGEST_NAME / 3) return name;
            int bytes = name.getBytes(StandardCharsets.UTF_8).length;
            if (bytes <= LONGEST_NAME) return name;
            unknown |= bytes != name.length();
            return name.substring(0, Math.min(name.length(), LONGEST_NAME));
        }

        private boolean isOfGrammar(int i, String word, boolean afterDot) {
            if (afterDot || lexer.type(i) != SqlLexer.WORD) return false;
            // OVER and FILTER are functions' names, too, but none is called behind a parenthesis.
            boolean behind = i > 0 && lexer.is(i - 1, ')');
            return NO_CALLS.contains(word)
                    || behind && (word.equals("over") || word.equals("filter"))
                    || !sql && STATEMENTS.contains(word) && beginsStatement(i);
        }

        private void leaves(Residue residue) {
            changes = true;
            residues = residues.and(Residues.of(residue));
        }

        private void word(int i, String word) {
            if (CHANGES.contains(word) || (sql && word.equals("into"))) changes = true;
            switch (word) {
                // What is run is made from strings.
                case "execute" -> anything();
                case "temp", "temporary" -> temporary(i);
                case "hold" -> {
                    if (i > 0 && lexer.isWord(i - 1, "with")) leaves(Residue.CURSORS);
                }
                default -> {
                    if (beginsStatement(i)) statement(i, word);
                }
            }
        }

        private void anything() {
            changes = true;
            residues = residues.and(Residues.ALL);
        }

        private void temporary(int i) {
            if (i == 0) return;
            boolean made = false;
            for (var before : List.of("create", "replace", "local", "global", "into"))
                made |= lexer.isWord(i - 1, before);
            if (made && !isDroppedOnCommit(i)) leaves(Residue.TEMPORARY);
        }

        private boolean isDroppedOnCommit(int from) {
            for (int i = from; i + 2 < lexer.count() && !lexer.is(i, ';'); i++)
                if (lexer.isWord(i, "on") && lexer.isWord(i + 1, "commit")) return lexer.isWord(i + 2, "drop");
            return false;
        }

        private boolean beginsStatement(int i) {
            if (i == 0 || lexer.is(i - 1, ';') || lexer.isOperator(i - 1, ">>")) return true;
            return lexer.type(i - 1) == SqlLexer.WORD && BEFORE_STATEMENT.contains(lexer.name(i - 1));
        }

        private void statement(int i, String word) {
            switch (word) {
                case "set" -> set(i);
                case "reset" -> leaves(Residue.SETTINGS);
                case "listen", "unlisten" -> leaves(Residue.LISTENS);
                case "load" -> leaves(Residue.LASTING);
                case "prepare", "deallocate" -> leaves(Residue.PREPARED);
                case "discard", "do" -> anything();
                default -> {}
            }
        }

        private void set(int i) {
            int next = i + 1;
            if (next >= lexer.count()) return;
            if (lexer.isWord(next, "transaction") || lexer.isWord(next, "constraints")) return;
            boolean scoped = lexer.isWord(next, "local") || lexer.isWord(next, "session");
            if (isSeed(scoped ? next + 1 : next)) {
                leaves(Residue.LASTING);
                return;
            }
            if (lexer.isWord(next, "local")) {
                boolean custom = next + 2 < lexer.count() && lexer.is(next + 2, '.');
                if (!custom) leaves(Residue.LOCAL_SETTINGS);
                return;
            }
            boolean session = lexer.isWord(next, "session") && next + 1 < lexer.count();
            boolean user = session && lexer.isWord(next + 1, "authorization");
            leaves(user ? Residue.AUTHORIZATION : Residue.SETTINGS);
        }

        private boolean isSeed(int i) {
            return i < lexer.count()
                    && lexer.isName(i)
                    && lexer.name(i).toLowerCase(Locale.ROOT).equals(SetRules.SEED);
        }
    }
}
