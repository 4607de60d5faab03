-- The schema of one client; "shared" is made once.
CREATE SCHEMA ${s} AUTHORIZATION owner;
GRANT USAGE ON SCHEMA ${s} TO other;
SET search_path = ${s};
SET ROLE owner;
CREATE TABLE t (id int PRIMARY KEY, v text, n int NOT NULL DEFAULT 0);
CREATE TABLE t2 (id serial PRIMARY KEY, v text);
CREATE TABLE migrated (id int, price int, qty int);
CREATE TABLE empty (a int);
CREATE TABLE same (n int);
CREATE TABLE triggered (a int);
CREATE TABLE ruled (a int);
CREATE TABLE secured (id int, tenant text);
CREATE UNLOGGED TABLE unlogged (a int);
CREATE SEQUENCE sq;
-- For those who leave: nobody waits until it has given a number.
CREATE SEQUENCE left_sq;
INSERT INTO same VALUES (${number});
INSERT INTO secured VALUES (1, 'alice'), (2, 'bob'), (3, 'carol');
ALTER TABLE secured ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY tenants ON secured USING (tenant = current_setting('app.tenant', true));
CREATE VIEW v_plain AS SELECT n FROM t;
CREATE VIEW v_tenant AS SELECT current_setting('app.tenant', true) AS tenant;
CREATE VIEW v_recovery AS SELECT pg_is_in_recovery() AS r;
CREATE VIEW v_write AS SELECT nextval('sq') AS n;
CREATE FUNCTION f_lastval() RETURNS bigint LANGUAGE plpgsql AS $$ BEGIN RETURN lastval(); END $$;
CREATE VIEW v_lastval AS SELECT lastval() AS n;
CREATE FUNCTION f_tenant() RETURNS text STABLE LANGUAGE plpgsql AS $$ BEGIN RETURN current_setting('app.tenant', true); END $$;
CREATE FUNCTION f_recovery() RETURNS bool STABLE LANGUAGE sql AS 'SELECT pg_is_in_recovery()';
CREATE FUNCTION f_hidden(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.hidden', $1, false); RETURN $1; END $$;
CREATE FUNCTION search(text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.hidden', $1, false) $$;
CREATE FUNCTION f_hidden_sql(text) RETURNS text LANGUAGE sql AS $$ SELECT set_config('app.hidden', $1, false) $$;
CREATE FUNCTION f_hidden_text(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET app.hidden = %L', $1); RETURN $1; END $$;
CREATE FUNCTION f_temp() RETURNS bigint LANGUAGE plpgsql AS
$$ BEGIN CREATE TEMP TABLE IF NOT EXISTS f_temp (a int); INSERT INTO f_temp VALUES (1); RETURN (SELECT count(*) FROM f_temp); END $$;
CREATE FUNCTION f_listen() RETURNS void LANGUAGE plpgsql AS $$ BEGIN LISTEN hidden; END $$;
CREATE FUNCTION f_role() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET ROLE other; END $$;
CREATE FUNCTION f_set_locally(name text, value text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN EXECUTE format('SET LOCAL %I = %L', name, value); END $$;
CREATE FUNCTION f_config_locally(name text, value text) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config(name, value, true); END $$;
CREATE FUNCTION f_set_utc() RETURNS void LANGUAGE plpgsql AS $$ BEGIN SET LOCAL TimeZone = 'UTC'; END $$;
CREATE FUNCTION f_lock(bigint) RETURNS void LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_advisory_lock($1); END $$;
CREATE FUNCTION f_deallocate() RETURNS void LANGUAGE plpgsql AS $$ BEGIN DEALLOCATE ALL; END $$;
CREATE FUNCTION f_notice(text) RETURNS text LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'f_notice %', $1; RETURN $1; END $$;
CREATE FUNCTION f_raise() RETURNS void LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('app.hidden', 'raised', false); RAISE EXCEPTION 'raised' USING DETAIL = 'a detail', HINT = 'a hint', ERRCODE = 'P0042'; END $$;
CREATE FUNCTION f_write(int) RETURNS int LANGUAGE sql AS $$ INSERT INTO t (id, v) VALUES (200 + $1, 'f') ON CONFLICT (id) DO UPDATE SET n = t.n + 1 RETURNING n $$;
CREATE PROCEDURE pr_commit(int) LANGUAGE plpgsql AS
$$ BEGIN INSERT INTO t (id, v) VALUES (300 + $1, 'p') ON CONFLICT DO NOTHING; PERFORM set_config('app.hidden', 'procedure', false); COMMIT; END $$;
CREATE FUNCTION fire() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM set_config('app.triggered', 'yes', false); RETURN new; END $$;
CREATE TRIGGER fire BEFORE INSERT ON triggered FOR EACH ROW EXECUTE FUNCTION fire();
CREATE RULE sets AS ON INSERT TO ruled DO ALSO SELECT set_config('app.ruled', 'yes', false);
GRANT SELECT ON ALL TABLES IN SCHEMA ${s} TO other;
RESET ROLE;
