#!/usr/bin/env bash
# Loads two files, asks for the SLA, mends a rejected row and exports the visits: with curl, and python3 to read JSON.
# LOGISTICS_URL, LOGISTICS_USERNAME and LOGISTICS_PASSWORD say where and as whom:
#
#     examples/with_curl.sh customers.csv services.csv export.csv
set -euo pipefail

of() { python3 -c 'import json, sys; found = json.load(sys.stdin)
for key in sys.argv[1:]: found = found[int(key) if key.isdigit() else key]
print(found)' "$@"; }

ask() {
    local path=$1
    shift
    # The token comes by a file of options that only curl reads: arguments can be seen by everyone on the machine.
    curl --silent --show-error --fail-with-body --config <(printf 'header = "Authorization: Bearer %s"\n' "$token") \
        "$@" "$LOGISTICS_URL$path"
}

finished() {
    local load=$1 status
    while status=$(ask "/v1/loads/$load" | of status) && [[ $status == received || $status == loading ]]; do
        sleep 1
    done
    [[ $status == completed ]] || { echo "load $load: $status" >&2; return 1; }
}

# The file is the body itself here; --form file=@customers.csv sends it as a browser does.
load_file() { ask "/v1/$1/batch" --header 'Content-Type: text/csv' --data-binary "@$2" | of load id; }

token=$(curl --silent --show-error --fail-with-body "$LOGISTICS_URL/v1/auth/login" \
    --data-urlencode grant_type=password \
    --data-urlencode username@<(printf %s "$LOGISTICS_USERNAME") \
    --data-urlencode password@<(printf %s "$LOGISTICS_PASSWORD") | of access_token)

customers=$(load_file customers "$1")
finished "$customers"
services=$(load_file services "$2")
finished "$services"
sla=$(ask /v1/indicators/sla/polo)
line=$(ask "/v1/loads/$services/rejects?reason=unknown_customer&limit=1" | of rejects 0 line)
customer=$(ask '/v1/customers?limit=1' | of clientes 0 id)
mend=$(ask "/v1/loads/$services/mend" --json "{\"edits\": {\"$line\": {\"id_cliente\": $customer}}}" | of load id)
finished "$mend"
ask '/v1/services?format=csv' --output "$3"
mended=$(ask "/v1/loads/$mend" | of rows_inserted)
python3 -c 'import json, sys
rows = json.loads(sys.argv[1])["sla_polo"]
print(json.dumps({"sla": {row["polo"]: row["sla"] for row in rows}, "mended": int(sys.argv[2])}, ensure_ascii=False))
' "$sla" "$mended"
