package org.pgdrover.sql;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;

/// The functions and views of PostgreSQL, and of what comes with it, that need care or none against
/// their appearance.
///
/// The one place for such lists; a test holds them against the catalogs of every supported version.
public final class KnownFunctions {
    /// Volatile by the catalog, but they change nothing and tell nothing that differs on a standby.
    private static final Set<String> HARMLESS = words("""
            random random_normal clock_timestamp timeofday gen_random_uuid uuidv4 uuidv7 pg_sleep pg_sleep_for
            pg_sleep_until current_query pg_partition_tree pg_partition_ancestors amvalidate array_sample array_shuffle
            """);

    private static final Set<String> MODEST_TRIGGERS = words("""
            suppress_redundant_updates_trigger tsvector_update_trigger tsvector_update_trigger_column unique_key_recheck
            """);

    /// The same of the extensions uuid-ossp and pgcrypto.
    private static final Set<String> HARMLESS_IN_EXTENSIONS = words("""
            uuid_generate_v1 uuid_generate_v1mc uuid_generate_v4 gen_random_bytes gen_random_uuid gen_salt
            pgp_sym_encrypt pgp_sym_encrypt_bytea pgp_pub_encrypt pgp_pub_encrypt_bytea
            """);

    /// They tell about the server they run on, or about its transactions; so does what begins with
    /// pg_stat.
    private static final Set<String> LOCAL = words("""
            pg_locks pg_settings pg_cursors pg_prepared_statements pg_prepared_xacts pg_replication_slots
            pg_replication_origin_status pg_file_settings pg_hba_file_rules pg_ident_file_mappings
            pg_listening_channels pg_shmem_allocations pg_backend_memory_contexts pg_config pg_aios
            pg_show_all_settings pg_show_all_file_settings pg_cursor pg_prepared_statement pg_prepared_xact
            pg_lock_status pg_get_replication_slots pg_show_replication_origin_status pg_backend_pid
            pg_postmaster_start_time pg_conf_load_time pg_my_temp_schema pg_is_other_temp_schema
            inet_server_addr inet_server_port inet_client_addr inet_client_port current_setting txid_current
            pg_current_xact_id pg_sequences pg_sequence_last_value
            """);

    /// They let a sequence give the session a number, or tell the session's last; autoinc is the trigger
    /// of the extension spi.
    private static final Set<String> USING_SEQUENCES = words("nextval setval currval lastval autoinc");

    /// Words of the grammar that a parenthesis may follow, and that a database may have functions of, too.
    private static final Set<String> GRAMMAR = words("""
            by columns cube cycle escape filter first groups materialized next of operator over partition passing range
            recursive repeatable rollup rows search second sets varying within zone collation ilike is isnull join like
            notnull similar json json_array json_arrayagg json_exists json_object json_objectagg json_query json_scalar
            json_serialize json_table json_value merge_action nested
            """);

    private static final Map<String, Residues> RESIDUES = new HashMap<>();

    static {
        leaves(Residues.of(Residue.LOCKS), """
                pg_advisory_lock pg_advisory_lock_shared pg_try_advisory_lock pg_try_advisory_lock_shared
                pg_advisory_unlock pg_advisory_unlock_shared pg_advisory_unlock_all
                """);
        leaves(Residues.of(Residue.SEQUENCES), "lastval currval");
        leaves(Residues.of(Residue.SETTINGS), "set_config set_limit");
        leaves(Residues.of(Residue.LASTING), """
                setseed pg_replication_origin_session_setup pg_replication_origin_session_reset
                pg_replication_origin_xact_setup pg_replication_origin_xact_reset
                pg_create_physical_replication_slot pg_create_logical_replication_slot
                pg_copy_physical_replication_slot pg_copy_logical_replication_slot pg_sync_replication_slots
                pg_drop_replication_slot pg_backup_start pg_backup_stop pg_start_backup pg_stop_backup
                dblink_connect dblink_connect_u dblink_open
                """);
        // These run what another text says.
        leaves(Residues.ALL, """
                query_to_xml query_to_xmlschema query_to_xml_and_xmlschema cursor_to_xml cursor_to_xmlschema
                table_to_xml table_to_xmlschema table_to_xml_and_xmlschema schema_to_xml schema_to_xmlschema
                schema_to_xml_and_xmlschema database_to_xml database_to_xmlschema database_to_xml_and_xmlschema
                ts_stat ts_rewrite crosstab crosstab2 crosstab3 crosstab4 connectby xpath_table dblink dblink_exec
                """);
    }

    /// Extensions whose functions in C leave nothing in the session, but for those above.
    private static final Set<String> MODEST_EXTENSIONS = Set.of(
            ("plpgsql uuid-ossp pgcrypto moddatetime insert_username autoinc lo tcn hstore citext ltree pg_trgm intarray"
                            + " btree_gin btree_gist cube earthdistance unaccent fuzzystrmatch isn seg tablefunc bloom"
                            + " pgstattuple pg_buffercache pg_freespacemap pg_visibility pageinspect amcheck"
                            + " pg_stat_statements pgrowlocks sslinfo xml2 intagg dict_int dict_xsyn tsm_system_rows"
                            + " tsm_system_time file_fdw postgres_fdw pg_prewarm pg_walinspect vector postgis")
                    .split(" "));

    private KnownFunctions() {}

    private static Set<String> words(String text) {
        return Set.of(text.strip().split("\\s+"));
    }

    private static void leaves(Residues residues, String names) {
        for (var name : words(names)) RESIDUES.put(name, residues);
    }

    /// Words of the grammar that look like a call, and that are none where the database has no function of the name.
    public static Set<String> grammar() {
        return GRAMMAR;
    }

    /// Whether a volatile function of PostgreSQL may run on a standby as well.
    public static boolean isHarmless(String name) {
        return HARMLESS.contains(name);
    }

    /// Whether a function of PostgreSQL is one that triggers call and that does no more than keep rows
    /// right.
    public static boolean isModestTrigger(String name) {
        return MODEST_TRIGGERS.contains(name);
    }

    /// The same of one that belongs to an extension.
    public static boolean isHarmlessInExtension(String name) {
        return HARMLESS_IN_EXTENSIONS.contains(name);
    }

    /// Whether a function or view tells about the server that it runs on.
    public static boolean isLocal(String name) {
        if (!name.startsWith("pg_") && !LOCAL.contains(name)) return false;
        boolean statistics =
                name.startsWith("pg_stat") && !name.startsWith("pg_statistic") && !name.startsWith("pg_stats");
        return statistics || name.startsWith("pg_temp") || LOCAL.contains(name);
    }

    /// What calling a function leaves in the session.
    ///
    /// @param name without its schema
    public static Residues residues(String name) {
        return RESIDUES.getOrDefault(name, Residues.NONE);
    }

    /// Whether a function of PostgreSQL, or in C of an extension, uses what sequences have given in the
    /// session.
    public static boolean usesSequences(String name) {
        return USING_SEQUENCES.contains(name);
    }

    /// Whether an extension's functions in C are known to leave nothing.
    public static boolean isModest(String extension) {
        return MODEST_EXTENSIONS.contains(extension);
    }
}
