"""Whether a disk may become a box: what it is, who uses it, and whether the one at the desk means this very disk.

Nothing is written here. Unlike a drive for readers (`packager.production.targets`) the disk of a box may hold
anything and is often built in; so what protects the others is its number, typed, and never a yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioning.disks.gpt import SECTOR
from provisioning.flash.errors import FlashError

if TYPE_CHECKING:
    from pathlib import Path

    from provisioning.disks.machine import Machine


@dataclass(frozen=True, slots=True)
class Target:
    """A disk that may be written, once its number is confirmed.

    Attributes:
        path: the device, or a plain file.
        device: whether it is a device.
        size: bytes; 0 for a file that will be made.
        model: of the hardware, empty for a file.
        number: what confirms it: the hardware's serial number; its size in bytes where it has none; a file's name.
    """

    path: Path
    device: bool
    size: int
    model: str
    number: str


def judge(path: Path, machine: Machine, needed: int, *, fixed: bool = False) -> Target:
    """The target at `path`, if it may be written.

    Args:
        path: a block device of a whole disk, or a plain file (made when absent).
        machine: where it is.
        needed: bytes of the image.
        fixed: also a disk that is built in.

    Raises:
        FlashError: it may not; nothing was changed.
    """
    numbers = machine.numbers(path)
    target = _file(path) if numbers is None else _device(path, numbers, machine, fixed=fixed)
    if target.size < needed and (target.device or target.size):
        reason = f"{path} has {target.size} bytes of {needed}"
        raise FlashError("desk.drive.small", reason, size=needed - target.size)
    return target


def confirm(target: Target, typed: str) -> None:
    """Hold what was typed against the disk's number; blanks and case do not matter.

    Raises:
        FlashError: it is another.
    """
    if _plain(typed) != _plain(target.number):
        raise FlashError("desk.drive.wrong_disk", f"{target.path} has the number {target.number}", item=typed or "—")


def _file(path: Path) -> Target:
    if path.exists() and not path.is_file():
        raise FlashError("desk.drive.not_disk", f"{path} is neither a disk nor a plain file", item=str(path))
    if not path.exists() and (str(path).startswith("/dev/") or not path.parent.is_dir()):
        raise FlashError("desk.drive.absent", f"{path} is not there", item=str(path))
    return Target(path, device=False, size=path.stat().st_size if path.exists() else 0, model="", number=path.name)


def _device(path: Path, numbers: str, machine: Machine, *, fixed: bool) -> Target:
    disk = machine.disk(numbers)
    if disk is None:
        raise FlashError("desk.drive.not_disk", f"{path} is a partition, or unknown", item=str(path))
    if disk.name in machine.used_by_system():
        raise FlashError("desk.drive.system_disk", f"{path} carries the running system or its swap space")
    if disk.name in machine.used():
        raise FlashError("desk.drive.in_use", f"{path} is mounted, or part of a RAID or volume group")
    if disk.read_only:
        raise FlashError("desk.flash.read_only", f"{path} is read-only")
    if disk.sector != SECTOR:
        raise FlashError("desk.drive.sector", f"{path} has sectors of {disk.sector} bytes", n=disk.sector)
    if not disk.movable and not fixed:
        item = f"{disk.model} {disk.serial}".strip() or disk.name
        raise FlashError("desk.drive.not_removable", f"{path} is built in", item=item, size=disk.size)
    return Target(path, device=True, size=disk.size, model=disk.model, number=disk.serial or str(disk.size))


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()
