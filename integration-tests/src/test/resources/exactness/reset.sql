-- Puts the data of one client back to what it was.
SET client_min_messages = error;
SET synchronous_commit = remote_apply;
SET lock_timeout = '8s';
SET search_path = ${s};
SET ROLE owner;
-- What a client that has left by RESET has sent may be about to be committed.
LOCK TABLE t, t2, triggered, ruled IN SHARE ROW EXCLUSIVE MODE;
DROP TABLE IF EXISTS made CASCADE;
DROP FUNCTION IF EXISTS made();
DELETE FROM t;
DELETE FROM t2;
DELETE FROM triggered;
DELETE FROM ruled;
INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 5) i;
SELECT setval('sq', 1, false), setval('t2_id_seq', 1, false);
