"""Filters and facets: masks over the rows that match, and counts by column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.model import AUDIENCES, TYPES
from indexer.schema import NO_YEAR
from indexer.search_request import SearchRequest

FACETS = ("type", "clc", "year", "language", "available", "dynasty")
MAX_VALUES = 40
PACK = 1 << 14
"""Cells that are counted in one pass."""

BY_YEAR = 20
BY_DECADE = 400
"""Results over fewer years than these are counted by year and by decade, others by century."""

CHILDREN = AUDIENCES.index("children") + 1
"""Column `audience` of what the children's face shows."""

Mask = NDArray[np.bool_]
Years = NDArray[np.int32]
Facets = dict[str, tuple[tuple[str, int], ...]]


def readable_rows(files: IndexFiles, rows: Ids, here: Mask) -> Mask:
    """Which of the rows can be read now.

    Args:
        files: the index.
        rows: rows of it.
        here: by row of the catalogue: whether a file of it is on a drive that is here.
    """
    able: Mask = files.columns["readable"][rows] == 1
    # An index is a stranger's: a row that there is not must not end the search.
    able &= here.take(files.columns["rid"][rows], mode="clip") if len(here) else False
    return able


def filter_masks(
    files: IndexFiles, rows: Ids, request: SearchRequest, within: int | None = None, readable: Mask | None = None
) -> dict[str, Mask]:
    """Facet → which of the rows pass its filter; only filters that are set. `face` and `within` are some too.

    Args:
        files: the index.
        rows: what matches.
        request: the filters.
        within: row of the parent that `request.within` names, None when this part does not hold it.
        readable: which of the rows can be read now; None: all that have something to read.
    """
    columns, masks = files.columns, {}
    if request.within:
        parents = columns["parent"][rows]
        masks["within"] = np.zeros(len(rows), bool) if within is None else parents == np.uint32(within + 1)
    if request.face == "child":
        masks["face"] = columns["audience"][rows] == CHILDREN
    if request.type:
        masks["type"] = columns["type"][rows] == TYPES.index(request.type) + 1
    if request.available:
        able = columns["readable"][rows] == 1 if readable is None else readable
        masks["available"] = able if request.available == "yes" else ~able
    if request.clc:
        wanted = request.clc.upper()
        masks["clc"] = _of_table(files, "class", rows, lambda code: code.startswith(wanted))
    if request.language:
        tag = request.language.lower()
        masks["language"] = _of_table(files, "language", rows, lambda held: (held.lower() + "-").startswith(tag + "-"))
    if request.year_from is not None or request.year_to is not None:
        masks["year"] = _years(files, rows, request)
    return masks


def _of_table(files: IndexFiles, table: str, rows: Ids, passes: Callable[[str], bool]) -> Mask:
    """Which rows hold a value of a table that passes."""
    combinations = files.tables[table]
    passing = np.fromiter((any(map(passes, values)) for values in combinations), bool, len(combinations))
    # Columns were looked at when they were opened; a disk that fails later must not end the search with an error.
    return passing.take(files.columns[table][rows], mode="clip")


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


class FacetColumns:
    """The columns of all facets of a part, packed: several facets are then counted in one pass.

    Memory: 2 bytes a row for each pack (usually one or two), 4 when a facet has more values than a pack may hold.
    """

    def __init__(self, files: IndexFiles) -> None:
        """Pack the columns of `files`."""
        self.files = files
        self._values: dict[str, list[tuple[str, ...]]] = {
            "type": [(), *((kind,) for kind in TYPES)],
            "available": [("no",), ("yes",)],
            "language": files.tables["language"],
            "dynasty": files.tables["dynasty"],
        }
        self._values["clc"], main_class = _main_classes(files.tables["class"])
        columns = {
            "type": np.where(files.columns["type"] <= len(TYPES), files.columns["type"], 0),
            "available": files.columns["readable"] == 1,
            "language": files.columns["language"],
            "dynasty": files.columns["dynasty"],
            "clc": main_class[files.columns["class"]],
        }
        self._packs = [_packed(names, columns, self._values) for names in _packs(self._values)]

    def count(self, name: str, rows: Ids, known: dict[int, NDArray[np.int64]]) -> list[tuple[str, int]]:
        """How often each value of a facet occurs among the rows; a row of several values counts for each.

        Args:
            name: the facet.
            rows: the rows.
            known: counts of packs over the same rows, filled in here; start with an empty one.
        """
        place = next(place for place, pack in enumerate(self._packs) if name in pack.names)
        pack = self._packs[place]
        if place not in known:
            known[place] = np.bincount(pack.column[rows], minlength=int(np.prod(pack.sizes)))
        others = tuple(axis for axis, other in enumerate(pack.names) if other != name)
        counts = known[place].reshape(pack.sizes).sum(axis=others)
        values = self._values[name]
        held = np.flatnonzero(counts)
        return [(value, n) for at, n in zip(held.tolist(), counts[held].tolist(), strict=True) for value in values[at]]


