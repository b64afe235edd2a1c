"""How many of the rows that match fall into each year, decade or century; a row of several counts in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.schema import NO_YEAR

BY_YEAR = 20
BY_DECADE = 400
"""Results over fewer years than these are counted by year and by decade, others by century."""

_FEW = 20_000
"""Rows from which leaving out those without a year costs more than counting them."""

Counts = NDArray[np.int64]
Years = tuple[int, Counts]
"""A first year, and how often it and each that follows it occur."""


class YearCounts:
    """First and last years of rows, put together over several parts."""

    def __init__(self, low: int | None, high: int | None) -> None:
        """Start at nothing; rows outside of the years from `low` to `high` are left out, the others cut to them."""
        self._low, self._high = low, high
        self._starts: list[Years] = []
        self._ends: list[Years] = []

    def add(self, files: IndexFiles, rows: Ids) -> None:
        """Count the rows of a part."""
        first, last = files.columns["year_from"][rows], files.columns["year_to"][rows]
        if self._low is not None or self._high is not None:
            inside = first != NO_YEAR
            if self._low is not None:
                inside &= last >= self._low
            if self._high is not None:
                inside &= first <= self._high
            first, last = first[inside], last[inside]
        self._starts.append(_by_year(first))
        self._ends.append(_by_year(last))

    def periods(self) -> list[tuple[str, int]]:
        """`1999`, or `1990..1999` → how many rows overlap it, the newest first."""
        base, (starts, ends) = _aligned(self._starts, self._ends)
        if self._low is not None and (place := min(self._low - base, len(starts) - 1)) > 0:
            starts[place] += starts[:place].sum()
            starts[:place] = 0
        if self._high is not None and (place := max(self._high - base, 0)) < len(ends):
            ends[place] += ends[place + 1 :].sum()
            ends[place + 1 :] = 0
        begun, ended = np.flatnonzero(starts), np.flatnonzero(ends)
        if not len(begun) or not len(ended) or ended[-1] < begun[0]:
            return []
        kept = slice(int(begun[0]), int(ended[-1]) + 1)
        years = np.arange(kept.start, kept.stop) + base
        step = _step(kept.stop - 1 - kept.start)
        periods = years // step - years[0] // step
        begun, ended = (np.bincount(periods, weights=counts[kept]).astype("i8") for counts in (starts, ends))
        # Rows begun by the end of a period less rows ended before it.
        overlapping = np.cumsum(begun) - np.concatenate([[0], np.cumsum(ended)[:-1]])
        found = [((int(years[0] // step) + at) * step, int(overlapping[at])) for at in np.flatnonzero(overlapping > 0)]
        return [(str(year) if step == 1 else f"{year}..{year + step - 1}", count) for year, count in reversed(found)]


def _by_year(years: NDArray[np.int16]) -> Years:
    """How often each year occurs; what has none is left out."""
    if len(years) < _FEW:
        years = years[years != NO_YEAR]
    base = NO_YEAR if len(years) >= _FEW else int(years.min(initial=0))
    places = years.astype("i8")
    places -= base
    counts = np.bincount(places)
    if base == NO_YEAR:
        counts[0] = 0
    return base, counts


def _aligned(*lists: Sequence[Years]) -> tuple[int, list[Counts]]:
    """Each list put together, all from the same first year on and of one length."""
    every = [years for one in lists for years in one]
    base = min((first for first, _ in every), default=0)
    end = max((first + len(counts) for first, counts in every), default=0)
    totals = []
    for one in lists:
        total = np.zeros(end - base, "i8")
        for first, counts in one:
            total[first - base : first - base + len(counts)] += counts
        totals.append(total)
    return base, totals


def _step(span: int) -> int:
    """Years, decades or centuries, so that there is a list to choose from and not a page of it."""
    return 1 if span < BY_YEAR else 10 if span < BY_DECADE else 100
