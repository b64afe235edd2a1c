"""Filters and facets: masks over the rows that match, and counts by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.model import AUDIENCES, TYPES
from indexer.schema import NO_YEAR
from indexer.search_request import SearchRequest

FACETS = ("type", "clc", "year", "language", "available", "dynasty")
MAX_VALUES = 40
BY_YEAR = 20
BY_DECADE = 400
"""Results over fewer years than these are counted by year and by decade, others by century."""

Mask = NDArray[np.bool_]
Years = NDArray[np.int32]
Facets = dict[str, tuple[tuple[str, int], ...]]


def filter_masks(files: IndexFiles, rows: Ids, request: SearchRequest) -> dict[str, Mask]:
    """Facet → which of the rows pass its filter; only filters that are set. `face` is one too."""
    columns, masks = files.columns, {}
    if request.face == "child":
        masks["face"] = columns["audience"][rows] == AUDIENCES.index("children") + 1
    if request.type:
        masks["type"] = columns["type"][rows] == TYPES.index(request.type) + 1
    if request.available:
        masks["available"] = columns["readable"][rows] == int(request.available == "yes")
    if request.clc:
        wanted = request.clc.upper()
        masks["clc"] = _of_table(files, "class", lambda code: code.startswith(wanted))[columns["class"][rows]]
    if request.language:
        tag = request.language.lower()
        passes = _of_table(files, "language", lambda held: (held.lower() + "-").startswith(tag + "-"))
        masks["language"] = passes[columns["language"][rows]]
    if request.year_from is not None or request.year_to is not None:
        masks["year"] = _years(files, rows, request)
    return masks


def _of_table(files: IndexFiles, table: str, passes: Callable[[str], bool]) -> Mask:
    """Which combinations of a table hold a value that passes."""
    combinations = files.tables[table]
    return np.fromiter((any(map(passes, values)) for values in combinations), bool, len(combinations))


def _years(files: IndexFiles, rows: Ids, request: SearchRequest) -> Mask:
    first, last = files.columns["year_from"][rows], files.columns["year_to"][rows]
    mask: Mask = first != NO_YEAR
    if request.year_from is not None:
        mask &= last >= request.year_from
    if request.year_to is not None:
        mask &= first <= request.year_to
    return mask


def all_of(masks: dict[str, Mask], leave_out: str = "") -> Mask | None:
    """The rows that pass all filters but one; None when every row does."""
    chosen = [mask for name, mask in masks.items() if name != leave_out]
    if not chosen:
        return None
    passed = chosen[0].copy()
    for mask in chosen[1:]:
        passed &= mask
    return passed


class FacetCounter:
    """Counts over all parts of one search."""

    def __init__(self, request: SearchRequest) -> None:
        """Start at nothing."""
        self._request = request
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        self._years: list[tuple[Years, Years]] = []

    def add(self, files: IndexFiles, rows: Ids, masks: dict[str, Mask]) -> None:
        """Count the rows of a part, for each facet those that pass all filters but its own."""
        common = all_of(masks)
        plain = rows if common is None else rows[common]
        for name in FACETS:
            chosen = plain
            if name in masks:
                others = all_of(masks, leave_out=name)
                chosen = rows if others is None else rows[others]
            if len(chosen):
                self._count(name, files, chosen)

    def _count(self, name: str, files: IndexFiles, rows: Ids) -> None:
        counts = self._counts[name]
        if name == "year":
            self._years.append(_years_inside(files, rows, self._request))
        elif name == "type":
            for place, number in _held(files.columns["type"][rows]):
                if 0 < place <= len(TYPES):
                    counts[TYPES[place - 1]] += number
        elif name == "available":
            for place, number in _held(files.columns["readable"][rows]):
                counts["yes" if place else "no"] += number
        else:
            table = "class" if name == "clc" else name
            for place, number in _held(files.columns[table][rows]):
                values = files.tables[table][place]
                for value in {v[:1] for v in values} if name == "clc" else values:
                    counts[value] += number

    def result(self) -> Facets:
        """Facet → `(value, count)`, the most first; years in their order, the newest first."""
        found: Facets = {}
        for name, counts in self._counts.items():
            ordered = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
            found[name] = tuple(ordered[:MAX_VALUES])
        if self._years:
            first, last = (np.concatenate(years) for years in zip(*self._years, strict=True))
            ordered = sorted(_periods(first, last).items(), key=lambda pair: -_first_year(pair[0]))
            found["year"] = tuple(ordered[:MAX_VALUES])
        return found


def _held(values: NDArray[np.unsignedinteger]) -> list[tuple[int, int]]:
    """Numbers that occur, with how often."""
    counts = np.bincount(values)
    places = np.flatnonzero(counts)
    return list(zip(places.tolist(), counts[places].tolist(), strict=True))


def _years_inside(files: IndexFiles, rows: Ids, request: SearchRequest) -> tuple[Years, Years]:
    """First and last years of the dated rows, cut to the years asked for; rows outside are left out."""
    first, last = files.columns["year_from"][rows].astype("i4"), files.columns["year_to"][rows].astype("i4")
    low = NO_YEAR + 1 if request.year_from is None else request.year_from
    high = -NO_YEAR if request.year_to is None else request.year_to
    inside = (first != NO_YEAR) & (last >= first) & (last >= low) & (first <= high)
    return np.maximum(first[inside], low), np.minimum(last[inside], high)


def _periods(first: Years, last: Years) -> Counter[str]:
    """How many rows overlap each period; a row of several periods counts in each."""
    counts: Counter[str] = Counter()
    if not len(first):
        return counts
    step = _step(int(last.max()) - int(first.min()))
    base = int(first.min()) // step
    starts = np.bincount(first // step - base)
    ends = np.bincount(last // step - base, minlength=len(starts))
    starts = np.pad(starts, (0, len(ends) - len(starts)))
    # Rows begun by the end of a period less rows ended before it.
    overlapping = np.cumsum(starts) - np.concatenate([[0], np.cumsum(ends)[:-1]])
    for place in np.flatnonzero(overlapping).tolist():
        year = (place + base) * step
        counts[str(year) if step == 1 else f"{year}..{year + step - 1}"] = int(overlapping[place])
    return counts


def _step(span: int) -> int:
    """Years, decades or centuries, so that there is a list to choose from and not a page of it."""
    return 1 if span < BY_YEAR else 10 if span < BY_DECADE else 100


def _first_year(value: str) -> int:
    return int(value.partition("..")[0])
