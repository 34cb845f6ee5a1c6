#!/usr/bin/env bash
# Becomes a hot standby: takes a copy of the primary the first time, and follows it from then on. Arguments go to postgres.
set -euo pipefail
: "${REPLICATION_PASSWORD:?set REPLICATION_PASSWORD in .env, see .env.example}"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
    rm -rf "$PGDATA.copying"
    # Goes into the copy's own settings, mode 0600, with which the standby signs in later.
    PGPASSWORD=$REPLICATION_PASSWORD pg_basebackup --host "${PRIMARY_HOST:-database}" --port "${PRIMARY_PORT:-5432}" \
        --username replicator --no-password --slot replica --wal-method stream --checkpoint fast \
        --write-recovery-conf --pgdata "$PGDATA.copying"
    mv --no-target-directory "$PGDATA.copying" "$PGDATA"
fi
exec postgres -D "$PGDATA" -c hot_standby_feedback=on "$@"
