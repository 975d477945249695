#!/bin/sh
# Make the master secret on the first start when it is to live in a file that does not exist yet, then run the command.
set -eu
file=${KEYOSK_SECRET_KEY_FILE:-}
if [ -n "$file" ] && [ ! -s "$file" ]; then
    umask 077
    python -c 'import secrets; print(secrets.token_hex(32))' >"$file.new"
    mv "$file.new" "$file"
fi
exec "$@"
