#!/bin/sh
# Writes who may connect and to what, and becomes pgbouncer. Nothing is written but in RUN_DIR, which may be in memory.
set -eu
: "${POSTGRES_PASSWORD:?set POSTGRES_PASSWORD}"
here=$(dirname "$0")
run=${RUN_DIR:-/tmp}
umask 077
quoted() { printf %s "$1" | sed 's/"/""/g'; }
printf '"%s" "%s"\n' "$(quoted "${POSTGRES_USER:-logistics}")" "$(quoted "$POSTGRES_PASSWORD")" >"$run/users.txt"
{
    printf '[databases]\n* = host=%s port=%s\n' "${DATABASE_HOST:-database}" "${DATABASE_PORT:-5432}"
    cat "$here/pgbouncer.ini"
    printf 'auth_file = %s/users.txt\nlisten_port = %s\n' "$run" "${LISTEN_PORT:-5432}"
} >"$run/pgbouncer.ini"
exec pgbouncer "$run/pgbouncer.ini"
