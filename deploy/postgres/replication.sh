#!/usr/bin/env bash
# Lets a replica follow this server: a role that may do nothing else, a line in pg_hba.conf, and a slot that keeps what
# the replica has not had. Run by the image when it makes its data; for data that is there already, by hand:
#   docker compose exec database bash /docker-entrypoint-initdb.d/replication.sh
# As often as wanted; without REPLICATION_PASSWORD it does nothing.
set -euo pipefail
if [ -z "${REPLICATION_PASSWORD:-}" ]; then
    exit 0
fi
psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" \
    --set password="$REPLICATION_PASSWORD" >/dev/null <<'SQL'
SELECT 'CREATE ROLE replicator REPLICATION LOGIN'
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'replicator') \gexec
SET log_statement = 'none';
ALTER ROLE replicator PASSWORD :'password';
SELECT pg_create_physical_replication_slot('replica')
WHERE NOT EXISTS (SELECT FROM pg_replication_slots WHERE slot_name = 'replica');
SQL
line="host replication replicator all scram-sha-256"
grep --quiet --line-regexp --fixed-strings "$line" "$PGDATA/pg_hba.conf" || echo "$line" >>"$PGDATA/pg_hba.conf"
psql --no-psqlrc --quiet --username "$POSTGRES_USER" --dbname "$POSTGRES_DB" --command "SELECT pg_reload_conf()" >/dev/null
