#!/bin/sh
# Install one hashed lock into the project's virtual environment: venv.sh PYTHON VENV LOCK STAMP
# The stamp is a copy of the lock, so that only a changed lock installs again.
# A lock is complete, so nothing is resolved: older pips pass by the pinned version of a package that another one wants with an extra.
# Whatever is wrong with the machine is said in one line.
set -eu
python=$1 venv=$2 lock=$3 stamp=$4

fail() {
    echo "keyosk: $*" >&2
    exit 1
}

# A half-made environment, one of a Python that is gone, or one of a folder that was moved (its scripts name the old path).
is_sound() {
    "$venv/bin/python" -c 'import pip' 2>/dev/null && [ "$(cat "$venv/.place" 2>/dev/null)" = "$(pwd -P)" ]
}

make_environment() {
    command -v "$python" >/dev/null 2>&1 || fail "$python is not there: install Python 3.11 or newer, or name one with make PYTHON=…"
    "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
        fail "$("$python" --version 2>&1) is too old: install Python 3.11 or newer, or name one with make PYTHON=python3.12"
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
        fail "$python has no venv module: install it (Debian and Ubuntu: apt install python3-venv), then try again"
    echo "keyosk: making $venv" >&2
    rm -rf "$venv"
    "$python" -m venv "$venv" || fail "$venv cannot be made here; the lines above say why"
    pwd -P >"$venv/.place"
}

is_sound || make_environment
if cmp -s "$lock" "$stamp"; then
    exit 0
fi
free=$(df -Pk . | awk 'NR == 2 { print $4 }')
[ "$free" -gt 1000000 ] || fail "only $((free / 1024)) MiB are free here, about 1000 are needed to install: make room first"
echo "keyosk: installing $lock (about a minute the first time)" >&2
rm -f "$stamp"
"$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$lock" ||
    fail "installing $lock failed; the lines above say why (is the network reachable?)"
cp "$lock" "$stamp"
