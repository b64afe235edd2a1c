#!/bin/sh
# After a red run of the whole suite: the few tests that failed, each once more and with nothing beside it. A test that
# is red for the sake of the code is red again; one that could not hold on a busy machine passes, and is named.
set -eu
cd "$(dirname "$0")/.."
MOST=5
python=.venv/bin/python
failed=.pytest_cache/v/cache/lastfailed
[ -s "$failed" ] || exit 1
count=$($python -c 'import json, sys; print(len(json.load(open(sys.argv[1]))))' "$failed")
[ "$count" -gt 0 ] && [ "$count" -le "$MOST" ] || { echo "$count tests failed: not tried again."; exit 1; }
echo "Tried once more, one after the other:"
$python -c 'import json, sys; print("\n".join(json.load(open(sys.argv[1]))))' "$failed"
$python -m pytest -n 0 --last-failed --last-failed-no-failures none
