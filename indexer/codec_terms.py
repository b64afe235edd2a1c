"""The term file: all terms in byte order with their figures, looked up by bisection.

Layout, little-endian:

    magic 8 | terms u64 | key bytes u64 | (terms + 1) key offsets u32 | (terms + 1) records of 28 bytes | keys

A key is one byte for the field and the term in UTF-8. A record is: documents u32, place in the postings file u64,
first id u32, last id u32, total weight f32, highest weight u8, shortest length u8, longest length u8, zero u8. The
last record only says where the postings end.
"""

from __future__ import annotations

import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from shutil import copyfileobj
from types import TracebackType
from typing import BinaryIO, Self

import numpy as np
from numpy.typing import NDArray

from indexer.codec_files import BlockReader
from indexer.codec_keys import SortedKeys
from indexer.errors import IndexFormatError

TERMS_MAGIC = b"SXTRM001"
HEAD = struct.Struct("<8sQQ")
RECORD = np.dtype(
    [
        ("documents", "<u4"),
        ("offset", "<u8"),
        ("first", "<u4"),
        ("last", "<u4"),
        ("weight", "<f4"),
        ("max_weight", "u1"),
        ("min_length", "u1"),
        ("max_length", "u1"),
        ("zero", "u1"),
    ]
)
_RECORD = struct.Struct("<IQIIfBBBB")
_NEXT = struct.Struct("<28xIQ")
SPARSE = 256
"""One key in so many is kept in memory."""
MAX_SCAN = 64 << 20
"""Bytes of keys that are looked through for a part of a word."""


@dataclass(frozen=True, slots=True)
class TermFigures:
    """What the term file says of one term.

    Attributes:
        documents: how many rows hold it.
        offset: place of its blocks in the postings file; length: their bytes, 0 when it has a single posting.
        first: lowest id; last: highest id.
        weight: sum of weights.
        max_weight: highest weight.
        min_length: shortest, max_length: longest document, as Whoosh's length bytes.
    """

    documents: int
    offset: int
    length: int
    first: int
    last: int
    weight: float
    max_weight: int
    min_length: int
    max_length: int


class TermWriter:
    """Writes a term file from keys that come in order. Memory: constant; scratch space: that of the file."""

    def __init__(self, scratch: Path) -> None:
        """Keep its parts in files in the folder `scratch` until all keys have come."""
        self._parts = [scratch / f"terms-{part}" for part in ("offsets", "records", "keys")]
        self._stack = ExitStack()
        self._offsets, self._records, self._keys = (self._stack.enter_context(path.open("wb")) for path in self._parts)
        self._offsets.write(bytes(4))
        self.count = self._key_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def add(self, keys: Sequence[bytes], records: NDArray[np.void]) -> None:
        """Take the next keys, in ascending order, and their records of type `RECORD`.

        Raises:
            IndexFormatError: the keys are 4 GiB or more.
        """
        ends = np.cumsum(np.fromiter(map(len, keys), "u8", len(keys))) + np.uint64(self._key_bytes)
        self._key_bytes = int(ends[-1]) if len(ends) else self._key_bytes
        if self._key_bytes >= 1 << 32:
            raise IndexFormatError("terms", f"{self._key_bytes} bytes of terms are more than one index can hold")
        self._offsets.write(ends.astype("<u4").tobytes())
        self._records.write(records.tobytes())
        self._keys.write(b"".join(keys))
        self.count += len(keys)

    def finish(self, out: BinaryIO, postings_size: int) -> None:
        """Write the term file.

        Args:
            out: where to.
            postings_size: bytes of the postings file.
        """
        closing = np.zeros(1, RECORD)
        closing["offset"] = postings_size
        self._records.write(closing.tobytes())
        self._stack.close()
        out.write(HEAD.pack(TERMS_MAGIC, self.count, self._key_bytes))
        for path in self._parts:
            with path.open("rb") as file:
                copyfileobj(file, out, 1 << 20)
            path.unlink()


