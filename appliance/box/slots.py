"""The two slots of the disk that this system was started from: which one runs, which one may be written."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import SystemInstallError

NAMES = ("a", "b")
LINKS = Path("/dev/shuxiang")
"""`root-a` and `root-b`: only those of the disk that the running system came from have links here, never a stick's."""
BY_GUID = Path("/dev/disk/by-partuuid")


@dataclass(frozen=True, slots=True)
class Slots:
    """The running slot and the other one.

    Attributes:
        running: GUID of the running slot's partition. other: of the other's.
        device: block device (or file) of the other slot.
    """

    running: str
    other: str
    device: Path


def find_slots(
    *,
    top: Path = Path("/"),
    links: Path = LINKS,
    by_guid: Path = BY_GUID,
    number: Callable[[Path], int] | None = None,
) -> Slots:
    """The slots of this machine.

    Args:
        top: where the running system is mounted.
        links: folder of the links to the slots.
        by_guid: links to partitions by their GUID.
        number: the number of a block device behind a path; of `top`, of the device that is mounted there.

    Raises:
        SystemInstallError: the running system is in neither slot, or a partition has no GUID.
    """
    of = number or _number
    devices = {name: links / f"root-{name}" for name in NAMES}
    try:
        here = of(top) if number is not None else top.stat().st_dev
        numbers = {name: of(path) for name, path in devices.items()}
    except OSError as error:
        raise SystemInstallError("refused", f"a slot cannot be found: {error}") from error
    running = next((name for name in NAMES if numbers[name] == here), None)
    if running is None or len(set(numbers.values())) != len(NAMES):
        raise SystemInstallError("refused", "the running system is in none of the two slots")
    other = next(name for name in NAMES if name != running)
    guids = {name: _guid(by_guid, numbers[name], of) for name in NAMES}
    return Slots(guids[running], guids[other], devices[other])


def _guid(folder: Path, wanted: int, of: Callable[[Path], int]) -> str:
    for path in _entries(folder):
        try:
            if of(path) == wanted:
                return path.name
        except OSError:
            continue
    raise SystemInstallError("refused", "the partition of a slot has no GUID")


def _entries(folder: Path) -> Iterable[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return ()


def _number(path: Path) -> int:
    """The number of the block device at a path.

    Raises:
        OSError: there is none.
    """
    facts = path.stat()
    if not stat.S_ISBLK(facts.st_mode):
        raise NotADirectoryError(f"{path.name} is no block device")
    return facts.st_rdev
