"""What a disk was asked to write, in order, and the disk as a power cut would have left it.

Killing QEMU loses nothing: the host keeps every write that was finished. So the machine writes through the filter
`blklogwrites`, whose log (the format of dm-log-writes) is replayed here up to any moment: what was flushed stands, of
what came after the last flush any part may stand, in any order, and the last write may be torn.
"""

from __future__ import annotations

import os
import struct
from bisect import bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING

from image.smoke.errors import MachineError

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence
    from pathlib import Path

MAGIC = 0x6A736677736872
_SUPER = struct.Struct("<QQQI")
_ENTRY = struct.Struct("<QQQQ")
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
SECTOR = 512
_TORN = 4096
"""A sector of the disk as it is made today: smaller than this nothing is torn."""


@dataclass(frozen=True, slots=True)
class Write:
    """One entry. at: byte on the disk; size: bytes; flags: of the above; data: where its bytes stand in the log."""

    at: int
    size: int
    flags: int
    data: int


def read_log(path: Path) -> list[Write]:
    """All entries of a log, also of one whose machine was killed.

    Raises:
        MachineError: it is no such log.
    """
    with path.open("rb") as file:
        first = file.read(_SUPER.size)
        if len(first) < _SUPER.size:
            raise MachineError(f"{path} is no write log")
        magic, version, _count, sector = _SUPER.unpack(first)
        if magic != MAGIC or version != 1 or sector < SECTOR or sector & (sector - 1):
            raise MachineError(f"{path} is no write log")
        end = os.fstat(file.fileno()).st_size
        found: list[Write] = []
        at = sector
        # The number of entries in the first sector may be old; the zeros behind the last one are never wrong.
        while at + _ENTRY.size <= end:
            file.seek(at)
            where, length, flags, _ = _ENTRY.unpack(file.read(_ENTRY.size))
            if not length and not flags:
                break
            size = 0 if flags & DISCARD else length * sector
            if at + sector + size > end:
                break
            found.append(Write(where * sector, size, flags, at + sector))
            at += sector + size
    return found


def index_at(writes: Sequence[Write], log_size: int) -> int:
    """How many entries stood in the log when its file had `log_size` bytes."""
    return bisect_right([write.data + write.size for write in writes], log_size)


@dataclass(frozen=True, slots=True)
class Cut:
    """What a cut did. applied: writes that stand whole; lost: that are gone; torn: of which a part stands."""

    applied: int
    lost: int
    torn: int


def cut(log: Path, writes: Sequence[Write], count: int, disk: Path, chance: random.Random) -> Cut:
    """Bring a plain disk image to the state after a power cut when `count` entries were on their way.

    Args:
        log: the log's file.
        writes: its entries.
        count: how many had been sent to the disk.
        disk: a plain image with the state before the first entry; changed.
        chance: decides what of the unflushed is kept.
    """
    sent = writes[:count]
    flushed = max((n for n, write in enumerate(sent, 1) if write.flags & FLUSH), default=0)
    applied = lost = torn = 0
    with log.open("rb") as source, disk.open("r+b") as target:
        for n, write in enumerate(sent, 1):
            if not write.size:
                continue
            keep = write.size
            if n > flushed and not write.flags & FUA:
                keep = chance.choice((0, write.size, chance.randrange(0, write.size, _TORN)))
            applied += keep == write.size
            lost += keep == 0
            torn += 0 < keep < write.size
            source.seek(write.data)
            target.seek(write.at)
            left = keep
            while left:
                block = source.read(min(left, 1 << 20))
                target.write(block)
                left -= len(block)
    return Cut(applied, lost, torn)
