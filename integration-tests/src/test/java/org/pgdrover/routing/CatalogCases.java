package org.pgdrover.routing;

import java.sql.Connection;
import java.sql.SQLException;

/// The definitions that the test of the catalog judges: each thing that a name may lead to.
final class CatalogCases {
    private CatalogCases() {}

    static void define(Connection connection) throws SQLException {
        try (var statement = connection.createStatement()) {
            for (var sql : SQL.split(";;")) statement.execute(sql);
        }
    }

    private static final String SQL = """
            CREATE TABLE plain (a int PRIMARY KEY, b text);;
            CREATE TABLE other (a int);;
            CREATE UNLOGGED TABLE unlogged (a int);;
            CREATE SEQUENCE numbers;;
            CREATE SCHEMA s;;
            CREATE UNLOGGED TABLE s.twice (a int);;
            CREATE TABLE twice (a int);;

            -- Functions
            CREATE FUNCTION steady(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT $1';;
            CREATE FUNCTION declared_volatile() RETURNS int LANGUAGE sql AS 'SELECT 1';;
            CREATE FUNCTION reads() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM plain';;
            CREATE FUNCTION tells_recovery() RETURNS boolean STABLE LANGUAGE sql AS 'SELECT pg_is_in_recovery()';;
            CREATE FUNCTION calls_it() RETURNS boolean STABLE LANGUAGE plpgsql AS
                'BEGIN RETURN tells_recovery(); END';;
            CREATE FUNCTION in_standard() RETURNS boolean STABLE LANGUAGE sql BEGIN ATOMIC SELECT calls_it(); END;;
            CREATE FUNCTION by_default(a boolean DEFAULT calls_it()) RETURNS boolean STABLE LANGUAGE sql AS 'SELECT a';;
            CREATE FUNCTION tells_last() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT lastval()';;
            CREATE FUNCTION reads_unlogged() RETURNS bigint STABLE LANGUAGE sql AS 'SELECT count(*) FROM unlogged';;
            CREATE FUNCTION sets() RETURNS void LANGUAGE plpgsql AS $$BEGIN SET work_mem = '1MB'; END$$;;
            CREATE FUNCTION sets_locally() RETURNS void LANGUAGE plpgsql AS
                $$BEGIN SET LOCAL work_mem = '1MB'; PERFORM set_config('a.b', 'x', true); END$$;;
            CREATE FUNCTION configures() RETURNS text LANGUAGE sql AS $$SELECT set_config('a.b', 'x', false)$$;;
            CREATE FUNCTION configures_standard() RETURNS text LANGUAGE sql
                BEGIN ATOMIC SELECT set_config('a.b', 'x', false); END;;
            CREATE FUNCTION makes_temporary() RETURNS void LANGUAGE plpgsql AS
                $$BEGIN CREATE TEMP TABLE x (a int); END$$;;
            CREATE FUNCTION makes_temporary_for_now() RETURNS void LANGUAGE plpgsql AS
                $$BEGIN CREATE TEMP TABLE x (a int) ON COMMIT DROP; END$$;;
            CREATE FUNCTION listens() RETURNS void LANGUAGE plpgsql AS $$BEGIN IF true THEN LISTEN x; END IF; END$$;;
            CREATE FUNCTION locks() RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_lock(1); END$$;;
            CREATE FUNCTION locks_briefly() RETURNS void LANGUAGE sql AS 'SELECT pg_advisory_xact_lock(1)';;
            CREATE FUNCTION dynamic(a text) RETURNS void LANGUAGE plpgsql AS $$BEGIN EXECUTE a; END$$;;
            CREATE FUNCTION sets_by_text(a text) RETURNS text LANGUAGE plpgsql AS
                $$BEGIN EXECUTE format('SET app.x = %L', a); RETURN a; END$$;;
            CREATE FUNCTION calls_sets_by_text() RETURNS text LANGUAGE sql AS $$SELECT sets_by_text('x')$$;;
            CREATE FUNCTION calls_both() RETURNS void LANGUAGE plpgsql AS
                $$BEGIN PERFORM sets(); PERFORM dynamic('SELECT 1'); END$$;;
            CREATE FUNCTION updates() RETURNS void LANGUAGE plpgsql AS $$BEGIN UPDATE plain SET b = 'x'; END$$;;
            CREATE PROCEDURE procedure_that_sets() LANGUAGE plpgsql AS 'BEGIN PERFORM sets(); END';;
            CREATE FUNCTION tenant() RETURNS text STABLE LANGUAGE sql AS $$SELECT current_setting('app.tenant')$$;;
            CREATE FUNCTION server_setting() RETURNS text STABLE LANGUAGE sql AS
                $$SELECT current_setting('in_hot_standby')$$;;
            CREATE FUNCTION compiled() RETURNS int IMMUTABLE LANGUAGE internal AS 'pg_backend_pid';;
            CREATE FUNCTION compiled_stable(oid) RETURNS void STABLE LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';;
            CREATE FUNCTION compiled_volatile(oid) RETURNS void LANGUAGE c AS '$libdir/plpgsql', 'plpgsql_validator';;
            CREATE FUNCTION reads_numbers(cstring) RETURNS int IMMUTABLE STRICT LANGUAGE internal AS 'int4in';;
            CREATE FUNCTION another_nextval(regclass) RETURNS bigint IMMUTABLE LANGUAGE internal AS 'nextval_oid';;
            CREATE FUNCTION another_lock(bigint) RETURNS void LANGUAGE internal AS 'pg_advisory_lock_int8';;
            CREATE FUNCTION another_set_config(text, text, boolean) RETURNS text IMMUTABLE LANGUAGE internal
                AS 'set_config_by_name';;
            CREATE FUNCTION overloaded(int) RETURNS int IMMUTABLE LANGUAGE sql AS 'SELECT 1';;
            CREATE FUNCTION overloaded(text) RETURNS int LANGUAGE sql AS 'SELECT 1';;
            CREATE FUNCTION setting_sum(int, int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS
                'BEGIN PERFORM locks(); RETURN $1 + $2; END';;
            CREATE AGGREGATE adds(int) (SFUNC = setting_sum, STYPE = int);;

            -- Views
            CREATE VIEW view_plain AS SELECT a FROM plain WHERE steady(a) = 1;;
            CREATE VIEW view_recovery AS SELECT pg_is_in_recovery();;
            CREATE VIEW view_of_view AS SELECT * FROM view_recovery;;
            CREATE VIEW view_activity AS SELECT pid FROM pg_stat_activity;;
            CREATE VIEW view_random AS SELECT random();;
            CREATE VIEW view_locks AS SELECT pg_try_advisory_lock(1);;
            CREATE VIEW view_lasts AS SELECT last_value FROM numbers;;
            CREATE VIEW view_writes AS SELECT updates() IS NULL AS a;;
            CREATE VIEW view_tenant AS SELECT * FROM plain WHERE b = current_setting('app.tenant', true);;
            CREATE VIEW view_sets AS SELECT calls_sets_by_text();;
            CREATE VIEW view_setting AS SELECT current_setting('in_hot_standby');;
            CREATE MATERIALIZED VIEW kept AS SELECT random();;

            -- Tables that do more than they show
            CREATE FUNCTION setting_trigger() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN PERFORM sets(); RETURN NEW; END';;
            CREATE FUNCTION harmless_trigger() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN NEW.b = now()::text; RETURN NEW; END';;
            CREATE TABLE triggered (a int, b text);;
            CREATE TRIGGER t BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION setting_trigger();;
            CREATE TABLE stamped (a int, b text);;
            CREATE TRIGGER t BEFORE INSERT ON stamped FOR EACH ROW EXECUTE FUNCTION harmless_trigger();;
            CREATE FUNCTION setting_by_text_trigger() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN EXECUTE 'SELECT set_config(''app.x'', $1, false)' USING NEW.a; RETURN NEW; END$$;;
            CREATE TABLE triggered_by_text (a text);;
            CREATE TRIGGER t BEFORE INSERT ON triggered_by_text FOR EACH ROW
                EXECUTE FUNCTION setting_by_text_trigger();;
            CREATE TABLE logs_to_triggered (a int, b text);;
            CREATE FUNCTION logging_trigger() RETURNS trigger LANGUAGE plpgsql AS
                'BEGIN INSERT INTO triggered VALUES (1); RETURN NEW; END';;
            CREATE TRIGGER t AFTER DELETE ON logs_to_triggered FOR EACH ROW EXECUTE FUNCTION logging_trigger();;
            CREATE TABLE referenced (a int PRIMARY KEY);;
            CREATE TABLE referencing (a int REFERENCES referenced ON DELETE CASCADE);;
            CREATE TRIGGER t AFTER DELETE ON referencing FOR EACH ROW EXECUTE FUNCTION setting_trigger();;
            CREATE TABLE defaults (a text DEFAULT configures());;
            CREATE TABLE checks (a int CHECK (a IS NOT NULL OR sets() IS NULL));;
            CREATE TABLE ruled (a int);;
            CREATE RULE r AS ON INSERT TO ruled DO ALSO SELECT locks();;
            CREATE TABLE secured (a int);;
            ALTER TABLE secured ENABLE ROW LEVEL SECURITY;;
            CREATE POLICY p ON secured USING (tells_recovery());;
            CREATE TABLE tenants (a text);;
            ALTER TABLE tenants ENABLE ROW LEVEL SECURITY;;
            CREATE POLICY p ON tenants USING (a = current_setting('app.tenant'));;
            CREATE TABLE not_secured (a int);;
            CREATE POLICY p ON not_secured USING (tells_recovery());;
            CREATE TABLE parent (a int) PARTITION BY LIST (a);;
            CREATE TABLE child PARTITION OF parent FOR VALUES IN (1);;
            CREATE TRIGGER t BEFORE INSERT ON child FOR EACH ROW EXECUTE FUNCTION setting_trigger();;
            CREATE VIEW view_triggered AS SELECT a FROM triggered;;

            -- Tables that take numbers from sequences
            CREATE TABLE by_serial (a serial, b text);;
            CREATE TABLE by_identity (a int GENERATED BY DEFAULT AS IDENTITY, b text);;
            CREATE DOMAIN numbered AS int DEFAULT nextval('numbers');;
            CREATE TABLE by_domain (a numbered, b text);;
            CREATE FUNCTION numbering_trigger() RETURNS trigger LANGUAGE plpgsql AS
                $$BEGIN NEW.a := nextval('numbers'); RETURN NEW; END$$;;
            CREATE TABLE by_trigger (a int);;
            CREATE TRIGGER t BEFORE INSERT ON by_trigger FOR EACH ROW EXECUTE FUNCTION numbering_trigger();;
            CREATE TABLE logged (a int);;
            CREATE RULE r AS ON INSERT TO logged DO ALSO INSERT INTO by_serial (b) VALUES ('x');;
            CREATE VIEW view_by_serial AS SELECT * FROM by_serial;;
            CREATE VIEW view_of_last AS SELECT lastval();;
            CREATE FUNCTION draws() RETURNS bigint LANGUAGE sql AS $$SELECT nextval('numbers')$$
            """;

