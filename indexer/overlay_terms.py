"""The terms of a base and of a small index as one term file: places, keys and figures as a whole build has them."""

from __future__ import annotations

import heapq
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from indexer.codec_terms import TermFigures, TermFile
from indexer.errors import IndexFormatError
from indexer.overlay_files import Description
from indexer.splice import NONE, Splice


@dataclass(frozen=True, slots=True)
class SplicedFigures(TermFigures):
    """What is said of a term in the whole. `documents` is exact; the rest holds for all rows, perhaps for more.

    Attributes:
        base: what the base says of it, added: what the small index says; None where it has none.
    """

    base: TermFigures | None = None
    added: TermFigures | None = None


class SplicedTerms(TermFile):
    """A term file out of two; any thread may ask. Memory: that of both, and 12 bytes a term of the delta."""

    def __init__(self, base: TermFile, added: TermFile, described: Description, records: int) -> None:
        """Join them.

        Args:
            base: the terms of the base.
            added: those of the small index.
            described: the overlay.
            records: rows of the whole.

        Raises:
            IndexFormatError: what is described cannot be true of them.
        """
        self._base, self._added, self._documents_in_all, self._name = base, added, records, described.name
        self._splice = Splice.read(base.count, described.arrays, "terms", described.name)
        self.count = self._splice.count
        self._put = described.array("terms.put")
        self._touched = described.array("terms.touched")
        self._touched_added, self._net = described.array("terms.added"), described.array("terms.documents")
        put_fits = len(self._put) == len(self._splice.at) and _rises(self._put, added.count)
        net_fits = len(self._touched) == len(self._net) == len(self._touched_added)
        inside = ((self._touched_added == NONE) | (self._touched_added < added.count)).all()
        counts = ((self._net > 0) & (self._net <= records)).all()
        if not (put_fits and net_fits and _rises(self._touched, base.count) and inside and counts):
            raise IndexFormatError(described.name, "has terms that cannot be")
        # Looked up for every term of a query; NumPy costs more than it saves for one place.
        self._touched_list = array("I", self._touched.tobytes())
        self._put_list = array("I", self._put.tobytes())

    def key(self, place: int) -> bytes:
        """See `TermFile.key`."""
        is_put, at = self._splice.source(place)
        return self._added.key(int(self._put[at])) if is_put else self._base.key(at)

    def place(self, key: bytes) -> int:
        """See `TermFile.place`."""
        put = bisect_left(self._put_list, self._added.place(key))
        return self._splice.joined(self._base.place(key), put)

    def keys(self, first: int, last: int) -> list[bytes]:
        """See `TermFile.keys`."""
        if first >= last:
            return []
        low, put = self._splice.cut(first)
        high, end = self._splice.cut(last)
        found = self._base.keys(low, high)
        for dead in self._dead_within(low, high)[::-1].tolist():
            del found[dead]
        if put == end:
            return found
        own = [self._added.key(int(place)) for place in self._put[put:end]]
        return list(heapq.merge(found, own))

    def documents(self, first: int, last: int) -> NDArray[np.uint32]:
        """See `TermFile.documents`."""
        low, put = self._splice.cut(first)
        high, end = self._splice.cut(max(first, last))
        counts = self._base.documents(low, high)
        begin, stop = np.searchsorted(self._touched, [low, high])
        counts[self._touched[begin:stop].astype("i8") - low] = self._net[begin:stop]
        counts = np.delete(counts, self._dead_within(low, high))
        own = [self._added.figures_at(int(place)).documents for place in self._put[put:end]]
        there = np.ones(len(counts) + len(own), bool)
        there[self._splice.put[put:end] - first] = False
        found = np.empty(len(there), "u4")
        found[there], found[~there] = counts, own
        return found

    def _dead_within(self, low: int, high: int) -> NDArray[np.int64]:
        """Places of the base that are left out, counted from `low`."""
        begin, stop = np.searchsorted(self._splice.dead, [low, high])
        found: NDArray[np.int64] = self._splice.dead[begin:stop].astype("i8") - low
        return found

    def figures(self, key: bytes) -> SplicedFigures | None:
        """See `TermFile.figures`; what the base has is not looked up in the small index."""
        place = self._base.place(key)
        if place < self._base.count and self._base.key(place) == key:
            return None if self._splice.whole(place) is None else self._of_base(place)
        own = self._added.figures(key)
        return None if own is None else self._joined(own.documents, None, own)

    def figures_at(self, place: int) -> SplicedFigures:
        """See `TermFile.figures_at`."""
        is_put, at = self._splice.source(place)
        if is_put:
            own = self._added.figures_at(int(self._put[at]))
            return self._joined(own.documents, None, own)
        return self._of_base(at)

    def _of_base(self, at: int) -> SplicedFigures:
        theirs = self._base.figures_at(at)
        touched = bisect_left(self._touched_list, at)
        if touched == len(self._touched_list) or self._touched_list[touched] != at:
            return self._joined(theirs.documents, theirs, None)
        added = int(self._touched_added[touched])
        return self._joined(int(self._net[touched]), theirs, None if added == NONE else self._added.figures_at(added))

    def _joined(self, documents: int, base: TermFigures | None, added: TermFigures | None) -> SplicedFigures:
        both = [figures for figures in (base, added) if figures is not None]
        if documents > min(self._documents_in_all, sum(figures.documents for figures in both)):
            raise IndexFormatError(self._name, "counts more rows of a term than there are")
        return SplicedFigures(
            documents, 0, sum(figures.length for figures in both), 0, max(0, self._documents_in_all - 1),
            sum(figures.weight for figures in both), max(figures.max_weight for figures in both),
            min(figures.min_length for figures in both), max(figures.max_length for figures in both), base, added,
        )  # fmt: skip

    def places_containing(self, between: tuple[bytes, bytes], part: bytes, limit: int) -> Iterator[int]:
        """See `TermFile.places_containing`."""
        most = limit + len(self._splice.dead)
        theirs = (self._splice.whole(place) for place in self._base.places_containing(between, part, most))
        own = (self._put_place(place) for place in self._added.places_containing(between, part, self._added.count or 1))
        merged = heapq.merge((p for p in theirs if p is not None), (p for p in own if p is not None))
        yield from islice(merged, limit)

    def _put_place(self, added: int) -> int | None:
        """Where a term of the small index stands in the whole, when the base does not have it."""
        at = bisect_left(self._put_list, added)
        return int(self._splice.put[at]) if at < len(self._put_list) and self._put_list[at] == added else None


def _rises(places: NDArray[np.uint32], below: int) -> bool:
    return not len(places) or (bool((places[1:] > places[:-1]).all()) and int(places[-1]) < below)
