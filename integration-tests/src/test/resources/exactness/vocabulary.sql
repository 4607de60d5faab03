-- What the clients of the differential fuzzer and of the leak hunt say: one statement a line, by topic.
-- ${k} is a number that no other conversation has, ${x} one of a few names that all share, ${n} a line break.
-- reads
SELECT id, v FROM t ORDER BY id
SELECT count(*), sum(n) FROM t
SELECT v FROM t WHERE id = 3
SELECT count(*) FROM shared.ref WHERE at < '2024-01-01 05:00'
SELECT at FROM shared.ref ORDER BY at LIMIT 2
SELECT count(*) FROM shared.ref WHERE at >= 'today' OR at < '2024-01-01 00:30'
SELECT id, 12 / (id - 3) FROM generate_series(1, 5) AS id
SELECT generate_series(1, 3)
SELECT n FROM v_plain ORDER BY n
SELECT 'a\b', E'a\\b'
SELECT interval '1 day 2 hours', 1.5::float8, '\x01'::bytea
SELECT chr(233) || length(chr(233))::text
SELECT 1
SELECT random() < 2 AS yes
TABLE empty
VALUES (1, 'one'), (2, NULL)
SELECT tenant FROM v_tenant
SELECT id FROM secured ORDER BY id
SELECT pg_is_in_recovery(), f_recovery(), r FROM v_recovery
SELECT count(*) FROM unlogged
SELECT n FROM same ORDER BY n
EXPLAIN (COSTS OFF) SELECT 1
SELECT count(*) FROM t WHERE id > 0 FOR UPDATE
-- writes
INSERT INTO t (id, v) VALUES (100 + (SELECT count(*) FROM t), 'new')
INSERT INTO t (id, v) VALUES (50, 'fifty') ON CONFLICT (id) DO UPDATE SET n = t.n + 1 RETURNING id, n
UPDATE t SET n = n + 1 WHERE id = 2
UPDATE t SET v = v || '+' WHERE id = 2 RETURNING id, v
DELETE FROM t WHERE id > 4
INSERT INTO t VALUES (1, 'again')
WITH w AS (INSERT INTO t (id, v) VALUES (70, 'cte') ON CONFLICT DO NOTHING RETURNING id) SELECT count(*) FROM w
INSERT INTO t2 (v) VALUES ('default') RETURNING id
INSERT INTO triggered VALUES (1)
INSERT INTO ruled VALUES (1)
SELECT f_write(5)
SELECT n FROM v_write
CREATE TABLE made (a int)
DROP TABLE made
CREATE TABLE made AS SELECT 1 AS a
SELECT * FROM made
ALTER TABLE made ADD COLUMN b int DEFAULT 4
CREATE TABLE IF NOT EXISTS made (a int)
CREATE TABLE IF NOT EXISTS triggered (a int)
BEGIN; DROP TABLE triggered; CREATE TABLE triggered (a int); ROLLBACK
BEGIN; CREATE TABLE mine (a int); INSERT INTO mine VALUES (1); SELECT a FROM mine; ROLLBACK
CREATE FUNCTION made() RETURNS int LANGUAGE sql AS 'SELECT 7'
SELECT made()
DROP FUNCTION IF EXISTS made()
NOTIFY nobody
LOCK TABLE t IN SHARE MODE
-- errors
SELECT 1/0
SELEC 1
SELECT missing FROM t
SELECT * FROM missing
SELECT f_missing()
SELECT 'x'::int
SELECT f_raise()
SELECT 1; SELECT 1/0; SELECT 2
SET app.x = 'a'; SELECT 1/0
PREPARE e1 AS SELECT 1; SELECT 1/0
SELECT pg_advisory_lock(${k}), 1/0
SELECT set_config('app.tenant', 'err', false), 1/0
BEGIN; CREATE TEMP TABLE left_behind (a int); COMMIT; SELECT 1/0
DEALLOCATE ALL; SELECT 1/0
LISTEN ch${k}; SELECT 1/0
ROLLBACK; SELECT 1/0; BEGIN
-- settings
SET app.tenant = 'alice'
SET app.tenant = 'bob'
RESET app.tenant
SET app.${x} = '${x}'
SET LOCAL app.tenant = 'local'
SELECT set_config('app.tenant', 'carol', false)
SELECT set_config('app.tenant', 'short', true)
SELECT "set_config"('app.tenant', 'quoted', false)
SELECT pg_catalog . set_config('app.tenant', 'dotted', false)
SELECT U&"set\005Fconfig"('app.tenant', 'unicode', false)
SET U&"app".U&"tenan\0074" = 'unicode name'
SET TIME ZONE 'America/New_York'
SET TimeZone = 'Asia/Tokyo'
SELECT set_config('TimeZone', 'Asia/Kolkata', false)
SET DateStyle = 'German'
SET DateStyle TO SQL, DMY
SET IntervalStyle = 'iso_8601'
SET standard_conforming_strings = off
SET extra_float_digits = -3
SET bytea_output = 'escape'
SET client_encoding = 'LATIN1'
SET client_encoding = 'SJIS'
SET NAMES 'UTF8'
SET client_min_messages = error
SET work_mem = '5MB'
SET statement_timeout = '1h'
SET lock_timeout = '1h'
SET application_name = '${x}'
RESET application_name
SET search_path = shared
SET search_path = pg_temp
SET search_path = "$user", public
RESET search_path
SET default_transaction_read_only = on
SET default_transaction_read_only = off
SET default_transaction_isolation = 'repeatable read'
SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY
SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE
SET enable_seqscan = off; SET enable_seqscan = on
SET nonsense = 1
SET work_mem = 'nonsense'
RESET ALL
RESET TimeZone
RESET DateStyle
SET plan_cache_mode = force_custom_plan
SET row_security = off
SET app.tenant TO DEFAULT
-- folded
SET LOCAL TimeZone = 'Asia/Seoul'
SET LOCAL TimeZone TO DEFAULT
SET LOCAL DateStyle = 'German'
SET LOCAL search_path = shared
SET TimeZone = 'Asia/Kolkata'
SELECT set_config('TimeZone', 'Europe/Paris', true)
SELECT f_set_utc()
SELECT f_set_locally('TimeZone', 'Asia/Tokyo')
SELECT f_config_locally('IntervalStyle', 'iso_8601')
DO $$ BEGIN SET LOCAL TimeZone = 'Asia/Kabul'; END $$
SELECT (timestamptz '2024-01-01 05:00' AT TIME ZONE 'UTC')::text
SELECT timestamptz '2024-01-01 05:00+00'::text
SELECT count(*) FROM shared.ref WHERE at < '2024-01-01 05:00'
SELECT (interval '1 day 2 hours')::text
BEGIN
SAVEPOINT a
ROLLBACK TO a
COMMIT
-- roles
SET ROLE other
SET ROLE owner
SET ROLE NONE
RESET ROLE
SET LOCAL ROLE other
SET SESSION AUTHORIZATION other
SET SESSION AUTHORIZATION DEFAULT
SELECT set_config('role', 'other', false)
SELECT f_role()
DO $$ BEGIN SET ROLE other; END $$
-- probes
SHOW app.tenant
SELECT current_setting('app.tenant', true)
SELECT current_setting('app.${x}', true)
SELECT current_setting('app.hidden', true), current_setting('app.triggered', true), current_setting('app.ruled', true)
SHOW TimeZone
SHOW DateStyle
SHOW search_path
SHOW statement_timeout
SHOW application_name
SHOW client_encoding
SHOW transaction_read_only
SHOW transaction_isolation
SHOW work_mem
SHOW default_transaction_read_only
SELECT current_user = session_user, current_user IN ('other', 'owner'), current_schemas(false)
SELECT timestamptz '2024-01-01 05:00+00'
SELECT name, from_sql FROM pg_prepared_statements ORDER BY name
SELECT name, is_holdable FROM pg_cursors ORDER BY name
SELECT pg_listening_channels() ORDER BY 1
SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() ORDER BY relname
SELECT lastval()
SELECT currval('sq')
SELECT name, setting FROM pg_settings WHERE name IN ('IntervalStyle', 'bytea_output', 'extra_float_digits', 'lock_timeout', 'standard_conforming_strings', 'client_min_messages', 'plan_cache_mode', 'row_security', 'default_transaction_isolation') ORDER BY name
SELECT count(*) FROM pg_settings WHERE name LIKE 'app.%'
-- transactions
BEGIN
BEGIN
BEGIN ISOLATION LEVEL REPEATABLE READ
START TRANSACTION ISOLATION LEVEL SERIALIZABLE
COMMIT
COMMIT
ROLLBACK
END
ABORT
COMMIT AND CHAIN
ROLLBACK AND CHAIN
SAVEPOINT a
SAVEPOINT b
ROLLBACK TO a
ROLLBACK TO SAVEPOINT b
RELEASE a
SET TRANSACTION ISOLATION LEVEL SERIALIZABLE
BEGIN; UPDATE t SET n = 9 WHERE id = 1; COMMIT
BEGIN; SELECT 1; ROLLBACK
BEGIN; SET app.tenant = 'tx'; COMMIT
BEGIN; SET app.tenant = 'undone'; ROLLBACK
SET app.tenant = 'kept'; BEGIN; RESET ALL; ROLLBACK
BEGIN; SELECT 1/0; COMMIT
COMMIT; BEGIN
SELECT 1; COMMIT; SELECT 2
INSERT INTO t (id, v) VALUES (80, 'string') ON CONFLICT DO NOTHING; COMMIT; BEGIN; SELECT 1; COMMIT
SET CONSTRAINTS ALL DEFERRED
-- read only
BEGIN READ ONLY
BEGIN READ ONLY
START TRANSACTION READ ONLY
BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY
BEGIN ISOLATION LEVEL SERIALIZABLE, READ ONLY, DEFERRABLE
BEGIN READ ONLY; SET app.tenant = 'alice'; COMMIT
BEGIN READ ONLY; SELECT set_config('app.tenant', 'dora', false); COMMIT
SET TRANSACTION READ WRITE
SET TRANSACTION READ ONLY
SET app.tenant = 'read only'
SELECT txid_current() > 0
SELECT txid_current_if_assigned() IS NULL
SELECT nextval('sq')
LISTEN ch${k}
LOCK TABLE t IN ACCESS SHARE MODE
LOCK TABLE t IN EXCLUSIVE MODE
SELECT pg_export_snapshot() IS NOT NULL
SELECT pg_advisory_lock(${k})
SELECT pg_advisory_xact_lock(${k})
PREPARE ro AS SELECT 5
EXECUTE ro
DECLARE ro CURSOR WITH HOLD FOR SELECT 1
CREATE TEMP TABLE tt (a int)
SET ROLE other
SHOW transaction_read_only
SELECT count(*) FROM t
SELECT id FROM t WHERE id = 1 FOR SHARE
UPDATE t SET n = 0
COMMIT
ROLLBACK
-- prepared
PREPARE p AS SELECT id FROM t ORDER BY id
PREPARE p AS SELECT 'other'
PREPARE s AS SELECT v FROM t WHERE id = 1
PREPARE q(int) AS SELECT $1 + 1
EXECUTE p
EXECUTE q(4)
EXECUTE s
EXECUTE s1
DEALLOCATE p
DEALLOCATE s
DEALLOCATE s1
DEALLOCATE q
DEALLOCATE ALL
DEALLOCATE ALL; SELECT 1
DEALLOCATE PREPARE ALL; PREPARE p AS SELECT 3
DO $$ BEGIN EXECUTE 'DEALLOCATE ALL'; END $$
DO $$ BEGIN EXECUTE 'PREPARE p AS SELECT 8'; END $$
SELECT f_deallocate()
PREPARE p AS SELECT 1; EXECUTE p
-- cursors
DECLARE c CURSOR FOR SELECT id FROM t ORDER BY id
DECLARE c CURSOR WITH HOLD FOR SELECT id FROM t ORDER BY id
DECLARE h SCROLL CURSOR WITH HOLD FOR SELECT generate_series(1, 5)
FETCH 2 FROM c
FETCH 2 FROM h
FETCH BACKWARD 1 FROM h
MOVE 1 IN c
CLOSE c
CLOSE h
CLOSE ALL
BEGIN; DECLARE c CURSOR FOR SELECT 1; FETCH ALL FROM c; COMMIT
BEGIN; DECLARE h CURSOR WITH HOLD FOR SELECT 1; COMMIT
-- temporary
CREATE TEMP TABLE tt (a int)
CREATE TEMPORARY TABLE tt ON COMMIT DROP AS SELECT 1 AS a
CREATE TABLE pg_temp.tt (a int)
CREATE TABLE "pg_temp".tq (a int)
SELECT 1 AS a INTO TEMP tt
INSERT INTO tt VALUES (1)
SELECT count(*) FROM tt
DROP TABLE tt
DROP TABLE IF EXISTS tt
DISCARD TEMP
CREATE TEMP SEQUENCE ts
SELECT nextval('ts')
CREATE TEMP VIEW t AS SELECT 99 AS id
BEGIN; CREATE TEMP TABLE od (a int) ON COMMIT DROP; INSERT INTO od VALUES (1); SELECT * FROM od; COMMIT
SET search_path = pg_temp; CREATE TABLE tp (a int)
CREATE FUNCTION pg_temp.ft() RETURNS int LANGUAGE sql AS 'SELECT 3'
SELECT pg_temp.ft()
SELECT f_temp()
-- listen
LISTEN ch${k}
UNLISTEN ch${k}
UNLISTEN *
NOTIFY ch${k}
NOTIFY ch${k}, 'payload'
SELECT pg_notify('ch${k}', 'called')
LISTEN ch${k}; NOTIFY ch${k}, 'at once'
BEGIN; LISTEN ch${k}; COMMIT
BEGIN; LISTEN ch${k}; ROLLBACK
BEGIN; NOTIFY ch${k}, 'one'; NOTIFY ch${k}, 'two'; COMMIT
BEGIN; NOTIFY ch${k}, 'never'; ROLLBACK
LISTEN "Quoted ${k}"
LISTEN other${k}
UNLISTEN other${k}
NOTIFY other${k}, 'elsewhere'
SELECT pg_listening_channels() ORDER BY 1
SELECT f_listen()
-- locks
SELECT pg_advisory_lock(${k})
SELECT pg_advisory_unlock(${k})
SELECT pg_advisory_unlock_all()
SELECT pg_try_advisory_lock(${k})
SELECT pg_advisory_lock_shared(${k})
SELECT pg_advisory_xact_lock(${k})
SELECT pg_advisory_lock(${k}), pg_advisory_unlock(${k})
SELECT f_lock(${k})
BEGIN; SELECT pg_advisory_lock(${k}); ROLLBACK
-- functions
SELECT f_hidden('one')
SELECT f_hidden_sql('two')
SELECT f_temp()
SELECT f_notice('said')
DO $$ BEGIN PERFORM set_config('app.hidden', 'do', false); END $$
DO $$ BEGIN CREATE TEMP TABLE tdo (a int); END $$
DO $$ BEGIN EXECUTE 'LISTEN ' || quote_ident('ch${k}'); END $$
DO $$ BEGIN RAISE NOTICE 'hello'; END $$
DO $$ BEGIN PERFORM pg_advisory_lock(${k}); RAISE EXCEPTION 'and away'; END $$
DO $$ BEGIN INSERT INTO t (id, v) VALUES (90, 'do') ON CONFLICT DO NOTHING; END $$
CALL pr_commit(6)
SELECT f_raise()
SELECT f_write(7)
SELECT count(*) FROM t
SELECT set_config(name, value, false) FROM (VALUES ('app.hidden', 'many'), ('app.tenant', 'many')) AS s (name, value)
INSERT INTO triggered VALUES (2)
INSERT INTO ruled VALUES (2)
SELECT pg_create_physical_replication_slot('s${k}', false, true)
SELECT op.a FROM (SELECT 1 AS a) op
-- sequences
SELECT nextval('sq')
SELECT currval('sq')
SELECT lastval()
SELECT setval('sq', 40)
SELECT last_value, is_called FROM sq
INSERT INTO t2 (v) VALUES ('x')
SELECT last_value FROM t2_id_seq
DISCARD SEQUENCES
-- migration
SELECT * FROM migrated ORDER BY id
ALTER TABLE migrated DROP COLUMN price, ADD COLUMN price int DEFAULT 7
ALTER TABLE migrated ADD COLUMN extra text DEFAULT 'e'
ALTER TABLE migrated ALTER COLUMN qty TYPE text USING 'q' || qty
DROP TABLE migrated; CREATE TABLE migrated (id int, price text, qty text); INSERT INTO migrated VALUES (1, 'p', 'q')
DROP TABLE IF EXISTS migrated
CREATE TABLE IF NOT EXISTS migrated (id int, qty int)
INSERT INTO migrated (id, qty) VALUES (9, '9')
-- copies
COPY (SELECT id, v FROM t ORDER BY id) TO STDOUT
COPY shared.ref TO STDOUT (FORMAT csv, HEADER)
COPY (SELECT set_config('app.tenant', 'copied', false)) TO STDOUT
COPY empty TO STDOUT
COPY (SELECT 1/0) TO STDOUT
COPY missing TO STDOUT
-- discards
DISCARD ALL
DISCARD ALL
DISCARD PLANS
DISCARD TEMP
RESET ALL
DEALLOCATE ALL
UNLISTEN *
CLOSE ALL
DISCARD ALL; SELECT 1
SET SESSION AUTHORIZATION DEFAULT
SELECT pg_advisory_unlock_all()
-- odd