    /// What the definitions below need.
    static final String FUNCTIONS = """
            CREATE FUNCTION sets() RETURNS void LANGUAGE plpgsql AS $$BEGIN SET work_mem = '1MB'; END$$;;
            CREATE FUNCTION locks() RETURNS void LANGUAGE plpgsql AS $$BEGIN PERFORM pg_advisory_lock(1); END$$;;
            """;

    /// Definitions that every statement of the database may meet.
    static final String OPERATOR = """
            CREATE FUNCTION equals(text, int) RETURNS boolean LANGUAGE plpgsql AS
                $$BEGIN PERFORM sets(); RETURN true; END$$;;
            CREATE OPERATOR === (LEFTARG = text, RIGHTARG = int, FUNCTION = equals)""";

    static final String HARMLESS_OPERATOR = """
            CREATE FUNCTION alike(text, int) RETURNS boolean LANGUAGE sql AS $$SELECT $1 = $2::text$$;;
            CREATE OPERATOR ~== (LEFTARG = text, RIGHTARG = int, FUNCTION = alike)""";

    static final String CAST = """
            CREATE TYPE two AS (a int, b int);;
            CREATE FUNCTION to_two(int) RETURNS two LANGUAGE plpgsql AS
                $$BEGIN PERFORM locks(); RETURN (1, 2); END$$;;
            CREATE CAST (int AS two) WITH FUNCTION to_two(int)""";

    static final String DOMAIN = "CREATE DOMAIN odd AS int CHECK (sets() IS NULL)";

    static final String EVENT_TRIGGER = """
            CREATE FUNCTION on_definition() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM sets(); END';;
            CREATE EVENT TRIGGER e ON ddl_command_end EXECUTE FUNCTION on_definition()""";
}