@dataclass(frozen=True, slots=True)
class _Pack:
    names: tuple[str, ...]
    sizes: tuple[int, ...]
    column: NDArray[np.unsignedinteger]


def _main_classes(combinations: list[tuple[str, ...]]) -> tuple[list[tuple[str, ...]], NDArray[np.uint32]]:
    """The sets of main classes that combinations of class numbers have, and the place of each combination's set."""
    places: dict[tuple[str, ...], int] = {}
    found = [places.setdefault(tuple(sorted({code[:1] for code in codes})), len(places)) for codes in combinations]
    return list(places), np.array(found, "u4")


def _packs(values: dict[str, list[tuple[str, ...]]]) -> list[tuple[str, ...]]:
    """Facets that are counted together, the smallest first, so that a pack has at most `PACK` cells."""
    packs: list[list[str]] = [[]]
    cells = 1
    for name in sorted(values, key=lambda name: len(values[name])):
        cells *= len(values[name])
        if cells > PACK and packs[-1]:
            packs.append([])
            cells = len(values[name])
        packs[-1].append(name)
    return [tuple(pack) for pack in packs]


def _packed(names: tuple[str, ...], columns: dict[str, Any], values: dict[str, list[tuple[str, ...]]]) -> _Pack:
    sizes = tuple(len(values[name]) for name in names)
    packed = np.zeros(len(columns[names[0]]), "u4")
    for name, size in zip(names, sizes, strict=True):
        packed *= np.uint32(size)
        packed += columns[name]
    return _Pack(names, sizes, packed.astype("u2") if np.prod(sizes) <= 1 << 16 else packed)


class FacetCounter:
    """Counts over all parts of one search."""

    def __init__(self, request: SearchRequest) -> None:
        """Start at nothing."""
        self._request = request
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        self._years: list[tuple[Years, Years]] = []

    def add(self, facets: FacetColumns, rows: Ids, masks: dict[str, Mask], readable: Mask | None = None) -> None:
        """Count the rows of a part, for each facet those that pass all filters but its own.

        Args:
            facets: of the part.
            rows: what matches.
            masks: see `filter_masks`.
            readable: likewise.
        """
        common = all_of(masks)
        plain = rows if common is None else rows[common]
        shared: dict[int, NDArray[np.int64]] = {}
        for name in FACETS:
            chosen, known, passed = plain, shared, common
            if name in masks:
                passed = all_of(masks, leave_out=name)
                chosen, known = rows if passed is None else rows[passed], {}
            if not len(chosen):
                continue
            if name == "available" and readable is not None:
                able = int(np.count_nonzero(readable if passed is None else readable[passed]))
                self._counts[name].update({"yes": able, "no": len(chosen) - able})
            elif name == "year":
                self._years.append(_years_inside(facets.files, chosen, self._request))
            else:
                for value, number in facets.count(name, chosen, known):
                    self._counts[name][value] += number

    def result(self) -> Facets:
        """Facet → `(value, count)`, the most first; years in their order, the newest first."""
        found: Facets = {}
        for name, counts in self._counts.items():
            ordered = sorted((+counts).items(), key=lambda pair: (-pair[1], pair[0]))
            found[name] = tuple(ordered[:MAX_VALUES])
        if self._years:
            first, last = (np.concatenate(years) for years in zip(*self._years, strict=True))
            ordered = sorted(_periods(first, last).items(), key=lambda pair: -_first_year(pair[0]))
            found["year"] = tuple(ordered[:MAX_VALUES])
        return found


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
