#!/bin/sh
# One boot for every change: box file, drive, page, search, verified bytes. Only when what the image is made of differs
# from what image/smoke/booted.json says was booted last. Without network or tools it says so loudly and passes: what
# cannot be had here is no fault of the change. At most 19 minutes.
set -eu
cd "$(dirname "$0")/../.."
python=.venv/bin/python
began=$(date +%s)
limit=1140
left() { echo $((limit - $(date +%s) + began)); }
loudly() {
    printf '\n%s\n' '############################################################' >&2
    printf '# 映像没有试启动 THE IMAGE WAS NOT BOOTED: %s\n' "$*" >&2
    printf '# make image && make image-smoke 在有网络的机器上补做 do it where there is a network\n' >&2
    printf '%s\n\n' '############################################################' >&2
    exit 0
}
reachable() { # whether packages could be fetched at all: then a build that failed is the change's own fault
    timeout 60 apt-get update -q -o Acquire::Retries=1 -o APT::Update::Error-Mode=any >/dev/null 2>&1
}

if "$python" -m image.smoke.inputs; then
    printf '映像的来源没有变，不用再启动。 What the image is made of is as it was at its last boot.\n' >&2
    exit 0
fi
[ "$(id -u)" = 0 ] || loudly "root is needed to build one"
timeout 300 image/tools.sh smoke || loudly "tools are missing"
status=0
timeout "$(left)" make --no-print-directory image || status=$?
[ "$status" = 124 ] && loudly "building it took too long here"
if [ "$status" != 0 ]; then
    reachable || loudly "packages cannot be fetched"
    printf '映像没有做成。 The image was not built.\n' >&2
    exit 1
fi
status=0
timeout "$(left)" "$python" -m image.smoke --one || status=$?
case $status in
    0) exit 0 ;;
    3) loudly "the smoke run had no image, or tools are missing" ;;
    124) loudly "there was no time left for the boot (limit $limit s)" ;;
    *) exit 1 ;;
esac
