"""The root tree made ready: our files, accounts, units, the initial RAM disk; then what varies is removed."""

from __future__ import annotations

import json
import os
import shutil
import stat
from pathlib import Path

from image.builder.commands import run_inside
from image.builder.packages import wanted
from image.builder.plan import IMAGE, USER, USER_ID, Plan
from image.builder.wheels import PLACE

OVERLAY = IMAGE / "overlay"
OPTIONS = (
    "rootfstype=squashfs ro console=tty0 quiet loglevel=3 vt.global_cursor_default=0 panic=10 "
    "usbcore.authorized_default=2 systemd.gpt_auto=no systemd.import_credentials=no"
)
"""What the kernel is told, beside which slot is its root."""
PRIVATE = ("etc/usbguard/rules.conf", "etc/usbguard/usbguard-daemon.conf")
_USBGUARD = {
    "ImplicitPolicyTarget": "block",
    "PresentDevicePolicy": "apply-policy",
    "InsertedDevicePolicy": "apply-policy",
    "AuthorizedDefault": "none",
    "IPCAllowedUsers": "root",
    "IPCAllowedGroups": "",
    "AuditFilePath": "/var/log/usbguard/usbguard-audit.log",
}


def identity(plan: Plan) -> dict[str, object]:
    """Which system this is."""
    return {"schema": 1, "version": plan.version, "made": plan.made, "source": plan.source}


def lay_overlay(plan: Plan) -> None:
    """Copy our files over the packages' own, with plain owners and modes."""
    for source in sorted(OVERLAY.rglob("*")):
        target = plan.tree / source.relative_to(OVERLAY)
        if source.is_dir():
            target.mkdir(mode=0o755, exist_ok=True)
            continue
        target.unlink(missing_ok=True)
        shutil.copyfile(source, target)
        target.chmod(0o755 if os.access(source, os.X_OK) else 0o644)
    helper = plan.tree / "usr/lib/shuxiang/python/image"
    shutil.copytree(IMAGE / "drive", helper / "drive", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copyfile(IMAGE / "__init__.py", helper / "__init__.py")
    share = plan.tree / "usr/share/shuxiang"
    (share / "system.json").write_text(json.dumps(identity(plan)) + "\n")
    (share / "options").write_text(OPTIONS + "\n")
    settings = share / "settings.toml"
    settings.write_text(settings.read_text() + f"image_date = {plan.made}\n")
    # The clock never starts before the system was made.
    epoch = plan.tree / "usr/lib/clock-epoch"
    epoch.touch()
    os.utime(epoch, (plan.epoch, plan.epoch))


def settle(plan: Plan) -> None:
    """Accounts, units, links, byte code, the initial RAM disk."""
    tree = plan.tree
    _configure_usbguard(tree / "etc/usbguard/usbguard-daemon.conf")
    for name in PRIVATE:
        (tree / name).chmod(0o600)
    run_inside(plan, ("groupadd", "--system", "--gid", str(USER_ID), USER))
    account = ("--home-dir", "/nonexistent", "--no-create-home", "--shell", "/usr/sbin/nologin")
    run_inside(plan, ("useradd", "--system", "--uid", str(USER_ID), "--gid", USER, *account, USER))
    run_inside(plan, ("usermod", "--lock", "--shell", "/usr/sbin/nologin", "root"))
    masked = tree / "etc/systemd/system"
    run_inside(plan, ("systemctl", "--quiet", "preset-all"))
    for unit in wanted((IMAGE / "masked.txt").read_text()):
        (masked / unit).unlink(missing_ok=True)
        (masked / unit).symlink_to("/dev/null")
    for link, target in {
        "etc/resolv.conf": "/run/systemd/resolve/resolv.conf",
        "etc/localtime": "/usr/share/zoneinfo/Asia/Shanghai",
        "etc/mtab": "../proc/self/mounts",
        # It would make room for keys of root, handed in as credentials.
        "etc/tmpfiles.d/provision.conf": "/dev/null",
    }.items():
        (tree / link).unlink(missing_ok=True)
        (tree / link).symlink_to(target)
    (tree / "etc/timezone").write_text("Asia/Shanghai\n")
    (tree / "efi").mkdir(exist_ok=True)
    compiling = ("-m", "compileall", "-q", "-j", "2", "--invalidation-mode", "unchecked-hash")
    run_inside(plan, (f"/{PLACE}/bin/python", *compiling, f"/{PLACE}/lib", "/usr/lib/shuxiang/python"))
    run_inside(plan, ("nft", "--check", "--file", "/etc/nftables.conf"))
    run_inside(plan, ("update-initramfs", "-u", "-k", "all"))


def _configure_usbguard(path: Path) -> None:
    lines = [line for line in path.read_text().splitlines() if line.split("=")[0].strip() not in _USBGUARD]
    path.write_text("\n".join([*lines, *(f"{key}={value}" for key, value in _USBGUARD.items())]) + "\n")


def clean(plan: Plan) -> None:
    """Remove what differs between two builds, and what a box does not need."""
    tree = plan.tree
    for name in (
        "etc/machine-id", "etc/apt", "etc/.pwd.lock", "etc/passwd-", "etc/shadow-", "etc/group-", "etc/gshadow-",
        "etc/subuid-", "etc/subgid-", "etc/ssh", "usr/share/doc-base", "usr/share/lintian", "usr/share/bug",
        "etc/udev/hwdb.bin", "boot/System.map",
    ):  # fmt: skip
        _remove(tree / name)
    (tree / "etc/machine-id").touch(mode=0o444)
    for folder in ("var", "run", "tmp", "proc", "sys", "dev", "root", "home"):
        for entry in (tree / folder).iterdir():
            _remove(entry)
    for path in tree.rglob("*"):
        mode = path.lstat().st_mode
        if stat.S_ISREG(mode) and mode & (stat.S_ISUID | stat.S_ISGID):
            path.chmod(stat.S_IMODE(mode) & 0o777)  # nobody signs in, so nobody has to become another


def _remove(path: Path) -> None:
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)


def kernel(plan: Plan) -> tuple[Path, Path]:
    """The kernel and its initial RAM disk."""
    boot = plan.tree / "boot"
    image = next(path for path in sorted(boot.glob("vmlinuz-*")) if stat.S_ISREG(path.lstat().st_mode))
    return image, boot / image.name.replace("vmlinuz-", "initrd.img-")
