-- Puts the table of the migrations back to what it was.
SET client_min_messages = error;
SET synchronous_commit = remote_apply;
SET lock_timeout = '8s';
SET search_path = ${s};
SET ROLE owner;
DROP TABLE IF EXISTS migrated;
CREATE TABLE migrated (id int, price int, qty int);
INSERT INTO migrated VALUES (1, 10, 100), (2, 20, 200);
GRANT SELECT ON migrated TO other;