;
 ;;  ; 
/* nothing */
SELECT
SELECT 1;
SELECT 1; ; SELECT 2
SELECT 'it''s'; SELECT $tag$ ; $tag$
SELECT 1 /* ; SET app.tenant = 'comment' */
SET app.tenant = '/*'; SELECT current_setting('app.tenant'); SET app.tenant = '*/'
SELECT 1 -- ; SET app.tenant = 'line'
SELECT E'\'; SET app.tenant = ''string'''
SELECT 'one' --c${n}'two'
SELECT E'a' --c${n}'b\' , ', set_config('app.tenant', 'hidden', false), ' ' --'${n}
SELECT 'one' /* c */${n} 'two'
SELECT setseed(0.5), random()
SET LOCAL seed = 0.25; SELECT random()
WITH x AS (SELECT set_config('app.tenant', 'with', false) AS a) SELECT a FROM x
SELECT * FROM set_config('app.tenant', 'from', false)
SELECT 1 UNION ALL SELECT 2 ORDER BY 1; SET app.tenant = 'second'
SHOW server_version_num
EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) SELECT set_config('app.tenant', 'explained', false)
CREATE TEMP TABLE IF NOT EXISTS tt AS SELECT 1 AS a; SELECT count(*) FROM tt
SELECT query_to_xml('SELECT set_config(''app.tenant'', ''xml'', false)', true, false, '') IS NOT NULL
VACUUM t2
CREATE DATABASE direct
-- parting
SET app.tenant = 'parting'
SELECT set_config('app.tenant', 'parting', false)
SET ROLE other
CREATE TEMP TABLE parting (a int)
PREPARE parting AS SELECT 1
LISTEN ch${k}
SELECT pg_advisory_lock(${k})
SET TimeZone = 'Asia/Tokyo'
SET search_path = shared
DECLARE parting CURSOR WITH HOLD FOR SELECT 1
BEGIN READ ONLY; SET app.tenant = 'parting'; COMMIT
BEGIN; SET app.tenant = 'parting'; COMMIT; SELECT pg_sleep(0.02)
SET default_transaction_read_only = on
SET app.${x} = 'parting'
SELECT nextval('left_sq')
DEALLOCATE ALL
SELECT f_hidden('parting')
SELECT f_temp()
