package org.pgdrover.simulation;

import org.pgdrover.routing.DatabaseCatalog;
import org.pgdrover.sql.Residue;
import org.pgdrover.sql.Residues;

/// What a reader of the catalog would find in the model's database.
final class ModelCatalog {
    private ModelCatalog() {}

    static DatabaseCatalog read() {
        var catalog = new DatabaseCatalog.Builder();
        for (var read : "current_setting date_part count generate_series pg_backend_pid text pg_sleep".split(" "))
            catalog.function("pg_catalog", read, true, Residues.NONE);
        for (var locks : "pg_advisory_lock pg_try_advisory_lock pg_advisory_unlock pg_advisory_unlock_all".split(" "))
            catalog.function("pg_catalog", locks, false, Residues.of(Residue.LOCKS));
        // What a call of it leaves, the statement's own words tell.
        catalog.function("pg_catalog", "set_config", false, Residues.NONE);
        catalog.function("pg_catalog", "pg_advisory_xact_lock", false, Residues.NONE);
        catalog.function("pg_catalog", "pg_terminate_backend", false, Residues.NONE);
        catalog.function("pg_catalog", "nextval", false, Residues.NONE);
        for (var sequence : "currval lastval".split(" "))
            catalog.function("pg_catalog", sequence, false, Residues.of(Residue.SEQUENCES));
        for (var changing : "effect remote fail".split(" ")) catalog.function("public", changing, false, Residues.NONE);
        catalog.function("public", "setter", false, Residues.of(Residue.SETTINGS));
        catalog.relation("public", "kv", true, Residues.NONE, Residues.NONE);
        for (var view : "v_effect v_remote".split(" "))
            catalog.relation("public", view, false, Residues.NONE, Residues.NONE);
        catalog.relation("public", "seq", false, Residues.NONE, Residues.NONE);
        return catalog.build();
    }
}