class TermFile(SortedKeys):
    """A checked reader of a term file; any thread may ask. Memory: every 256th key."""

    longest = 1 << 32

    def __init__(self, file: BlockReader, postings_size: int, documents: int) -> None:
        """Check the header and take the sparse list of keys.

        Args:
            file: the term file.
            postings_size: bytes of the postings file.
            documents: rows in the index.

        Raises:
            IndexFormatError: the sizes do not fit together.
        """
        self._postings_size, self._documents = postings_size, documents
        magic, count, size = HEAD.unpack(file.read(0, HEAD.size))
        self._records = HEAD.size + 4 * (count + 1)
        keys = self._records + RECORD.itemsize * (count + 1)
        super().__init__(file, HEAD.size, keys, count, size)
        if magic != TERMS_MAGIC or keys + size != file.size:
            raise IndexFormatError(file.name, "is not a term file of this format, or not whole")
        self._sparse = [self.key(place) for place in range(0, self.count, SPARSE)]

    def place(self, key: bytes) -> int:
        """The place of the first key that is not below `key`; `count` when all are below."""
        block = max(0, bisect_right(self._sparse, key) - 1)
        return self._place(key, block * SPARSE, min(self.count, (block + 1) * SPARSE))

    def places_from(self, prefix: bytes) -> Iterator[int]:
        """Places of the keys that begin with `prefix`, in order."""
        place = self.place(prefix)
        while place < self.count and self.key(place).startswith(prefix):
            yield place
            place += 1

    def figures(self, key: bytes) -> TermFigures | None:
        """What is said of the term, None when no row holds it."""
        place = self.place(key)
        return self.figures_at(place) if place < self.count and self.key(place) == key else None

    def containing(self, between: tuple[bytes, bytes], part: bytes, limit: int) -> Iterator[TermFigures]:
        """What is said of keys that hold `part`, in order, at most `limit` of them; see `places_containing`."""
        for place in self.places_containing(between, part, limit):
            yield self.figures_at(place)

    def places_containing(self, between: tuple[bytes, bytes], part: bytes, limit: int) -> Iterator[int]:
        """The places of keys that hold `part`, in order, at most `limit` of them.

        Args:
            between: the first key to look at, and the first that is not looked at.
            part: bytes to find, without the byte of the field.
            limit: how many keys at most.
        """
        first, last = self.place(between[0]), self.place(between[1])
        if first >= last:
            return
        offsets = np.frombuffer(self._file.read(self._ends + 4 * first, 4 * (last - first + 1)), "<u4")
        low, high = int(offsets[0]), int(offsets[-1])
        if not low <= high <= min(self._size, low + MAX_SCAN):
            return
        keys = self._file.read(self._keys + low, high - low)
        before = -1
        for match in re.finditer(re.escape(part), keys):
            place = int(np.searchsorted(offsets, low + match.start(), side="right")) - 1
            if place == before or not 0 <= place < last - first:
                continue
            before, limit = place, limit - 1
            yield first + place
            if limit == 0:
                return

    def keys(self, first: int, last: int) -> list[bytes]:
        """The keys at the places from `first` to below `last`.

        Raises:
            IndexFormatError: their offsets are not within the keys, or they are longer than `MAX_SCAN` together.
        """
        if first >= last:
            return []
        offsets = np.frombuffer(self._file.read(self._ends + 4 * first, 4 * (last - first + 1)), "<u4").astype("i8")
        low, high = int(offsets[0]), int(offsets[-1])
        if not low <= high <= min(self._size, low + MAX_SCAN) or (np.diff(offsets) < 0).any():
            raise IndexFormatError(self._file.name, f"keys from {first} on lie outside the keys")
        content = bytes(self._file.read(self._keys + low, high - low))
        ends = (offsets - low).tolist()
        return [content[start:end] for start, end in pairwise(ends)]

    def documents(self, first: int, last: int) -> NDArray[np.uint32]:
        """How many rows hold each of the terms at the places from `first` to below `last`."""
        size = RECORD.itemsize
        records = np.frombuffer(self._file.read(self._records + size * first, size * max(0, last - first)), RECORD)
        found: NDArray[np.uint32] = records["documents"].astype("u4")
        return found

    def figures_at(self, place: int) -> TermFigures:
        """What is said of the term at `place`.

        Raises:
            IndexFormatError: the record cannot be true.
        """
        both = self._file.read(self._records + RECORD.itemsize * place, 2 * RECORD.itemsize)
        documents, offset, first, last, weight, top, short, long, _ = _RECORD.unpack_from(both)
        _, after = _NEXT.unpack_from(both)
        length = after - offset
        true = 0 < documents <= self._documents and first <= last < self._documents and after <= self._postings_size
        if not (true and length >= 0 and (length > 0) == (documents > 1) and (documents > 1 or first == last)):
            raise IndexFormatError(self._file.name, f"record {place} cannot be true")
        return TermFigures(documents, offset, length, first, last, weight, top, short, long)
