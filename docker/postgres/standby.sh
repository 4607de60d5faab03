#!/bin/bash
# Makes a standby of $PRIMARY the first time, and runs it.
set -euo pipefail
if [[ ! -s $PGDATA/PG_VERSION ]]; then
  mkdir -p "$PGDATA"
  chown -R postgres "$PGDATA"
  chmod 0700 "$PGDATA"
  until PGPASSWORD=replicator gosu postgres pg_basebackup --pgdata="$PGDATA" --write-recovery-conf --checkpoint=fast \
    --dbname="host=$PRIMARY user=replicator application_name=$NAME"; do
    sleep 1
  done
fi
exec gosu postgres postgres -c hot_standby_feedback=on -c wal_keep_size=256MB -c hba_file=/etc/pgdrover/pg_hba.conf
