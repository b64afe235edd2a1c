"""Facets: how many of the rows that match have each value of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.hierarchy import Hierarchy, clc_levels, place_levels, tree_levels
from indexer.model import AUDIENCES, TYPES
from indexer.search_filters import HIERARCHIES, NO_AGE, all_of
from indexer.search_request import AGES, SearchRequest, chosen
from indexer.search_years import YearCounts
from indexer.text.main_dynasties import MAIN_DYNASTIES

FACETS = (
    "type", "clc", "tree", "year", "dynasty", "language", "audience", "age", "place", "available", "download",
)  # fmt: skip
MAX_VALUES = 60
PACK = 1 << 13
"""Cells that are counted in one pass."""

_IN_ORDER = {"dynasty": MAIN_DYNASTIES, "age": AGES}

Mask = NDArray[np.bool_]
_Sets = Sequence[tuple[str, ...]]
"""The values that rows of a facet may have together."""
Facets = dict[str, tuple[tuple[str, int], ...]]


class FacetColumns:
    """The columns of all facets of a part, packed: several facets are then counted in one pass.

    Memory: 2 bytes a row for each pack (three to five), 4 when a facet has more values than a pack may hold.
    """

    def __init__(self, files: IndexFiles, parents: Mapping[str, str] | None = None) -> None:
        """Pack the columns of `files`.

        Args:
            files: the index.
            parents: of the places of imported classifications, see `indexer.hierarchy.tree_levels`.
        """
        self.files = files
        levels = {"clc": clc_levels, "tree": tree_levels(parents or {}), "place": place_levels}
        self._trees = {name: Hierarchy(files.tables[column], levels[name]) for name, column in HIERARCHIES.items()}
        columns, tables = files.columns, files.tables
        self._values: dict[str, _Sets] = {
            "type": [(), *((kind,) for kind in TYPES)],
            "audience": [(), *((group,) for group in AUDIENCES)],
            "download": [(), ("no",), ("yes",)],
            "language": [_with_wider(tags) for tags in tables["language"]],
            "dynasty": tables["dynasty"],
        }
        packed = {
            "language": columns["language"],
            "dynasty": columns["dynasty"],
            **{name: _closed(columns[column], len(self._values[name])) for name, column in _CLOSED.items()},
        }
        self._values["age"], packed["age"] = _ages(columns["age_from"], columns["age_to"])
        for name, column in HIERARCHIES.items():
            self._values[name], highest = self._trees[name].highest()
            packed[name] = highest[columns[column]]
        names = {name: values for name, values in self._values.items() if len(values) > 1}
        self._whole: dict[int, NDArray[np.int64]] = {}
        self._packs = [_packed(held, packed, self._values) for held in _packs(names)]

    def passing(self, name: str, values: Sequence[str]) -> NDArray[np.bool_]:
        """Which combinations of a hierarchy's table pass a filter with these values."""
        tree = self._trees[name]
        return tree.starting([value.upper() for value in values]) if name == "clc" else tree.passing(values)

    def tops(self, name: str) -> Sequence[tuple[str, ...]]:
        """The sets of highest values of a hierarchy."""
        return self._values[name]

    def below(self, name: str, nodes: Sequence[str], rows: Ids) -> dict[str, int]:
        """How many of the rows stand on the way down to chosen places of a hierarchy, and one level below them."""
        table = HIERARCHIES[name]
        size = len(self.files.tables[table])
        # Columns were looked at when they were opened; a disk that fails later must not end the search with an error.
        numbers = np.bincount(np.minimum(self.files.columns[table][rows], size - 1), minlength=size)
        found: dict[str, int] = {}
        for node in nodes:
            found.update(self._trees[name].counts(node.upper() if name == "clc" else node, numbers))
        return found

    def count(self, name: str, rows: Ids, known: dict[int, NDArray[np.int64]]) -> list[tuple[str, int]]:
        """How often each value of a facet occurs among the rows; a row of several values counts for each.

        Args:
            name: the facet.
            rows: the rows.
            known: counts of packs over the same rows, filled in here; start with an empty one.
        """
        place = next((place for place, pack in enumerate(self._packs) if name in pack.names), None)
        if place is None:
            return []
        pack = self._packs[place]
        everything = len(rows) == self.files.records
        known = self._whole if everything else known
        if place not in known:
            column = pack.column if everything else pack.column[rows]
            known[place] = np.bincount(column, minlength=int(np.prod(pack.sizes)))
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


