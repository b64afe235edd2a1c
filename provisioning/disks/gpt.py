"""The GUID partition table (UEFI 2.10, chapter 5): a protective MBR and two copies of header and entries.

Pure functions over bytes: nothing here opens a disk. Sectors are 512 bytes, the only size that the drives of this
format have.
"""

from __future__ import annotations

import struct
import uuid
import zlib
from collections.abc import Callable
from dataclasses import dataclass

from provisioning.disks.errors import TableError

SECTOR = 512
"""Bytes in a sector."""
ENTRIES = 128
"""Entries in a table, as every tool makes them."""
_ENTRY = struct.Struct("<16s16sQQQ72s")
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_SIGNATURE, _REVISION = b"EFI PART", 0x00010000
_ENTRY_SECTORS = ENTRIES * _ENTRY.size // SECTOR
HEAD = (2 + _ENTRY_SECTORS) * SECTOR
"""Bytes at the beginning of a disk: MBR, header, entries."""
TAIL = (1 + _ENTRY_SECTORS) * SECTOR
"""Bytes at the end of a disk: entries, header."""

LINUX = uuid.UUID("0fc63daf-8483-4772-8e79-3d69d8477de4")
"""Type of a Linux file system: Windows neither shows it nor offers to format it."""
EFI_SYSTEM = uuid.UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b")
"""Type of the partition that the firmware boots from."""
BASIC_DATA = uuid.UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
"""Type of a partition that Windows shows."""
READ_ONLY, HIDDEN, NO_LETTER = 1 << 60, 1 << 62, 1 << 63
"""Attribute bits of Microsoft: not written to; not shown; given no drive letter."""


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition. first, size: bytes, multiples of a sector; name: at most 36 characters."""

    first: int
    size: int
    kind: uuid.UUID
    unique: uuid.UUID
    name: str
    attributes: int = 0


@dataclass(frozen=True, slots=True)
class Table:
    """A partition table. disk: the disk's own GUID; partitions: in order, none overlapping."""

    disk: uuid.UUID
    partitions: tuple[Partition, ...]


def table_bytes(table: Table, size: int) -> tuple[bytes, bytes]:
    """The first `HEAD` and the last `TAIL` bytes of a disk of `size` bytes (a multiple of a sector).

    Raises:
        TableError: a partition does not fit, or overlaps another.
    """
    sectors = size // SECTOR
    _check(table, size)
    entries = b"".join(_entry(p) for p in table.partitions).ljust(ENTRIES * _ENTRY.size, b"\0")
    first_usable, last_usable = HEAD // SECTOR, sectors - TAIL // SECTOR - 1
    crc = zlib.crc32(entries)

    def header(own: int, other: int, where: int) -> bytes:
        fields = (own, other, first_usable, last_usable, table.disk.bytes_le, where, ENTRIES, _ENTRY.size, crc)
        bare = _HEADER.pack(_SIGNATURE, _REVISION, _HEADER.size, 0, 0, *fields)
        return (bare[:16] + struct.pack("<I", zlib.crc32(bare)) + bare[20:]).ljust(SECTOR, b"\0")

    head = _protective_mbr(sectors) + header(1, sectors - 1, 2) + entries
    return head, entries + header(sectors - 1, 1, sectors - 1 - _ENTRY_SECTORS)


def _check(table: Table, size: int) -> None:
    end = HEAD
    for partition in table.partitions:
        aligned = partition.first % SECTOR == 0 and partition.size % SECTOR == 0 and partition.size > 0
        if not aligned or partition.first < end or partition.first + partition.size > size - TAIL:
            raise _unfit(f"partition {partition.name} does not fit a disk of {size} bytes")
        end = partition.first + partition.size
    if size % SECTOR or len(table.partitions) > ENTRIES:
        raise _unfit(f"a disk of {size} bytes cannot be divided so")


def _entry(p: Partition) -> bytes:
    first, last = p.first // SECTOR, (p.first + p.size) // SECTOR - 1
    return _ENTRY.pack(p.kind.bytes_le, p.unique.bytes_le, first, last, p.attributes, p.name.encode("utf-16-le"))


def _protective_mbr(sectors: int) -> bytes:
    """One entry of type EE over the whole disk, so that old programs see no free room."""
    entry = struct.pack("<B3sB3sII", 0, b"\x00\x02\x00", 0xEE, b"\xff\xff\xff", 1, min(sectors - 1, 0xFFFFFFFF))
    return b"\0" * 446 + entry + b"\0" * 48 + b"\x55\xaa"


def read_table(read: Callable[[int, int], bytes], size: int) -> Table:
    """The table of a disk, both copies checked and the same.

    Args:
        read: gives bytes, called with offset and length.
        size: of the disk, in bytes.

    Raises:
        TableError: a copy is missing, its checksum is wrong, or the two differ.
    """
    sectors = size // SECTOR
    if size < HEAD + TAIL:
        raise _damaged("the disk is too small for one")
    if read(510, 2) != b"\x55\xaa" or read(450, 1) != b"\xee":
        raise _damaged("there is no protective MBR")
    first, entries = _copy(read, 1, sectors)
    second, again = _copy(read, sectors - 1, sectors)
    if entries != again or first != second:
        raise _damaged("its two copies differ")
    found = []
    for at in range(0, len(entries), _ENTRY.size):
        kind, unique, begin, last, attributes, name = _ENTRY.unpack_from(entries, at)
        if any(kind):
            text = name.decode("utf-16-le", "replace").partition("\0")[0]
            place = begin * SECTOR, (last - begin + 1) * SECTOR
            found.append(Partition(*place, uuid.UUID(bytes_le=kind), uuid.UUID(bytes_le=unique), text, attributes))
    table = Table(uuid.UUID(bytes_le=first), tuple(found))
    _check(table, size)
    return table


def _copy(read: Callable[[int, int], bytes], at: int, sectors: int) -> tuple[bytes, bytes]:
    """(GUID of the disk, entries) of the copy whose header stands in sector `at`."""
    header = read(at * SECTOR, _HEADER.size)
    if len(header) != _HEADER.size:
        raise _damaged(f"sector {at} cannot be read")
    signature, revision, length, crc, _, own, other, *_, disk, where, count, size, sums = _HEADER.unpack(header)
    bare = header[:16] + b"\0\0\0\0" + header[20:]
    if (signature, revision, length) != (_SIGNATURE, _REVISION, _HEADER.size) or zlib.crc32(bare) != crc:
        raise _damaged(f"the header in sector {at} is damaged")
    if (own, count, size) != (at, ENTRIES, _ENTRY.size) or other != (sectors - 1 if at == 1 else 1):
        raise _damaged(f"the header in sector {at} says something else than where it stands")
    if where + _ENTRY_SECTORS > sectors:
        raise _damaged(f"the header in sector {at} names entries beyond the end")
    entries = read(where * SECTOR, ENTRIES * _ENTRY.size)
    if zlib.crc32(entries) != sums:
        raise _damaged(f"the entries of the header in sector {at} are damaged")
    return disk, entries


def _unfit(reason: str) -> TableError:
    return TableError(reason)


def _damaged(reason: str) -> TableError:
    return TableError(f"partition table: {reason}")
