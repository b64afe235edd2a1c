#!/bin/sh
# What building and trying the image needs beyond the checkout: installed by apt where it is missing and root runs this,
# else named. Usage: image/tools.sh build|smoke
set -eu
PATH=$PATH:/usr/sbin:/sbin
missing=
need() { # package, and a file or a command of it
    case $2 in
        /*) [ -e "$2" ] ;;
        *) command -v "$2" >/dev/null 2>&1 ;;
    esac || missing="$missing $1"
}
need mmdebstrap mmdebstrap
need squashfs-tools mksquashfs
need mtools mcopy
need dosfstools mkfs.vfat
need e2fsprogs mke2fs
need fdisk sfdisk
need systemd systemd-analyze
if [ "${1:-build}" = smoke ]; then
    need exfatprogs mkfs.exfat
    need ntfs-3g mkntfs
    need qemu-system-x86 qemu-system-x86_64
    need qemu-utils qemu-img
    need ovmf /usr/share/OVMF/OVMF_CODE_4M.fd
fi
[ -n "$missing" ] || exit 0
if [ "$(id -u)" != 0 ]; then
    printf '请先安装 Install first:%s\n' "$missing" >&2
    exit 1
fi
printf '==> 安装系统软件包 installing:%s\n' "$missing" >&2
apt-get update -q >/dev/null
# shellcheck disable=SC2086 -- a list of names
DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300 install -y -q --no-install-recommends $missing >/dev/null
