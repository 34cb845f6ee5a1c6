# shellcheck shell=bash
# Sourced by check and test: step NAME COMMAND... runs a command, notes how it ended and how long it took;
# summarise prints the notes and ends the script.

results=()
failed=0

# A command that had nothing to go by sets `unchecked` to the reason: then it is not ok, and not failed either.
step() {
    local name=$1 began=$SECONDS
    unchecked=
    shift
    printf '\n== %s\n' "$name"
    if ! "$@"; then
        results+=("FAILED  $name ($((SECONDS - began)) s)")
        failed=1
    elif [ -n "$unchecked" ]; then
        results+=("skipped $name: $unchecked")
    else
        results+=("ok      $name ($((SECONDS - began)) s)")
    fi
}

summarise() {
    printf '\n== Summary of %s\n' "${0##*/}"
    printf '%s\n' "${results[@]}"
    exit "$failed"
}
