"""How many of the rows that match fall into each year, decade or century; a row of several counts in each."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from indexer.schema import NO_YEAR
from indexer.search_profiles import Counts, Numbers

BY_YEAR = 20
BY_DECADE = 400
"""Results over fewer years than these are counted by year and by decade, others by century."""

YEARS = ("year_from", "year_to")
"""The columns that hold them."""

Years = tuple[int, Counts]
"""A first year, and how often it and each that follows it occur."""


class YearCounts:
    """First and last years of rows, put together over several parts."""

    def __init__(self, low: int | None, high: int | None) -> None:
        """Start at nothing; years before `low` count as it, and those after `high` as that."""
        self._low, self._high = low, high
        self._starts: list[Years] = []
        self._ends: list[Years] = []

    def add(self, starts: Years, ends: Years) -> None:
        """Take in what first and what last years the rows of a part have."""
        self._starts.append(starts)
        self._ends.append(ends)

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


def by_year(years: Numbers, counts: Counts) -> Years:
    """How often each year occurs; what has none is left out.

    Args:
        years: counted from `NO_YEAR`, which itself is none.
        counts: how often each of them occurs, which may stand there twice.
    """
    known = np.flatnonzero(years)
    places, often = years.take(known).astype("i8"), counts.take(known)
    base = min(-NO_YEAR, int(places.min(initial=-NO_YEAR)))
    return base + NO_YEAR, np.bincount(places - base, weights=often).astype("i8")


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
