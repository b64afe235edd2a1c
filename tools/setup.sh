#!/bin/sh
# Makes this checkout ready: a virtual environment with the locked wheels, the package itself with its browser code,
# and, for tests, Chromium; for benchmarks the search engines that ours is measured against.
# Does nothing when nothing changed. Usage: tools/setup.sh run|check|test|bench
set -eu
cd "$(dirname "$0")/.."
purpose=${1:-run}
say() { printf '%s\n' "$*" >&2; }

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null 2>&1; then sudo "$@"; else
        say "需要管理员身份才能安装：$*"; say "Root is needed to install: $*"; exit 1
    fi
}
apt() {
    say "==> 安装系统软件包 installing: $*"
    [ -n "${apt_updated:-}" ] || { as_root apt-get update -q >/dev/null; apt_updated=1; }
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@" >/dev/null
}

python=
for candidate in python3.11 python3; do
    if command -v "$candidate" >/dev/null 2>&1 && "$candidate" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
        python=$candidate; break
    fi
done
[ -n "$python" ] || { say "需要 Python 3.11。 Python 3.11 is needed."; exit 1; }
"$python" -c 'import ensurepip, venv' 2>/dev/null || apt python3-venv

ready() { [ -f ".venv/ready-$1" ] && [ "$(cat ".venv/ready-$1")" = "$2" ]; }
digest() { cat "$@" | sha256sum | cut -d' ' -f1; }

if [ ! -x .venv/bin/python ]; then
    say "==> 建立虚拟环境 making the virtual environment"
    rm -rf .venv
    "$python" -m venv .venv
fi
wheels() { # name, requirement files…
    name=$1; shift
    sum=$(digest "$@")
    ready "$name" "$sum" && return 0
    for file in "$@"; do
        say "==> 安装 installing $file ($(grep -c '==' "$file") packages)"
        .venv/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r "$file"
    done
    printf '%s' "$sum" > ".venv/ready-$name"
}
wheels base requirements/build.txt requirements/runtime.txt requirements/training.txt requirements/publishing.txt
case $purpose in check | test | bench) wheels dev requirements/dev.txt ;; esac
if [ "$purpose" = bench ]; then
    wheels benchmarks requirements/benchmarks.txt
    /usr/bin/python3 -c 'import xapian' 2>/dev/null || apt python3-xapian
fi

sum=$(digest pyproject.toml appliance/web/frontend/*.json appliance/web/frontend/*.py appliance/web/frontend/*.js packager/training/fonts.py)
if ! ready package "$sum" || [ ! -d appliance/web/static/vendor ]; then
    say "==> 安装书箱，准备浏览器端代码 installing the package and building its browser code (about a minute)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
    printf '%s' "$sum" > .venv/ready-package
fi

if [ "$purpose" = test ] || [ "$purpose" = bench ]; then
    [ -x /usr/bin/chromium ] || apt chromium
    # The oldest browser that is supported; its libraries are those of the newest.
    [ -d tests/browser/chromium109/node_modules/.unpacked ] || say "==> 取来旧版浏览器 fetching Chromium 109 (53 MB)"
    .venv/bin/python -m tests.browser.chromium109
    command -v mke2fs >/dev/null 2>&1 || [ -x /usr/sbin/mke2fs ] || apt e2fsprogs
    command -v mformat >/dev/null 2>&1 || apt mtools
fi
