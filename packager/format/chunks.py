"""chunks.bin: SHA-256 of every 1 MiB of every item over 1 MiB, 32 bytes each, in the order of items.txt.

The last chunk of an item may be shorter. Items of up to 1 MiB have no entry: their own digest proves them. An item's
first chunk has the index that the counts of all items before it add up to.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from packager.format.errors import FormatError
from packager.format.files import Files, Output
from packager.format.items import ItemLine
from packager.format.layout import CHUNK

DIGEST = 32
"""Bytes in a digest."""


def chunk_count(size: int) -> int:
    """How many digests chunks.bin holds for an item of `size` bytes: 0 up to 1 MiB, else its chunks."""
    return 0 if size <= CHUNK else (size + CHUNK - 1) // CHUNK


def first_chunks(lines: Iterable[ItemLine]) -> Iterator[tuple[ItemLine, int]]:
    """Each item with the index of its first digest in chunks.bin; `lines` in the order of items.txt."""
    index = 0
    for line in lines:
        yield line, index
        index += chunk_count(line.size)


class ChunkHasher:
    """Hashes the chunks of ONE item as its bytes pass. Memory: 32 bytes a MiB.

    Use: `hasher = ChunkHasher(); files.copy_hashed(..., each=hasher.update); digests = hasher.digests()`.
    """

    def __init__(self) -> None:
        self._done = bytearray()
        self._hash = hashlib.sha256()
        self._filled = 0
        self.size = 0

    def update(self, block: bytes) -> None:
        """Take the next bytes, in pieces of any size."""
        view = memoryview(block)
        self.size += len(view)
        while view:
            piece = view[: CHUNK - self._filled]
            self._hash.update(piece)
            self._filled += len(piece)
            view = view[len(piece) :]
            if self._filled == CHUNK:
                self._finish_chunk()

    def digests(self) -> bytes:
        """32 bytes for every chunk of the item, or nothing for an item of up to 1 MiB. No `update` may follow."""
        if self._filled:
            self._finish_chunk()
        return bytes(self._done) if self.size > CHUNK else b""

    def _finish_chunk(self) -> None:
        self._done += self._hash.digest()
        self._hash = hashlib.sha256()
        self._filled = 0


class ChunkWriter:
    """Writes chunks.bin durably; items are added in the order of items.txt. Memory: constant.

    A context manager: the file gets its name when the block ends without an exception, and `sha256` and `size` are
    then those of the whole file.
    """

    def __init__(self, path: Path, files: Files) -> None:
        self._stack = contextlib.ExitStack()
        self._path, self._files = path, files
        self._before = ""
        self._out: Output | None = None

    def __enter__(self) -> Self:
        self._out = self._stack.enter_context(self._files.create(self._path))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def add(self, line: ItemLine, digests: bytes) -> None:
        """Add the digests of an item, from `ChunkHasher.digests`.

        Raises:
            FormatError: the item is out of order, or the digests do not fit its size.
        """
        if line.path <= self._before:
            raise FormatError("is out of order", path=line.path)
        expected = DIGEST * chunk_count(line.size)
        if len(digests) != expected:
            raise FormatError(
                "has another number of chunks", path=line.path, expected=str(expected), found=str(len(digests))
            )
        self._before = line.path
        self._open.write(digests)

    @property
    def sha256(self) -> str:
        """SHA-256 of what was added, hexadecimal."""
        return self._open.sha256

    @property
    def size(self) -> int:
        """Bytes added."""
        return self._open.size

    @property
    def _open(self) -> Output:
        if self._out is None:
            raise RuntimeError("ChunkWriter is a context manager: enter it first")
        return self._out


class ChunkTable:
    """Reads a verified chunks.bin by index. Thread-safe; memory: constant; one descriptor until `close`."""

    def __init__(self, path: Path) -> None:
        """Open the table.

        Raises:
            FormatError: its size is no multiple of 32.
            OSError: it is not there or the disk does not answer.
        """
        self._path = path
        self._file = path.open("rb", buffering=0)
        size = os.fstat(self._file.fileno()).st_size
        if size % DIGEST:
            self._file.close()
            raise FormatError("is cut short", path=path.name, expected=f"a multiple of {DIGEST} bytes", found=str(size))
        self.count = size // DIGEST

    def digest(self, index: int) -> bytes:
        """The 32 bytes of digest `index`.

        Raises:
            FormatError: there is no such digest.
            OSError: the disk does not answer.
        """
        if not 0 <= index < self.count:
            raise FormatError("holds no such digest", path=self._path.name, found=str(index))
        found = os.pread(self._file.fileno(), DIGEST, index * DIGEST)
        if len(found) != DIGEST:
            raise FormatError("was cut short while open", path=self._path.name)
        return found

    def close(self) -> None:
        """Give the descriptor back."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
