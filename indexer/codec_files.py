"""How index files are read: by offset only, so that any number of threads may read at once.

`MappedFile` maps a file of the appliance's own disk. An index that stays on a drive is read through another
`BlockReader` that proves each chunk first; the codec does not see the difference.
"""

from __future__ import annotations

import mmap
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Protocol, TypeAlias, runtime_checkable

from indexer.errors import IndexFormatError

Buffer: TypeAlias = "bytes | memoryview[int]"


class BlockReader(Protocol):
    """Bytes by offset. Reading never moves a position, and any thread may call."""

    name: str
    size: int

    def read(self, offset: int, length: int) -> Buffer:
        """Exactly `length` bytes from `offset`.

        Raises:
            IndexFormatError: they reach over the end of the file.
        """
        ...

    def close(self) -> None:
        """Let the file go."""
        ...


BLOCK = 64 << 10
"""Bytes of a block that has a digest of its own, in files that may be read block by block."""


@runtime_checkable
class ProvedByBlock(Protocol):
    """A reader that may prove a block by itself, where proving it otherwise means reading much more."""

    def take_digests(self, digests: bytes) -> None:
        """Take the SHA-256 of every `BLOCK` of the file, 32 bytes each; the caller has them from proved bytes."""
        ...


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

    def close(self) -> None:
        """Let the file go. Arrays still looking at it keep the map alive until they go too."""
        self._view = memoryview(b"")
        self.size = 0
        if self._map is not None:
            # An answer on its way may still look at the map, which then goes when the last look does.
            with suppress(BufferError):
                self._map.close()
            self._map = None
