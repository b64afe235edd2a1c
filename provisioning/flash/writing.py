"""Writing an image to a disk and reading all of it back.

1. Zeros where partition tables stand, at both ends: until the end the disk boots nothing, whatever was on it.
2. Everything from the second MiB on; stretches of zeros as one call that most disks carry out by themselves.
3. All of that read back from the disk and compared, segment by segment.
4. The first MiB with the partition table, written last, read back too.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from provisioning.disks.medium import BLOCK, aligned_buffer
from provisioning.flash.errors import FlashError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from provisioning.disks.medium import Medium
    from provisioning.flash.source import Source

MIB = 1 << 20
SEGMENT = 64 * MIB
"""Bytes compared at a time, so that a fault has a place."""
WRITING, COMPARING = "writing", "comparing"
_ZEROS = bytes(BLOCK)


@dataclass(frozen=True, slots=True)
class Flashed:
    """What stands on the disk. sha256: of all bytes of the image's length; zeros: how many of them are zeros."""

    sha256: str
    size: int
    zeros: int


def flash(source: Source, medium: Medium, listen: Callable[[str, int], None] = lambda _phase, _count: None) -> Flashed:
    """Write `source` to `medium` and compare.

    Args:
        source: what to write.
        medium: the disk; at least as large.
        listen: hears the phase and how many bytes more of it are done; may raise to stop.

    Raises:
        FlashError: the disk gives back other bytes than it was given.
        OSError: the disk does not take or give bytes.
    """
    buffer = aligned_buffer()
    head = min(MIB, source.size)
    medium.zero(0, head)
    end = max(head, medium.size - MIB)
    medium.zero(end, medium.size - end)
    medium.sync()
    zeros = 0
    digests: list[str] = []
    for first, last in _segments(head, source.size):
        digest = hashlib.sha256()
        for at, block in _blocks(buffer, first, last):
            source.read(at, block)
            digest.update(block)
            if block == _ZEROS[: len(block)]:
                medium.zero(at, len(block))
                zeros += len(block)
            else:
                medium.write(at, block)
            listen(WRITING, len(block))
        digests.append(digest.hexdigest())
        medium.sync()
    whole = hashlib.sha256()
    source.read(0, buffer[:head])
    table = bytes(buffer[:head])
    whole.update(table)
    for (first, last), wanted in zip(_segments(head, source.size), digests, strict=True):
        digest = hashlib.sha256()
        for at, block in _blocks(buffer, first, last):
            medium.read(at, block)
            digest.update(block)
            whole.update(block)
            listen(COMPARING, len(block))
        if digest.hexdigest() != wanted:
            raise FlashError("desk.flash.differs", f"bytes {first} to {last} were read back otherwise")
    buffer[:head] = table
    medium.write(0, buffer[:head])
    medium.sync()
    medium.read(0, buffer[:head])
    if buffer[:head] != table:
        medium.zero(0, head)  # half a table might boot half a system
        medium.sync()
        raise FlashError("desk.flash.differs", "the partition table was read back otherwise")
    listen(WRITING, head)
    listen(COMPARING, head)
    medium.tell_kernel()
    return Flashed(whole.hexdigest(), source.size, zeros)


def _segments(first: int, end: int) -> Iterator[tuple[int, int]]:
    for at in range(first, end, SEGMENT):
        yield at, min(at + SEGMENT, end)


def _blocks(buffer: memoryview, first: int, last: int) -> Iterator[tuple[int, memoryview]]:
    for at in range(first, last, BLOCK):
        yield at, buffer[: min(BLOCK, last - at)]
