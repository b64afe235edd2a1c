"""Keys in the order of their bytes, looked up by bisection in a file: of terms, of entries, of sounds."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator

import numpy as np

from indexer.codec_files import BlockReader
from indexer.errors import IndexFormatError

MAX_SCAN = 512 << 10
"""Bytes of keys that one pattern is looked for in."""

MAX_KEY = 1024
"""Bytes of a key, where it is not said otherwise."""

_PAIR = struct.Struct("<II")


class SortedKeys:
    """Keys in the order of their bytes, in a part of a file.

    Attributes:
        count: how many there are. longest: bytes that a key may have.
    """

    longest = MAX_KEY

    def __init__(self, file: BlockReader, ends: int, keys: int, count: int, size: int) -> None:
        """Take where they are.

        Args:
            file: the file.
            ends: place of the ends.
            keys: place of the first key.
            count: how many there are.
            size: bytes of all.
        """
        self._file, self._ends, self._keys = file, ends, keys
        self.count, self._size = count, size

    def key(self, place: int) -> bytes:
        """The key at `place`, from 0 to below `count`.

        Raises:
            IndexFormatError: its ends are not within the keys.
        """
        start, end = _PAIR.unpack(self._file.read(self._ends + 4 * place, 8))
        if not start <= end <= min(self._size, start + self.longest):
            raise IndexFormatError(self._file.name, f"key {place} lies outside the keys, or is too long")
        return bytes(self._file.read(self._keys + start, end - start))

    def place(self, key: bytes) -> int:
        """The place of the first key that is not below `key`; `count` when all are below."""
        return self._place(key, 0, self.count)

    def _place(self, key: bytes, low: int, high: int) -> int:
        """The same of the keys from `low` to below `high`, or `high`."""
        while low < high:
            middle = (low + high) // 2
            if self.key(middle) < key:
                low = middle + 1
            else:
                high = middle
        return low

    def span(self, prefix: bytes) -> tuple[int, int]:
        """First place of the keys that begin with `prefix`, and the place after the last."""
        first = self.place(prefix)
        if first == self.count or not self.key(first).startswith(prefix):
            return first, first
        return first, self.place(prefix + b"\xff")  # no byte of UTF-8

    def matching(self, span: tuple[int, int], pattern: re.Pattern[bytes]) -> Iterator[int]:
        """Places in a span whose keys hold `pattern`, in order; of the first `MAX_SCAN` bytes of keys."""
        first, last = span
        if first >= last:
            return
        ends = np.frombuffer(self._file.read(self._ends + 4 * first, 4 * (last - first + 1)), "<u4")
        low, high = int(ends[0]), min(int(ends[-1]), int(ends[0]) + MAX_SCAN)
        if not low <= high <= self._size:
            raise IndexFormatError(self._file.name, f"keys from {first} lie outside the keys")
        before = -1
        for match in pattern.finditer(self._file.read(self._keys + low, high - low)):
            place = int(np.searchsorted(ends, low + match.start(), side="right")) - 1
            if before < place < last - first:
                before = place
                yield first + place
