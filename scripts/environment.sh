# shellcheck shell=bash
# Sourced by serve, check and test: prepare_environment [dev] makes or refreshes the virtual environment and sets VENV.
# The environment is .venv in the checkout; in the user's cache where the checkout may not be written.

ROOT=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.." && pwd -P)

fail() {
    echo "${0##*/}: $*" >&2
    exit 1
}

# The first Python that is new enough; PYTHON names another.
find_python() {
    local candidate
    for candidate in ${PYTHON:+"$PYTHON"} python3 python3.14 python3.13 python3.12 python3.11; do
        if command -v "$candidate" >/dev/null &&
            "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
            echo "$candidate"
            return
        fi
    done
    fail "This needs Python 3.11 or later as python3 (or named in PYTHON), and found none." \
        "On Debian or Ubuntu: apt install python3 python3-venv"
}

venv_folder() {
    if [ -n "${LOGISTICS_VENV:-}" ]; then
        echo "$LOGISTICS_VENV"
    elif [ -w "$ROOT" ] && { [ ! -e "$ROOT/.venv" ] || [ -w "$ROOT/.venv" ]; }; then
        echo "$ROOT/.venv"
    else
        echo "${XDG_CACHE_HOME:-$HOME/.cache}/logistics-indicators/venv-$(printf %s "$ROOT" | cksum | cut -d' ' -f1)"
    fi
}

# What an environment depends on; where this text changes, it is installed again.
wanted_state() {
    printf '%s\n%s\n' "$ROOT" "$VENV"
    "$1" -c 'import sys; print(sys.version)'
    cat "$ROOT/pyproject.toml" "$ROOT"/requirements*.lock
}

is_ready() {
    [ -x "$VENV/bin/python" ] && [ -f "$VENV/.installed-$1" ] &&
        "$VENV/bin/python" -c '' 2>/dev/null &&
        [ "$(wanted_state "$VENV/bin/python")" = "$(cat "$VENV/.installed-$1")" ]
}

# For whoever waits; the rest of the output goes into the log.
tell() {
    printf '  %3d s  %s\n' "$SECONDS" "$*" >&3
}

# What the lock files name and nothing else, each file by its hash: first what installs and builds (uv among it), then
# the packages, then this one. By the machine's uv, or by that one: either takes seconds where pip takes half a minute;
# by pip where no uv can run.
install_packages() {
    local lock=$1 python=$VENV/bin/python build=$ROOT/requirements-build.lock
    local pip=("$python" -m pip install --disable-pip-version-check) install
    tell "the tools that install and build"
    install=(uv pip install --python "$python" ${PIP_INDEX_URL:+--index-url "$PIP_INDEX_URL"})
    if ! { command -v uv && "${install[@]}" --require-hashes --requirement "$build"; }; then
        "${pip[@]}" --no-compile --require-hashes --requirement "$build" || return
        install=("$python" -m "${install[@]}")
    fi
    tell "$(grep -c '^[[:alnum:]].*==' "$lock") packages"
    if ! "${install[@]}" --require-hashes --requirement "$lock"; then
        tell "uv could not install them; pip takes longer"
        install=("${pip[@]}")
        "${install[@]}" --require-hashes --requirement "$lock" || return
    fi
    tell "the service itself"
    "${install[@]}" --no-deps --no-build-isolation --editable "$ROOT"
}

install_environment() {
    local python lock=$ROOT/requirements.lock log=$VENV.log
    python=$(find_python) || exit 1
    SECONDS=0
    echo "Installing into $VENV, once: one or two minutes, less where the machine has uv." >&2
    if ! "$VENV/bin/python" -m pip --version >/dev/null 2>&1; then
        rm -rf "$VENV"
        "$python" -m venv "$VENV" >&2 ||
            fail "python -m venv failed. On Debian or Ubuntu: apt install python3-venv"
    fi
    rm -f "$VENV"/.installed-*
    if [ "$1" = dev ]; then
        lock=$ROOT/requirements-dev.lock
    fi
    if ! install_packages "$lock" 3>&2 >"$log" 2>&1; then
        tail -n 20 "$log" >&2
        fail "The packages could not be installed; the whole output is in $log"
    fi
    rm -f "$log"
    echo "Installed in $SECONDS s." >&2
    wanted_state "$VENV/bin/python" >"$VENV/.installed-base"
    if [ "$1" = dev ]; then
        cp "$VENV/.installed-base" "$VENV/.installed-dev"
    fi
}

prepare_environment() {
    local group=${1:-base}
    VENV=$(venv_folder)
    if is_ready "$group"; then
        return
    fi
    mkdir -p "$(dirname "$VENV")"
    if command -v flock >/dev/null; then # two first starts at once take turns
        exec 9>"$VENV.lock"
        flock 9
    fi
    is_ready "$group" || install_environment "$group"
    exec 9>&-
}
