"""What this machine says of its disks: /sys and /proc, only read. Their roots are passed in; tests bring their own."""

from __future__ import annotations

import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

SYSTEM_FOLDERS = frozenset(
    {"/", "/boot", "/boot/efi", "/efi", "/etc", "/home", "/opt", "/root", "/srv", "/usr", "/var"}
)
"""What is mounted here makes its disk the system's own."""
_OCTAL = re.compile(r"\\([0-7]{3})")
_SECTOR = 512
_VPD_HEADER = 4


@dataclass(frozen=True, slots=True)
class Disk:
    """A whole disk as the kernel knows it.

    Attributes:
        name: the kernel's: sdb. size: bytes. sector: bytes of a logical sector.
        movable: on USB, or the kernel calls it removable.
        read_only: a switch, a lock or the kernel forbids writing.
        model, serial: of the hardware; `serial` is the kernel's name when there is no hardware (loop0).
        partitions: how many the kernel sees.
    """

    name: str
    size: int
    sector: int
    movable: bool
    model: str
    serial: str
    partitions: int
    read_only: bool = False


class Machine:
    """The disks of a machine and what they are used for."""

    def __init__(self, sys: Path = Path("/sys"), proc: Path = Path("/proc")) -> None:
        """Take the roots of the two trees."""
        self._sys, self._proc = sys, proc

    def numbers(self, path: Path) -> str | None:
        """`major:minor` of a block device, None for anything else."""
        try:
            facts = path.stat()
        except OSError:
            return None
        return f"{os.major(facts.st_rdev)}:{os.minor(facts.st_rdev)}" if stat.S_ISBLK(facts.st_mode) else None

    def disk(self, numbers: str) -> Disk | None:
        """The whole disk with these numbers; None for a partition, or for what the kernel does not know."""
        place = self._place(numbers)
        if place is None or (place / "partition").exists():
            return None
        serial = self._serial(place)
        return Disk(
            name=place.name,
            size=_number(place / "size") * _SECTOR,
            sector=_number(place / "queue/logical_block_size") or _SECTOR,
            movable=_number(place / "removable") == 1 or any(re.match(r"usb\d", part) for part in place.parts),
            model=" ".join(f"{_text(place / 'device/vendor')} {_text(place / 'device/model')}".split()),
            serial=serial,
            partitions=sum(1 for _ in place.glob("*/partition")),
            read_only=_number(place / "ro") == 1,
        )

    def used_by_system(self) -> set[str]:
        """Names of whole disks that carry the running system or its swap space."""
        used: set[str] = set()
        for numbers, folder in self._mounts():
            if folder in SYSTEM_FOLDERS:
                used |= self._whole(numbers)
        for line in _text(self._proc / "swaps").splitlines()[1:]:
            numbers_of_swap = self.numbers(Path(_unescape(line.split()[0]))) if line.split() else None
            used |= self._whole(numbers_of_swap) if numbers_of_swap else set()
        return used

    def used(self) -> set[str]:
        """Names of whole disks of which anything is mounted, or claimed by RAID, LVM or encryption."""
        used = self.used_by_system()
        for numbers, _ in self._mounts():
            used |= self._whole(numbers)
        for place in (self._sys / "block").glob("*"):
            held = [*place.glob("holders/*"), *place.glob("*/holders/*")]
            used |= {place.name} if held else set()
        return used

    def _place(self, numbers: str) -> Path | None:
        link = self._sys / "dev/block" / numbers
        return link.resolve() if link.exists() else None

    def _whole(self, numbers: str) -> set[str]:
        """The whole disks below a partition, a RAID, a mapped device."""
        place = self._place(numbers)
        if place is None:
            return set()
        if (place / "partition").exists():
            place = place.parent
        below = list((place / "slaves").glob("*"))
        if not below:
            return {place.name}
        return {name for slave in below for name in self._whole(_text(slave / "dev").strip())}

    def _mounts(self) -> Iterator[tuple[str, str]]:
        """(major:minor, folder) of everything mounted; where the kernel gives no device, the source's own."""
        for line in _text(self._proc / "self/mountinfo").splitlines():
            parts = line.split(" ")
            if "-" not in parts[6:]:
                continue
            source = parts[parts.index("-", 6) + 2]
            numbers = parts[2]
            if numbers.startswith("0:"):  # btrfs, overlay: the number is none of a disk
                numbers = self.numbers(Path(_unescape(source))) or numbers
            yield numbers, _unescape(parts[4])

    def _serial(self, place: Path) -> str:
        """The hardware's own number: of the disk, else of the USB bridge, else the world wide name."""
        for name in ("device/serial", "serial"):
            if found := _text(place / name).strip():
                return found
        page = _bytes(place / "device/vpd_pg80")[_VPD_HEADER:].decode("ascii", "replace").strip("\0 \n")
        if page:
            return page
        for folder in place.parents:
            if (folder / "idVendor").exists():
                return _text(folder / "serial").strip()
        return _text(place / "device/wwid").strip() or ("" if (place / "device").exists() else place.name)


def _text(path: Path) -> str:
    return _bytes(path).decode("utf-8", "replace")


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _number(path: Path) -> int:
    text = _text(path).strip()
    return int(text) if text.isdigit() else 0


def _unescape(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)
