"""Where things lie on a disk, and how large the ext4 partition must be for what goes into it. Pure arithmetic.

| from | what |
|---|---|
| 0 | MBR, partition table; from 512 KiB on the mark of the writing run |
| 1 MiB | FAT32: what a PC shows (README, number, certificate, label); of each drive its own |
| 64 MiB | ext4: the drive of docs/format.md; the same on every drive: this is what is cloned |
| end | second copy of the partition table |
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import ceil

from provisioning.disks.gpt import BASIC_DATA, HIDDEN, LINUX, NO_LETTER, READ_ONLY, Partition, Table

MIB = 1 << 20
BLOCK = 4096
"""Bytes in a block of the ext4 partition."""
INODE = 256
MARK_AT = MIB // 2
"""Where the writing run leaves its mark: behind the table, before the first partition."""
FAT_AT = MIB
MIN_FAT = 34 * MIB
"""A FAT32 file system has at least 65,525 clusters; these are of one sector."""
TAIL_ROOM = MIB
"""Kept free behind the ext4 partition, for the second copy of the table."""
_GROUP = 8 * BLOCK
"""Blocks in a block group."""
_DESCRIPTOR = 64
_LIST = 24
"""Bytes that an empty list of names takes."""
_MARGIN = 2000
"""One part in so many stays free, beside `_SPARE_BLOCKS`."""
_SPARE_BLOCKS = 16 * MIB // BLOCK
NAMES = ("SHUXIANG-INFO", "SHUXIANG")
"""Names of the two partitions: a box mounts only the second."""
_SPACE = uuid.UUID("5b1c3c4e-6f0e-5c39-8d57-8f1a3b0e9d10")


@dataclass(frozen=True, slots=True)
class Demand:
    """What goes into the ext4 partition. files, folders: how many; blocks: of their contents, with extent trees."""

    files: int
    folders: int
    blocks: int

    @property
    def inodes(self) -> int:
        """Inodes to make: what is wanted, the eleven reserved ones, and a margin of 1 % and 64."""
        wanted = self.files + self.folders + 11
        return wanted + wanted // 100 + 64


@dataclass(frozen=True, slots=True)
class Geometry:
    """Places on a disk, in bytes. The FAT32 partition begins at `FAT_AT`.

    Attributes:
        ext4_at: first byte of the ext4 partition. ext4_size: its length.
    """

    ext4_at: int
    ext4_size: int

    @property
    def fat_size(self) -> int:
        """Length of the FAT32 partition."""
        return self.ext4_at - FAT_AT

    @property
    def size(self) -> int:
        """Length of the image, and of the smallest disk that takes it."""
        return self.ext4_at + self.ext4_size + TAIL_ROOM


def demand(files: Iterable[tuple[str, int]]) -> Demand:
    """What `(path, size)` files take, everything of one folder in a row. Memory: constant."""
    count = folders = blocks = 0
    open_lists = [_LIST]  # bytes of the lists of names on the way to the file before, the root's first
    branch: list[str] = []
    for path, size in files:
        *parts, name = path.split("/")
        common = common_length(branch, parts)
        while len(open_lists) > common + 1:
            blocks += _blocks_of_list(open_lists.pop())
        for part in parts[common:]:
            open_lists[-1] += _entry(part)
            open_lists.append(_LIST)
        folders += len(parts) - common
        open_lists[-1] += _entry(name)
        branch = parts
        count += 1
        blocks += _blocks_of_file(size)
    blocks += sum(_blocks_of_list(length) for length in open_lists)
    return Demand(count, folders, blocks)


def common_length(left: Sequence[str], right: Sequence[str]) -> int:
    """How many first parts two paths share."""
    return next((n for n, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))


def ext4_size(wanted: Demand) -> int:
    """Bytes of an ext4 partition that surely takes what is wanted; a multiple of 1 MiB.

    To the contents come, for every group of 128 MiB, two bitmaps and its part of the inode table, and in some groups
    (`sparse_super`) a copy of all descriptors. What is too much stays unwritten.
    """
    blocks = wanted.blocks
    for _ in range(3):  # groups need room, which may need another group
        groups = -(-blocks // _GROUP) or 1
        table = ceil(ceil(wanted.inodes / groups) / (BLOCK // INODE))
        copies = _copies(groups) * (1 + -(-groups * _DESCRIPTOR // BLOCK))
        blocks = wanted.blocks + groups * (table + 2) + copies
    blocks += blocks // _MARGIN + _SPARE_BLOCKS
    return -(-blocks * BLOCK // MIB) * MIB


def table_of(geometry: Geometry, name: str) -> Table:
    """The partition table of a disk; `name` (a drive's number, a release) makes its GUIDs."""
    info, drive = NAMES
    return Table(
        named_uuid(f"disk {name}"),
        (
            Partition(FAT_AT, geometry.fat_size, BASIC_DATA, named_uuid(f"info {name}"), info, READ_ONLY),
            Partition(
                geometry.ext4_at, geometry.ext4_size, LINUX, named_uuid(f"drive {name}"), drive,
                READ_ONLY | HIDDEN | NO_LETTER,
            ),
        ),
    )  # fmt: skip


def moment_of(day: str) -> int:
    """Seconds since 1970 of the beginning of an ISO day in UTC: the one time that everything on a drive shows."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp())


def named_uuid(name: str) -> uuid.UUID:
    """The UUID of a name: the same name gives the same one everywhere."""
    return uuid.uuid5(_SPACE, name)


def _copies(groups: int) -> int:
    """Groups with a copy of the superblock and all descriptors: 0, 1, and the powers of 3, 5 and 7."""
    return 2 + sum(1 for base in (3, 5, 7) for power in range(1, 20) if base**power < groups)


def _blocks_of_file(size: int) -> int:
    # An inode holds four extents of up to 128 MiB; a block of the tree holds 340 more. One a 512 MiB is plenty.
    return -(-size // BLOCK) + size // (512 * MIB)


def _blocks_of_list(length: int) -> int:
    return 1 + length // (BLOCK - 512)


def _entry(name: str) -> int:
    return 8 + -(-len(name) // 4) * 4
