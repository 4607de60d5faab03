SELECT 'pid', pg_backend_pid()::text
UNION ALL SELECT 'setting ' || name, setting FROM pg_settings WHERE source NOT IN ('default', 'configuration file', 'override', 'environment variable', 'command line')
UNION ALL SELECT 'custom ' || name, current_setting(name, true)
FROM unnest(ARRAY['app.tenant', 'app.one', 'app.two', 'app.three', 'app.x', 'app.hidden', 'app.triggered', 'app.ruled']) AS name WHERE current_setting(name, true) IS NOT NULL
UNION ALL SELECT 'statement prepared by SQL', name FROM pg_prepared_statements WHERE from_sql
UNION ALL SELECT 'statement of the protocol', name FROM pg_prepared_statements WHERE NOT from_sql
UNION ALL SELECT 'listens', pg_listening_channels()
UNION ALL SELECT 'cursor', name FROM pg_cursors WHERE name <> ''
UNION ALL SELECT 'advisory lock', objid::text FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()
UNION ALL SELECT 'temporary relation', relname FROM pg_class WHERE relnamespace = pg_my_temp_schema()
UNION ALL SELECT 'temporary function', proname FROM pg_proc WHERE pronamespace = pg_my_temp_schema()
UNION ALL SELECT 'role', current_user::text WHERE current_user <> session_user
UNION ALL SELECT 'slot', slot_name FROM pg_replication_slots WHERE temporary AND active_pid = pg_backend_pid()
