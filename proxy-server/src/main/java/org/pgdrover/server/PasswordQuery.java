package org.pgdrover.server;

/// The function behind the default of `auth.query.sql`, ready to paste.
public final class PasswordQuery {
    private PasswordQuery() {}

    /// SQL for a superuser, in the database where the query runs; for the user who runs it.
    public static String functionFor(String user) {
        var role = "\"" + user.replace("\"", "\"\"") + "\"";
        return """
                CREATE SCHEMA IF NOT EXISTS pgdrover;
                CREATE OR REPLACE FUNCTION pgdrover.password_of(name text) RETURNS text
                    LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp
                    AS $$ SELECT rolpassword FROM pg_authid
                           WHERE rolname = name AND rolcanlogin AND (rolvaliduntil IS NULL OR rolvaliduntil > now()) $$;
                REVOKE ALL ON FUNCTION pgdrover.password_of(text) FROM PUBLIC;
                GRANT USAGE ON SCHEMA pgdrover TO %1$s;
                GRANT EXECUTE ON FUNCTION pgdrover.password_of(text) TO %1$s;
                """.formatted(role);
    }
}
