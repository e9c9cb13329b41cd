#!/bin/sh
# Each file of /run/secrets is a variable of its name; then the command, in place of this shell, so that it gets signals.
set -eu
for file in /run/secrets/[A-Z]*; do
    [ -f "$file" ] || continue
    value=$(cat "$file")
    export "${file##*/}=$value"
done
exec "$@"
