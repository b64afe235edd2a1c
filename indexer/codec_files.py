"""How index files are read: by offset only, so that any number of threads may read at once.

`MappedFile` maps a file of the appliance's own disk. An index that stays on a drive is read through another
`BlockReader` that proves each chunk first; the codec does not see the difference.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from indexer.errors import IndexFormatError

Buffer: TypeAlias = "bytes | memoryview[int]"
Range: TypeAlias = tuple[int, int]
"""Offset and length."""


class BlockReader(Protocol):
    """Bytes by offset. Reading never moves a position, and any thread may call."""

    name: str
    size: int

    def read(self, offset: int, length: int) -> Buffer:
        """Exactly `length` bytes from `offset`.

        Raises:
            IndexFormatError: they reach over the end of the file.
            LateError: they do not come in the time that there is, where there is any such.
        """
        ...

    def bring(self, ranges: Iterable[Range]) -> None:
        """Have what will be read next at hand, as far as there is time: in one go, in the order of the file."""
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


BLOCK = 16 << 10
"""Bytes of a block that has a digest of its own, in files that may be read block by block.

A section has some hundred bytes: what is hashed for each is what a search through slow hands waits for."""


@runtime_checkable
class ProvedByBlock(Protocol):
    """A reader that may prove a block by itself, where proving it otherwise means reading much more."""

    def take_digests(self, digests: bytes) -> None:
        """Take the SHA-256 of every `BLOCK` of the file, 32 bytes each; the caller has them from proved bytes."""
        ...


def pages_of(ranges: Iterable[Range], size: int, page: int) -> list[Range]:
    """The pages that hold these ranges of a file of `size` bytes, as (first, one past the last), in order, united."""
    united: list[Range] = []
    for offset, length in sorted(ranges):
        first, last = max(0, offset) // page, -(-min(size, offset + length) // page)
        if last <= first or offset >= size:
            continue
        if united and first <= united[-1][1]:
            united[-1] = united[-1][0], max(last, united[-1][1])
        else:
            united.append((first, last))
    return united


OpenFile: TypeAlias = Callable[[Path], BlockReader]


class MappedFile:
    """A memory-mapped file; reading costs no copy."""

    def __init__(self, path: Path) -> None:
        """Map `path`, which must not change or shrink afterwards.

        Raises:
            IndexFormatError: it is missing or cannot be read.
        """
        self.name = path.name
        self._map: mmap.mmap | None = None
        try:
            with path.open("rb") as file:
                self.size = file.seek(0, 2)
                if self.size:
                    self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:
            raise IndexFormatError(path.name, f"cannot be read: {error}") from error
        self._view = memoryview(self._map or b"")

    def read(self, offset: int, length: int) -> memoryview[int]:
        """See `BlockReader.read`."""
        if offset < 0 or length < 0 or offset + length > self.size:
            raise IndexFormatError(self.name, f"{length} bytes at {offset} reach over its {self.size} bytes")
        return self._view[offset : offset + length]

    def bring(self, ranges: Iterable[Range]) -> None:
        """See `BlockReader.bring`: all are asked of the disk at once, where page faults would ask one after another."""
        if self._map is None:
            return
        for first, last in pages_of(ranges, self.size, mmap.PAGESIZE):
            self._map.madvise(mmap.MADV_WILLNEED, first * mmap.PAGESIZE, (last - first) * mmap.PAGESIZE)

    def close(self) -> None:
        """Let the file go. Arrays still looking at it keep the map alive until they go too."""
        self._view = memoryview(b"")
        self.size = 0
        if self._map is not None:
            # An answer on its way may still look at the map, which then goes when the last look does.
            with suppress(BufferError):
                self._map.close()
            self._map = None
