#!/bin/sh
# Makes requirements/*.txt anew: pinned, with hashes, without any index address.
set -eu
cd "$(dirname "$0")/.."
.venv/bin/python -m pip install --quiet pip-tools
for name in build runtime training publishing dev benchmarks; do
    .venv/bin/pip-compile -q --generate-hashes --allow-unsafe --no-emit-index-url --no-emit-trusted-host \
        --no-emit-find-links --strip-extras --no-header --annotation-style=line \
        -o "requirements/$name.txt" "requirements/$name.in"
done