_CLOSED = {"type": "type", "audience": "audience", "download": "takehome"}
"""Facets of closed lists, and their columns."""


def _with_wider(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags and those that take them in: zh for zh-Hans."""
    parts = [tag.split("-") for tag in tags]
    return tuple(dict.fromkeys("-".join(part[:end]) for part in parts for end in range(1, len(part) + 1)))


def _closed(column: NDArray[Any], size: int) -> NDArray[Any]:
    """A column of places in a closed list; what stands outside of it counts as none."""
    found: NDArray[Any] = np.where(column < size, column, 0)
    return found


def _ages(first: NDArray[np.uint8], last: NDArray[np.uint8]) -> tuple[list[tuple[str, ...]], NDArray[np.uint16]]:
    """The bands of `AGES` that records are for: sets of bands, and the place of each row's set."""
    bands = [band.split("-") for band in AGES]
    ages = np.arange(256)
    # The first band that ends at or after the youngest, the last one that begins at or before the oldest.
    begin = np.searchsorted([int(high) for _, high in bands], ages)
    begin[NO_AGE] = 0
    end = np.searchsorted([int(low) for low, _ in bands], ages, side="right")
    size = len(bands) + 1
    sets = [tuple(AGES[at // size : at % size]) for at in range(size * size)]
    known = (first != NO_AGE) | (last != NO_AGE)
    return sets, np.where(known, begin[first] * size + end[last], 0).astype("u2")


def _packs(values: Mapping[str, _Sets]) -> list[tuple[str, ...]]:
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


def _packed(names: tuple[str, ...], columns: Mapping[str, Any], values: Mapping[str, _Sets]) -> _Pack:
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
        self._years = YearCounts(request.year_from, request.year_to)

    def add(self, facets: FacetColumns, rows: Ids, masks: dict[str, Mask], readable: Mask, entries: Mask) -> None:
        """Count the rows of a part, for each facet those that pass all filters but its own.

        Args:
            facets: of the part.
            rows: what matches.
            masks: see `indexer.search_filters.filter_masks`.
            readable: likewise.
            entries: likewise.
        """
        common = all_of(masks)
        plain = rows if common is None else rows[common]
        shared: dict[int, NDArray[np.int64]] = {}
        for name in FACETS:
            kept, known, passed = plain, shared, common
            if name in masks:
                passed = all_of(masks, leave_out=name)
                kept, known = rows if passed is None else rows[passed], {}
            if not len(kept):
                continue
            if name == "available":
                able, bare = (
                    int(np.count_nonzero(mask if passed is None else mask[passed])) for mask in (readable, entries)
                )
                self._counts[name].update({"yes": able, "no": len(kept) - able, "catalogue": bare})
            elif name == "year":
                self._years.add(facets.files, kept)
            else:
                for value, number in facets.count(name, kept, known):
                    self._counts[name][value] += number
                if name in masks and name in HIERARCHIES:
                    self._below(name, facets, kept)

    def _below(self, name: str, facets: FacetColumns, rows: Ids) -> None:
        """Count below what is chosen; the highest values, which are counted already, stand as they are."""
        counted = facets.below(name, chosen(getattr(self._request, name)), rows)
        highest = {value for tops in facets.tops(name) for value in tops}
        self._counts[name].update({value: number for value, number in counted.items() if value not in highest})

    def result(self) -> Facets:
        """Facet → `(value, count)`, the most first; dynasties and ages in their order, years with the newest first."""
        found: Facets = {}
        for name, counts in self._counts.items():
            places = {value: place for place, value in enumerate(_IN_ORDER.get(name, ()))}
            ordered = sorted((+counts).items(), key=lambda pair: (places.get(pair[0], 0), -pair[1], pair[0]))
            found[name] = tuple(ordered[:MAX_VALUES])
        found["year"] = tuple(self._years.periods()[:MAX_VALUES])
        return found
