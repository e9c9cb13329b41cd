#!/bin/sh
# install-extras EXTRA...: what these extras need, in the versions and with the hashes of the lock, into /opt/venv.
set -eu
for extra in "$@"; do
    set -- "$@" --extra "$extra"
    shift
done
uv=/opt/uv/bin/uv
$uv pip compile --quiet --python /opt/venv/bin/python "$@" -c requirements.lock \
    --no-annotate --no-header --no-emit-index-url pyproject.toml -o needed.txt
$uv pip sync --python /opt/venv/bin/python --require-hashes --compile-bytecode -c requirements.lock needed.txt
