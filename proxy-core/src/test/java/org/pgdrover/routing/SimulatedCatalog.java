package org.pgdrover.routing;

import java.util.concurrent.ScheduledExecutorService;

/** What the catalog of the simulation's model database says, read on the simulation's own thread. */
public final class SimulatedCatalog {
    private final FunctionCatalog catalog;

    public SimulatedCatalog(ScheduledExecutorService worker) {
        catalog = new FunctionCatalog(database -> names(), worker);
    }

    public FunctionCatalog catalog() {
        return catalog;
    }


    private static FunctionNames names() {
        var names = new FunctionNames.Builder();
        for (var steady : "current_setting date_part count generate_series pg_backend_pid text".split(" "))
            names.add("pg_catalog", steady, false);
        for (var changing :
                "set_config pg_sleep pg_advisory_lock pg_advisory_xact_lock pg_try_advisory_lock pg_advisory_unlock pg_advisory_unlock_all pg_terminate_backend nextval currval lastval"
                        .split(" ")) names.add("pg_catalog", changing, true);
        for (var changing : "effect remote setter fail".split(" ")) names.add("public", changing, true);
        return names.build();
    }
}
