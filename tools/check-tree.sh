#!/bin/sh
# What a linter does not see: registry addresses, machine paths, lock files with addresses, modules that grew too long.
set -eu
cd "$(dirname "$0")/.."
bad=0
complain() { printf '%s\n' "$1" >&2; bad=1; }
hosts='(py''pi|python''hosted|npm''js|(deb|security)[.]deb''ian)[.](org|com)'
! git grep -nIE "$hosts" -- . >&2 || complain "A package registry is named by host."
! git grep -nIE '"resolved":' -- '*package-lock.json' >&2 || complain "The npm lock file names addresses."
! git grep -nIE '(^|[^A-Za-z0-9_.-])/(home|root)/[a-z.]' -- . ':!tools/check-tree.sh' >&2 || complain "A path of one machine stands in the tree."
git ls-files '*.py' | while read -r file; do
    lines=$(wc -l < "$file")
    [ "$lines" -le 400 ] || printf '%s has %s lines; 400 is the limit.\n' "$file" "$lines"
done | { ! grep . >&2; } || complain "Modules are too long."
exit $bad
