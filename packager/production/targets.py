"""Whether a target may be written: what it is, what is on it, and who uses it. Nothing is written here.

All targets of a run are judged before the first is touched, and one refusal stops the run: someone stands there and
can put it right, and a list with the system's own disk in it was typed in error.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.production.errors import TargetError
from packager.production.geometry import MIB
from provisioning.disks.gpt import SECTOR

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    from provisioning.disks.machine import Machine

_FAT_ROOM = 64 * MIB


@dataclass(frozen=True, slots=True)
class Target:
    """A target that may be written.

    Attributes:
        path: the device or file. device: whether it is a device.
        size: bytes; 0 for a file that will be made.
        model: of the hardware, empty for a file.
        identity: the hardware's own number, or the file's name: what `--replace` names.
    """

    path: Path
    device: bool
    size: int
    model: str
    identity: str


@dataclass(frozen=True, slots=True)
class Permission:
    """What the one who gives the command allows.

    Attributes:
        replace: identities of disks whose contents may be lost.
        fixed: also disks that are not movable.
    """

    replace: frozenset[str] = frozenset()
    fixed: bool = False


def judge(path: Path, machine: Machine, needed: int, permission: Permission, *, own: bool) -> Target:
    """The target at `path`, if it may be written.

    Args:
        path: a block device of a whole disk, or a plain file (made when absent).
        machine: where it is.
        needed: bytes of the image.
        permission: what is allowed.
        own: whether what is on it is known to be an unfinished run of ours (`mark.read_mark`).

    Raises:
        TargetError: it may not; nothing was changed.
    """
    numbers = machine.numbers(path)
    target = _file(path) if numbers is None else _device(path, numbers, machine, permission)
    if target.size < needed and not (target.size == 0 and not target.device):
        missing = needed - target.size
        raise TargetError("desk.drive.small", f"{path} has {target.size} bytes of {needed}", size=missing)
    if not own and not _named(target, permission.replace) and _holds_something(path):
        item = f"{target.model} {target.identity}".strip() or path.name
        why = f"{path} is not empty; --replace {target.identity}"
        raise TargetError("desk.drive.not_empty", why, item=item, size=target.size)
    return target


def check_identities(targets: Collection[Target], permission: Permission) -> None:
    """Every disk named by `--replace` is there: a number that fits none was meant for another disk.

    Raises:
        TargetError: one is not.
    """
    for identity in permission.replace:
        if not any(_named(target, {identity}) for target in targets):
            raise TargetError("desk.drive.wrong_disk", f"no target has the number {identity}", item=identity)
    if len({os.path.realpath(target.path) for target in targets}) < len(targets):
        raise TargetError("desk.drive.twice", "a target is named twice")


def _file(path: Path) -> Target:
    if path.exists() and not path.is_file():
        raise TargetError("desk.drive.not_disk", f"{path} is neither a disk nor a plain file", item=str(path))
    if not path.exists() and (str(path).startswith("/dev/") or not path.parent.is_dir()):
        raise TargetError("desk.drive.absent", f"{path} is not there", item=str(path))
    return Target(path, device=False, size=path.stat().st_size if path.exists() else 0, model="", identity=path.name)


def _device(path: Path, numbers: str, machine: Machine, permission: Permission) -> Target:
    disk = machine.disk(numbers)
    if disk is None:
        raise TargetError("desk.drive.not_disk", f"{path} is a partition, or unknown", item=str(path))
    if disk.name in machine.used_by_system():
        raise TargetError("desk.drive.system_disk", f"{path} carries the running system")
    if disk.name in machine.used():
        raise TargetError("desk.drive.in_use", f"{path} is mounted, or part of a RAID or volume group")
    if disk.sector != SECTOR:
        raise TargetError("desk.drive.sector", f"{path} has sectors of {disk.sector} bytes", n=disk.sector)
    if not disk.movable and not permission.fixed:
        item = f"{disk.model} {disk.serial}".strip() or disk.name
        raise TargetError("desk.drive.not_removable", f"{path} is built in", item=item, size=disk.size)
    return Target(path, device=True, size=disk.size, model=disk.model, identity=disk.serial)


def _named(target: Target, identities: Collection[str]) -> bool:
    wanted = "".join(target.identity.split()).casefold()
    return bool(wanted) and wanted in {"".join(identity.split()).casefold() for identity in identities}


def _holds_something(path: Path) -> bool:
    """Whether there is a byte that is not zero where tables and file systems begin or end."""
    if not path.exists():
        return False
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        end = os.lseek(handle, 0, os.SEEK_END)
        places = (0, MIB, _FAT_ROOM, max(0, end - MIB))
        return any(block.count(0) != len(block) for block in (os.pread(handle, MIB, at) for at in places))
    finally:
        os.close(handle)
