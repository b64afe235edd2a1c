"""Entries and sounds of a base and of a delta as one list each, as `indexer.codec_suggest` has them of one index."""

from __future__ import annotations

import heapq
import re
from collections.abc import Iterator
from dataclasses import replace

from indexer.codec_keys import SortedKeys
from indexer.codec_suggest import EntryFile, EntryRecord, ScoreList, SoundFile
from indexer.errors import IndexFormatError
from indexer.splice import Splice


class SplicedKeys(SortedKeys):
    """Sorted keys out of two lists."""

    def __init__(self, base: SortedKeys, added: SortedKeys, splice: Splice, name: str) -> None:
        """Join them.

        Raises:
            IndexFormatError: the splice is of other lists.
        """
        if splice.base != base.count or len(splice.at) != added.count:
            raise IndexFormatError(name, "has keys that cannot be")
        self._base, self._added, self._splice = base, added, splice
        self.count = splice.count

    def key(self, place: int) -> bytes:
        """See `SortedKeys.key`."""
        is_put, at = self._splice.source(place)
        return self._added.key(at) if is_put else self._base.key(at)

    def place(self, key: bytes) -> int:
        """See `SortedKeys.place`."""
        return self._splice.joined(self._base.place(key), self._added.place(key))

    def matching(self, span: tuple[int, int], pattern: re.Pattern[bytes]) -> Iterator[int]:
        """See `SortedKeys.matching`; each list is looked through as far as one alone would be."""
        (low, put), (high, end) = self._splice.cut(span[0]), self._splice.cut(span[1])
        theirs = (self._splice.whole(place) for place in self._base.matching((low, high), pattern))
        own = (int(self._splice.put[place]) for place in self._added.matching((put, end), pattern))
        yield from heapq.merge((place for place in theirs if place is not None), own)


class SplicedEntries(EntryFile):
    """Entries of the whole; any thread may ask. Memory: two bytes each."""

    def __init__(self, base: EntryFile, added: EntryFile, splice: Splice, rows: Splice, name: str) -> None:
        """Join them.

        Args:
            base: entries of the base, with its rows.
            added: those that the delta changed or brought, with rows of the whole.
            splice: of their places.
            rows: the splice of the base's rows.
            name: whose they are, for errors.

        Raises:
            IndexFormatError: the splice is of other entries.
        """
        self.keys: SortedKeys = SplicedKeys(base.keys, added.keys, splice, name)
        self._base, self._added, self._splice, self._row_splice, self._name = base, added, splice, rows, name
        self.scores = _spread(base.scores, added.scores, splice)

    def record(self, place: int) -> EntryRecord:
        """See `EntryFile.record`."""
        if not 0 <= place < self.keys.count:
            raise IndexFormatError(self._name, f"has no entry {place}")
        is_put, at = self._splice.source(place)
        if is_put:
            return self._added.record(at)
        found = self._base.record(at)
        row = self._row_splice.whole(found.row)
        child = None if found.child_row is None else self._row_splice.whole(found.child_row)
        if row is None or (found.child_row is not None and child is None):
            raise IndexFormatError(self._name, f"keeps entry {place} whose record is gone")
        return replace(found, row=row, child_row=child)


class SplicedSounds(SoundFile):
    """Sounds of the whole; any thread may ask. Memory: two bytes each."""

    def __init__(self, base: SoundFile, added: SoundFile, splice: Splice, entries: Splice, name: str) -> None:
        """Join them; `added` leads to entries of the whole, `entries` is the splice of those of the base.

        Raises:
            IndexFormatError: the splice is of other sounds.
        """
        self.keys: SortedKeys = SplicedKeys(base.keys, added.keys, splice, name)
        self._base, self._added, self._splice, self._entry_splice, self._name = base, added, splice, entries, name
        self.scores = _spread(base.scores, added.scores, splice)

    def entry(self, place: int) -> int:
        """See `SoundFile.entry`."""
        is_put, at = self._splice.source(place)
        entry = self._added.entry(at) if is_put else self._entry_splice.heir(self._base.entry(at))
        if entry is None:
            raise IndexFormatError(self._name, f"keeps sound {place} whose text is gone")
        return entry


def _spread(
    base: tuple[ScoreList, ScoreList], added: tuple[ScoreList, ScoreList], splice: Splice
) -> tuple[ScoreList, ScoreList]:
    everyone, child = (
        ScoreList(splice.spread(theirs.values, own.values)) for theirs, own in zip(base, added, strict=True)
    )
    return everyone, child
