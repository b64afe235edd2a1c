"""Rows that may match, with their scores and which of them certainly do; both of two, and any of several."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.search_collector import Mask, Scores
from indexer.search_rows import Rows, distinct, kept, mark, pieces, rows_of, taken

_SHARE = 32
"""Of so many rows of the index one must be held for a table of all rows to be cheaper than sorting those held."""
_SEEKS = 16
"""Of so many rows of the index one must be looked up for a table of all rows to be cheaper than halving for each."""


@dataclass(slots=True)
class Held:
    """Rows, ascending.

    Attributes:
        rows: that may match. scores: of each. certain: which of them do; None: all.
        there: by row of the index whether it is one of them, where that is known.
    """

    rows: Rows
    scores: Scores
    certain: Mask | None
    there: Mask | None = None

    def sure(self) -> Mask:
        """Which of them certainly match."""
        return np.ones(len(self.rows), bool) if self.certain is None else self.certain

    def kept(self, mask: Mask) -> Held:
        """Some of them."""
        return Held(
            kept(self.rows, mask), kept(self.scores, mask), None if self.certain is None else kept(self.certain, mask)
        )


def nothing() -> Held:
    """No rows."""
    return Held(np.zeros(0, "u4"), np.zeros(0, "f4"), None)


def places_of(rows: Rows, wanted: Rows, records: int) -> NDArray[np.intp]:
    """For each wanted row its place among `rows`, -1 where it is not; both ascend. The index has so many records."""
    if not len(rows):
        return np.full(len(wanted), -1, np.intp)
    if len(wanted) * _SEEKS >= records:
        table = np.full(records, -1, "i4")
        mark(table, rows, np.arange(len(rows), dtype="i4"))
        return taken(table, wanted).astype(np.intp)
    places = np.searchsorted(rows, wanted)
    places[places == len(rows)] = 0
    return np.where(rows.take(places) == wanted, places, -1)


def both(one: Held, two: Held, records: int) -> Held:
    """Rows of both, with the sum of their scores."""
    if len(two.rows) < len(one.rows):
        one, two = two, one
    places = places_of(two.rows, one.rows, records)
    shared = one.kept(places >= 0)
    others = places.compress(places >= 0)
    certain = None if one.certain is None and two.certain is None else shared.sure() & two.sure()[others]
    return Held(shared.rows, shared.scores + two.scores.take(others), certain)


class Union:
    """Rows of any of several, with the sum of their scores in the order in which they come.

    Few are kept as they are; from a share of all rows on a table of all is cheaper, and takes no more memory however
    many are added.
    """

    def __init__(self, records: int) -> None:
        """Start with nothing, of an index of so many rows."""
        self._records, self._count = records, 0
        self._few: list[Held] = []
        self._scores: Scores | None = None
        self._there: Mask | None = None
        self._sure: Mask | None = None

    def add(self, held: Held) -> None:
        """Take rows in."""
        if not len(held.rows):
            return
        self._few.append(held)
        self._count += len(held.rows)
        if self._scores is not None or (len(self._few) > 1 and self._count * _SHARE >= self._records):
            for one in self._few:
                self._put(one)
            self._few.clear()

    def result(self) -> Held:
        """All that came."""
        if self._scores is None:
            return self._sorted()
        there = self._all(self._scores)
        rows = rows_of(there)
        return Held(rows, taken(self._scores, rows), None if self._sure is None else taken(self._sure, rows), there)

    def _put(self, held: Held) -> None:
        first = self._scores is None
        if self._scores is None:
            self._scores = np.zeros(self._records, "f4")
        before = self._scores
        if self._there is None and not held.scores.min() > 0:
            self._there = before > 0
        if held.certain is not None and self._sure is None:
            self._sure = self._all(before).copy()  # what came before is certain
        for piece in pieces(len(held.rows)):
            rows = held.rows[piece].astype(np.intp)
            before[rows] = held.scores[piece] if first else before.take(rows) + held.scores[piece]
        if self._there is not None:
            mark(self._there, held.rows)
        if self._sure is not None:
            mark(self._sure, held.rows if held.certain is None else kept(held.rows, held.certain))

    @property
    def is_table(self) -> bool:
        """Whether so many rows came that a table holds them."""
        return self._scores is not None

    def leave_out(self, rows: Rows) -> None:
        """Leave rows out of what came so far, where it is a table."""
        for table in (self._scores, self._there, self._sure):
            if table is not None:
                mark(table, rows, 0)

    def _all(self, scores: Scores) -> Mask:
        """By row whether it came: as a rule those that have a score."""
        return scores > 0 if self._there is None else self._there

    def _sorted(self) -> Held:
        if len(self._few) < 2:
            return self._few[0] if self._few else nothing()
        rows = distinct([held.rows for held in self._few])
        scores = np.zeros(len(rows), "f4")
        certain = None if all(held.certain is None for held in self._few) else np.zeros(len(rows), bool)
        for held in self._few:
            places = np.searchsorted(rows, held.rows)
            scores[places] += held.scores
            if certain is not None:
                certain[places] |= held.sure()
        return Held(rows, scores, certain)
