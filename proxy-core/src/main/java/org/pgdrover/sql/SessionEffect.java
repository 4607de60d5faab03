package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// A statement's effect on its session when it succeeds, as far as the text tells.
public sealed interface SessionEffect {
    /// Nothing that outlives the transaction.
    record None() implements SessionEffect {}

    /// SET [SESSION] of one run-time parameter, which can be repeated word for word on another server; SET ROLE
    /// sets the parameter role.
    ///
    /// @param name the parameter's name in lower case; SET TIME ZONE, NAMES and SCHEMA set timezone,
    ///     client_encoding and search_path
    /// @param statement the statement without its semicolon, as the client wrote it; in UTF-8 its bytes are the
    ///     client's bytes, whatever the client's encoding is
    record SetParameter(String name, String statement) implements SessionEffect {}

    /// RESET of one run-time parameter, SET … TO DEFAULT, or SET ROLE NONE.
    record ResetParameter(String name) implements SessionEffect {}

    /// SET LOCAL of one run-time parameter, or a call that does the same. A custom parameter, which has a dot in
    /// its name, is there once the transaction is over, without a value.
    ///
    /// @param name the parameter's name in lower case, or [#UNKNOWN_NAME] if the text does not tell
    /// @param statement the SET that sets the same for the session, as the client wrote it; null if the text does
    ///     not tell it
    record SetLocally(String name, @Nullable String statement) implements SessionEffect {
        public SetLocally(String name) {
            this(name, null);
        }
    }

    /// SET LOCAL … TO DEFAULT of one run-time parameter: until the transaction is over the parameter is what it was
    /// when the session began.
    ///
    /// @param name the parameter's name in lower case
    record ResetLocally(String name) implements SessionEffect {}

    record ResetAll() implements SessionEffect {}

    record DiscardAll() implements SessionEffect {}

    record DeallocateAll() implements SessionEffect {}

    /// DEALLOCATE of one prepared statement.
    record Deallocate(String name) implements SessionEffect {}

    /// The statement may leave state on its server, or take state away.
    ///
    /// @param may the kinds of state
    /// @param settings run-time parameters, in lower case, that it may change besides
    record Leaves(Residues may, List<String> settings) implements SessionEffect {
        public Leaves {
            settings = List.copyOf(settings);
        }
    }

    /// A DO block may leave any state on its server, but sets no parameters whose names nobody knows, unless what
    /// it names does.
    record Block() implements SessionEffect {}

    /// Several effects of one statement, in order: SET SESSION CHARACTERISTICS with several modes, or
    /// several calls.
    record Sets(List<SessionEffect> each) implements SessionEffect {
        public Sets {
            each = List.copyOf(each);
        }
    }

    /// Stands for the name of a parameter that nobody knows.
    String UNKNOWN_NAME = "?";

    SessionEffect NONE = new None();
    SessionEffect BLOCK = new Block();
    SessionEffect RESET_ALL = new ResetAll();
    SessionEffect DISCARD_ALL = new DiscardAll();
    SessionEffect DEALLOCATE_ALL = new DeallocateAll();

    /// What is not understood may do anything to the session.
    SessionEffect ANYTHING = new Leaves(Residues.ALL, List.of());

    static SessionEffect leaves(Residue... may) {
        return may.length == 0 ? NONE : new Leaves(Residues.of(may), List.of());
    }

    static SessionEffect leaves(Residues may, List<String> settings) {
        return may.isNone() && settings.isEmpty() ? NONE : new Leaves(may, settings);
    }

    /// This effect and then another.
    default SessionEffect and(SessionEffect other) {
        if (equals(NONE) || equals(other)) return other;
        if (other.equals(NONE)) return this;
        if (this instanceof Leaves(var may, var names) && other instanceof Leaves(var more, var others)) {
            var all = new LinkedHashSet<>(names);
            all.addAll(others);
            return new Leaves(may.and(more), List.copyOf(all));
        }
        var all = new ArrayList<SessionEffect>(each(this));
        all.addAll(each(other));
        return new Sets(all);
    }

    private static List<SessionEffect> each(SessionEffect effect) {
        return effect instanceof Sets(var each) ? each : List.of(effect);
    }

    /// The kinds of state that the effect may leave or take away without telling more of it.
    static Residues residues(SessionEffect effect) {
        return switch (effect) {
            case Leaves(var may, var _) -> may;
            case Block _ -> Residues.ALL;
            case Sets(var each) -> {
                var all = Residues.NONE;
                for (var one : each) all = all.and(residues(one));
                yield all;
            }
            case None _,
                    ResetLocally _,
                    SetParameter _,
                    SetLocally _,
                    ResetParameter _,
                    ResetAll _,
                    DiscardAll _,
                    DeallocateAll _,
                    Deallocate _ -> Residues.NONE;
        };
    }

    /// Whether the effect's own words may set parameters whose names nobody knows.
    static boolean setsUnknown(SessionEffect effect) {
        return !effect.equals(BLOCK) && residues(effect).has(Residue.SETTINGS);
    }

    /// Whether a parameter's name is a custom one's, which has a dot.
    static boolean isCustom(String name) {
        return name.indexOf('.') > 0;
    }

    /// Whether an effect may change how the next statements are to be read: backslashes, and the
    /// encoding.
    static boolean changesReading(SessionEffect effect) {
        return switch (effect) {
            case SessionEffect.SetParameter(var name, var _) -> isOfReading(name);
            case SessionEffect.ResetParameter(var name) -> isOfReading(name);
            case SessionEffect.ResetLocally(var name) -> isOfReading(name);
            case SessionEffect.ResetAll _, SessionEffect.DiscardAll _, SessionEffect.Block _ -> true;
            case SessionEffect.Leaves(var may, var names) ->
                may.has(Residue.SETTINGS) || names.stream().anyMatch(SessionEffect::isOfReading);
            case SessionEffect.Sets(var each) -> each.stream().anyMatch(SessionEffect::changesReading);
            case SessionEffect.SetLocally(var name, var _) -> isOfReading(name);
            case SessionEffect.None _, SessionEffect.Deallocate _, SessionEffect.DeallocateAll _ -> false;
        };
    }

    private static boolean isOfReading(String name) {
        var lower = name.toLowerCase(Locale.ROOT);
        return lower.equals("client_encoding") || lower.equals("standard_conforming_strings");
    }

    /// Whether an effect changes settings, so that what is parsed behind it has others.
    static boolean changesSettings(SessionEffect effect) {
        return switch (effect) {
            case SessionEffect.SetParameter _,
                    SessionEffect.ResetParameter _,
                    SessionEffect.ResetAll _,
                    SessionEffect.DiscardAll _,
                    SessionEffect.Block _ -> true;
            case SessionEffect.Sets(var each) -> each.stream().anyMatch(SessionEffect::changesSettings);
            case SessionEffect.Leaves(var may, var names) -> may.has(Residue.SETTINGS) || !names.isEmpty();
            case SessionEffect.None _,
                    SessionEffect.SetLocally _,
                    SessionEffect.ResetLocally _,
                    SessionEffect.Deallocate _,
                    SessionEffect.DeallocateAll _ -> false;
        };
    }

    /// Whether the statement asks, or takes away, what sequences have given in its session; what may do
    /// anything does not count.
    static boolean isAboutSequences(SessionEffect effect) {
        var may = residues(effect);
        return may.has(Residue.SEQUENCES) && !may.isAll();
    }
}
