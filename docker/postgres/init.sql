CREATE ROLE replicator REPLICATION LOGIN PASSWORD 'replicator';
CREATE ROLE pgdrover LOGIN PASSWORD 'pgdrover';
GRANT pg_monitor TO pgdrover;
GRANT EXECUTE ON FUNCTION pg_promote(boolean, integer), pg_reload_conf() TO pgdrover;
GRANT ALTER SYSTEM ON PARAMETER primary_conninfo TO pgdrover;
CREATE ROLE app LOGIN PASSWORD 'app';
CREATE DATABASE app OWNER app;
