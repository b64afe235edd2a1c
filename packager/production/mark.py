"""The mark that a writing run leaves on a disk, behind the place of the partition table.

It tells a run that goes on whether this is the disk that it began: enclosures give every disk the same number, and two
disks may have changed places. It says nothing to a box.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MARK_SIZE = 4096
_MARK = re.compile(rb"SHUXIANG WRITING 1\n([0-9a-f]{32})\n(SX[0-9]{10})\n\0*\Z")


@dataclass(frozen=True, slots=True)
class Mark:
    """run: 32 hexadecimal digits, at random; serial: the number that the drive gets."""

    run: str
    serial: str

    def to_bytes(self) -> bytes:
        """`MARK_SIZE` bytes."""
        return f"SHUXIANG WRITING 1\n{self.run}\n{self.serial}\n".encode("ascii").ljust(MARK_SIZE, b"\0")


def read_mark(content: bytes) -> Mark | None:
    """The mark in these bytes, or None."""
    match = _MARK.match(content[:MARK_SIZE])
    return Mark(match[1].decode(), match[2].decode()) if match else None
