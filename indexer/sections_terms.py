"""The terms of an index of sections: in groups, so that what is said of a term is one look into the file.

A group is what `GROUP` terms are, numbers little-endian:

    place of its postings u64 | terms u32 | sections u32 each | number u32 each | weight u8 each |
    the terms in UTF-8 and byte order, a line feed between

`number` is how many bytes of postings a term has, which follow those of the term before; a term of one section has
none, and its `number` is that section, its weight the one it has there (else 0). The list of groups has of each where
it begins and its first term:

    magic 8 | terms u64 | groups u64 | place u64 of each | the first terms, a line feed between
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from indexer.codec_files import BlockReader
from indexer.errors import IndexFormatError

GROUP = 128
GROUPS_MAGIC = b"SXGRP001"
MAX_LIST = 64 << 20
"""Bytes of the list of groups."""
_LIST = struct.Struct("<8sQQ")
_HEAD = struct.Struct("<QI")
_EACH = 9
_MAX_GROUP = 256 << 10
"""Bytes of a group; the longest terms make a quarter of that."""


@dataclass(frozen=True, slots=True)
class SectionTerm:
    """What is said of one term.

    Attributes:
        documents: how many sections hold it.
        offset: place of its postings; length: their bytes, 0 when it is in one section only.
        row: that section; weight: how often it is there.
    """

    documents: int
    offset: int
    length: int
    row: int = 0
    weight: int = 0


class GroupWriter:
    """Writes groups from terms that come in order. Memory: one group, and the first term of each."""

    def __init__(self, out: BinaryIO) -> None:
        """Write groups to `out`, from its beginning."""
        self._out = out
        self._keys: list[bytes] = []
        self._documents, self._numbers = np.zeros(0, "<u4"), np.zeros(0, "<u4")
        self._weights = np.zeros(0, "u1")
        self._offset = self._at = self.count = 0
        self._places: list[int] = []
        self._firsts: list[bytes] = []

    def add(self, keys: Sequence[bytes], records: NDArray[np.void], end: int) -> None:
        """Take the next terms.

        Args:
            keys: they, in ascending order.
            records: of each what `indexer.build_postings.write_group` says.
            end: where the postings of the last one end.
        """
        if not self.count and len(records):
            self._offset = int(records["offset"][0])
        self.count += len(keys)
        single = records["documents"] == 1
        lengths = np.diff(records["offset"].astype("u8"), append=np.uint64(end))
        self._keys += keys
        self._documents = np.concatenate([self._documents, records["documents"]])
        self._numbers = np.concatenate([self._numbers, np.where(single, records["first"], lengths).astype("<u4")])
        self._weights = np.concatenate([self._weights, np.where(single, records["max_weight"], 0).astype("u1")])
        whole = len(self._keys) // GROUP * GROUP
        for start in range(0, whole, GROUP):
            self._write(slice(start, start + GROUP))
        self._drop(whole)

    def finish(self) -> bytes:
        """Write the last group; the list of all."""
        if self._keys:
            self._write(slice(0, len(self._keys)))
            self._drop(len(self._keys))
        head = _LIST.pack(GROUPS_MAGIC, self.count, len(self._places))
        return head + np.array(self._places, "<u8").tobytes() + b"\n".join(self._firsts)

    def _write(self, part: slice) -> None:
        keys, documents, numbers = self._keys[part], self._documents[part], self._numbers[part]
        group = _HEAD.pack(self._offset, len(keys)) + documents.tobytes() + numbers.tobytes()
        group += self._weights[part].tobytes() + b"\n".join(keys)
        self._places.append(self._at)
        self._firsts.append(keys[0])
        self._out.write(group)
        self._at += len(group)
        self._offset += int(numbers[documents > 1].sum(dtype="u8"))

    def _drop(self, count: int) -> None:
        self._keys = self._keys[count:]
        self._documents, self._numbers = self._documents[count:], self._numbers[count:]
        self._weights = self._weights[count:]


class TermGroups:
    """A checked reader of terms; any thread may ask. Memory: 8 bytes and the first term of each group.

    A wrong list leads look-ups astray and nothing else.
    """

    def __init__(self, file: BlockReader, listed: BlockReader, postings_size: int, sections: int) -> None:
        """Take the list of groups.

        Args:
            file: the groups.
            listed: the list of them.
            postings_size: bytes of the postings file.
            sections: in the index.

        Raises:
            IndexFormatError: the list is not what it should be.
        """
        self._file, self._postings_size, self._sections = file, postings_size, sections
        if not _LIST.size <= listed.size <= MAX_LIST:
            raise IndexFormatError(listed.name, "is too short, or too large")
        content = bytes(listed.read(0, listed.size))
        magic, self.count, groups = _LIST.unpack_from(content)
        if magic != GROUPS_MAGIC or groups != -(-self.count // GROUP) or _LIST.size + 8 * groups > len(content):
            raise IndexFormatError(listed.name, "is not a list of groups of this format")
        ends = np.frombuffer(content, "<u8", groups, _LIST.size)
        self._firsts = content[_LIST.size + 8 * groups :].split(b"\n") if groups else []
        if len(self._firsts) != groups:
            raise IndexFormatError(listed.name, "has another number of terms than of groups")
        self._ends = np.append(ends, np.uint64(file.size))
        sizes = np.diff(self._ends.astype("i8"))
        if self._ends[0] or (sizes <= _HEAD.size).any() or (sizes > _MAX_GROUP).any() or (not groups and file.size):
            raise IndexFormatError(listed.name, "does not divide the groups")

    def figures(self, terms: Sequence[str]) -> list[SectionTerm | None]:
        """What is said of each of these terms, None of one that no section holds.

        Raises:
            IndexFormatError: what is said cannot be true.
        """
        keys = [term.encode("utf-8", "replace") for term in terms]
        groups = [bisect_right(self._firsts, key) - 1 for key in keys]
        ranges = {number: self._range(number) for number in groups if number >= 0}
        self._file.bring(ranges.values())
        held = {number: bytes(self._file.read(*where)) for number, where in sorted(ranges.items())}
        return [self._found(held[n], key) if n >= 0 else None for n, key in zip(groups, keys, strict=True)]

    def _range(self, number: int) -> tuple[int, int]:
        start, end = (int(place) for place in self._ends[number : number + 2])
        return start, end - start

    def _found(self, group: bytes, wanted: bytes) -> SectionTerm | None:
        offset, count = _HEAD.unpack_from(group)
        keys_at = _HEAD.size + _EACH * count
        if not 0 < count <= GROUP or keys_at > len(group):
            raise IndexFormatError(self._file.name, "has a group that is none")
        keys = group[keys_at:].split(b"\n")
        if len(keys) != count:
            raise IndexFormatError(self._file.name, "has a group of another number of terms")
        place = bisect_left(keys, wanted)
        if place == count or keys[place] != wanted:
            return None
        documents = np.frombuffer(group, "<u4", count, _HEAD.size)
        numbers = np.frombuffer(group, "<u4", count, _HEAD.size + 4 * count)
        held, number = int(documents[place]), int(numbers[place])
        if held == 1 and number < self._sections:
            return SectionTerm(1, 0, 0, number, group[_HEAD.size + 8 * count + place])
        offset += int(numbers[:place][documents[:place] > 1].sum(dtype="u8"))
        if not (1 < held <= self._sections and number > 0 and offset + number <= self._postings_size):
            raise IndexFormatError(self._file.name, "says of a term what cannot be true")
        return SectionTerm(held, offset, number)
