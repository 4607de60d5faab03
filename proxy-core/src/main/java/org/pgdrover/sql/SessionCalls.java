package org.pgdrover.sql;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// The functions of PostgreSQL that leave state in the session when they are called, and what a call in a
/// statement's text leaves.
public final class SessionCalls {
    private static final Residues LOCKS = Residues.of(Residue.LOCKS);
    private static final Residues SEQUENCES = Residues.of(Residue.SEQUENCES);
    private static final Residues LASTING = Residues.of(Residue.LASTING);

    /// What set_config changes is read from its arguments where the text shows them.
    private static final String SET_CONFIG = "set_config";

    private static final Map<String, Residues> BY_NAME = Map.ofEntries(
            Map.entry("pg_advisory_lock", LOCKS),
            Map.entry("pg_advisory_lock_shared", LOCKS),
            Map.entry("pg_try_advisory_lock", LOCKS),
            Map.entry("pg_try_advisory_lock_shared", LOCKS),
            Map.entry("pg_advisory_unlock", LOCKS),
            Map.entry("pg_advisory_unlock_shared", LOCKS),
            Map.entry("pg_advisory_unlock_all", LOCKS),
            Map.entry("lastval", SEQUENCES),
            Map.entry("currval", SEQUENCES),
            Map.entry(SET_CONFIG, Residues.of(Residue.SETTINGS)),
            Map.entry("setseed", LASTING),
            Map.entry("pg_replication_origin_session_setup", LASTING),
            Map.entry("pg_replication_origin_session_reset", LASTING),
            Map.entry("pg_replication_origin_xact_setup", LASTING),
            Map.entry("pg_replication_origin_xact_reset", LASTING),
            Map.entry("pg_create_physical_replication_slot", LASTING),
            Map.entry("pg_create_logical_replication_slot", LASTING),
            Map.entry("pg_copy_physical_replication_slot", LASTING),
            Map.entry("pg_copy_logical_replication_slot", LASTING),
            Map.entry("pg_sync_replication_slots", LASTING),
            Map.entry("pg_drop_replication_slot", LASTING),
            Map.entry("pg_backup_start", LASTING),
            Map.entry("pg_backup_stop", LASTING),
            Map.entry("pg_start_backup", LASTING),
            Map.entry("pg_stop_backup", LASTING),
            Map.entry("dblink_connect", LASTING),
            Map.entry("dblink_connect_u", LASTING),
            Map.entry("dblink_open", LASTING),
            // These run what another text says.
            Map.entry("query_to_xml", Residues.ALL),
            Map.entry("query_to_xmlschema", Residues.ALL),
            Map.entry("query_to_xml_and_xmlschema", Residues.ALL),
            Map.entry("cursor_to_xml", Residues.ALL),
            Map.entry("cursor_to_xmlschema", Residues.ALL),
            Map.entry("table_to_xml", Residues.ALL),
            Map.entry("table_to_xmlschema", Residues.ALL),
            Map.entry("table_to_xml_and_xmlschema", Residues.ALL),
            Map.entry("schema_to_xml", Residues.ALL),
            Map.entry("schema_to_xmlschema", Residues.ALL),
            Map.entry("schema_to_xml_and_xmlschema", Residues.ALL),
            Map.entry("database_to_xml", Residues.ALL),
            Map.entry("database_to_xmlschema", Residues.ALL),
            Map.entry("database_to_xml_and_xmlschema", Residues.ALL),
            Map.entry("ts_stat", Residues.ALL),
            Map.entry("ts_rewrite", Residues.ALL),
            Map.entry("crosstab", Residues.ALL),
            Map.entry("crosstab2", Residues.ALL),
            Map.entry("crosstab3", Residues.ALL),
            Map.entry("crosstab4", Residues.ALL),
            Map.entry("connectby", Residues.ALL),
            Map.entry("xpath_table", Residues.ALL),
            Map.entry("dblink", Residues.ALL),
            Map.entry("dblink_exec", Residues.ALL));

    private final SqlLexer lexer;

    SessionCalls(SqlLexer lexer) {
        this.lexer = lexer;
    }

    /// What calling a function of this name leaves, if it is PostgreSQL's own or one of an extension that comes
    /// with it.
    ///
    /// @param name without its schema
    public static Residues of(String name) {
        return BY_NAME.getOrDefault(name, Residues.NONE);
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
            else may = may.and(of(name));
        }
        if (!configures) return SessionEffect.leaves(may, List.of());
        var settings = new ArrayList<String>(2);
        for (int i = from; i + 1 < to; i++)
            if (lexer.isName(i) && lexer.is(i + 1, '(') && lexer.name(i).equals(SET_CONFIG))
                may = may.and(setConfig(i + 1, settings));
        return SessionEffect.leaves(may, settings);
    }

    /// One call of set_config(name, value, is_local): only a name that stands in it as a plain string is known.
    private Residues setConfig(int open, List<String> settings) {
        int close = lexer.match(open);
        int value = nextArgument(open + 1, close);
        int local = nextArgument(value, close);
        boolean plain = value == open + 3 && lexer.isPlainString(open + 1) && nextArgument(local, close) == close;
        if (!plain) return Residues.of(Residue.SETTINGS);
        var name = lexer.plainString(open + 1).toLowerCase(Locale.ROOT);
        if (settings.size() > SetRules.MOST_SETTINGS) return Residues.of(Residue.SETTINGS);
        boolean temporary = name.equals("search_path") && mayNameTemporary(value, local - 1);
        boolean isLocal = local + 1 == close && lexer.isWord(local, "true");
        if (isLocal) return temporary ? Residues.of(Residue.TEMPORARY) : Residues.NONE;
        if (name.equals("session_authorization")) return Residues.of(Residue.AUTHORIZATION);
        if (!settings.contains(name)) settings.add(name);
        return temporary ? Residues.ALL : Residues.NONE;
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
