"""Facets: how many of the rows that match have each value of a column."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec_index import IndexFiles
from indexer.hierarchy import Hierarchy, clc_levels, place_levels, tree_levels
from indexer.model import AUDIENCES, TYPES
from indexer.schema import NO_YEAR
from indexer.search_filters import HIERARCHIES, NO_AGE, all_of, that_pass
from indexer.search_profiles import Counts, Numbers, Places, profiles, together
from indexer.search_request import AGES, SearchRequest, chosen
from indexer.search_rows import Rows, marked, rows_of, taken
from indexer.search_years import YEARS, YearCounts, Years, by_year
from indexer.text.main_dynasties import MAIN_DYNASTIES

if TYPE_CHECKING:
    from indexer.search_collector import Matches

FACETS = (
    "type", "clc", "tree", "year", "dynasty", "language", "audience", "age", "place", "available", "download",
)  # fmt: skip
MAX_VALUES = 60
_MANY = 1 << 16
"""Rows that are counted in one pass, by all that is known of them together, which takes a look at all that occurs."""
_MOST, _MORE = 0.85, 0.7
"""Share of all rows from which the others are counted instead; where it is known by row which these are."""
_IN_ORDER = {"dynasty": MAIN_DYNASTIES, "age": AGES}

Mask = NDArray[np.bool_]
_Sets = Sequence[tuple[str, ...]]
"""The values that rows of a facet may have together."""
Facets = dict[str, tuple[tuple[str, int], ...]]


class FacetColumns:
    """The columns of all facets of a part by profiles: a few passes over the rows count all of them.

    Memory: 4 bytes a row as a rule, half of it for years; more where the same values hardly ever come together twice.
    """

    def __init__(self, files: IndexFiles, parents: Mapping[str, str] | None = None) -> None:
        """Put the columns of `files` together.

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
        made: dict[str, Callable[[], Numbers]] = {
            "language": lambda: columns["language"],
            "dynasty": lambda: columns["dynasty"],
        }
        for name, column in _CLOSED.items():
            made[name] = partial(_closed, columns[column], len(self._values[name]))
        self._values["age"] = _age_sets()
        made["age"] = lambda: _ages(columns["age_from"], columns["age_to"])
        for name, column in HIERARCHIES.items():
            self._values[name], highest = self._trees[name].highest()
            made[name] = partial(_taken, highest, columns[column])
        named = {name: (len(values), made[name]) for name, values in self._values.items() if len(values) > 1}
        spans = {name: (1 << 16, partial(_since_no_year, columns[name])) for name in YEARS}
        self._profiles = [*profiles(named), *profiles(spans)]
        self._place = {name: n for n, held in enumerate(self._profiles) for name in held.values}
        self._pair = together(*self._profiles) if len(self._profiles) == 2 else None

    def passing(self, name: str, values: Sequence[str]) -> NDArray[np.bool_]:
        """Which combinations of a hierarchy's table pass a filter with these values."""
        tree = self._trees[name]
        return tree.starting([value.upper() for value in values]) if name == "clc" else tree.passing(values)

    def tops(self, name: str) -> Sequence[tuple[str, ...]]:
        """The sets of highest values of a hierarchy."""
        return self._values[name]

    def below(self, name: str, nodes: Sequence[str], rows: Rows) -> dict[str, int]:
        """How many of the rows stand on the way down to chosen places of a hierarchy, and one level below them."""
        table = HIERARCHIES[name]
        size = len(self.files.tables[table])
        # Columns were looked at when they were opened; a disk that fails later must not end the search with an error.
        numbers = np.bincount(np.minimum(taken(self.files.columns[table], rows), size - 1), minlength=size)
        found: dict[str, int] = {}
        for node in nodes:
            found.update(self._trees[name].counts(node.upper() if name == "clc" else node, numbers))
        return found

    def count(self, name: str, some: Counted) -> list[tuple[str, int]]:
        """How often each value of a facet occurs among rows; a row of several values counts for each."""
        if name not in self._place:
            return []
        numbers, counts = self._counted(name, some)
        values = self._values[name]
        added = np.bincount(numbers, weights=counts).astype("i8")
        held = np.flatnonzero(added)
        return [(value, n) for at, n in zip(held.tolist(), added[held].tolist(), strict=True) for value in values[at]]

    def years(self, some: Counted) -> tuple[Years, Years]:
        """How often each first and each last year occurs among rows."""
        first, last = (self._counted(name, some) for name in YEARS)
        return by_year(*first), by_year(*last)

    def _counted(self, name: str, some: Counted) -> tuple[Numbers, Counts]:
        """Numbers of a column, some perhaps twice, and how many rows have each."""
        place = self._place[name]
        if place not in some.profiles:
            for at, counts in self._counts(place, some):
                held = np.flatnonzero(counts)
                some.profiles[at] = held, counts[held]
        held, counts = some.profiles[place]
        return self._profiles[place].values[name].take(held), counts

    def _counts(self, place: int, some: Counted) -> Iterator[tuple[int, Counts]]:
        """How many rows have each of some profiles, perhaps of others too."""
        rows, less = some.fewer(self.files.records)
        if self._pair is None or len(rows) < _MANY:
            counts = self._profiles[place].count(rows)
            yield place, self._profiles[place].of_all() - counts if less else counts
            return
        both = self._pair.count(rows)
        for at, name in enumerate(("one", "other")):
            whole = self._profiles[at]
            counts = np.bincount(self._pair.values[name], weights=both, minlength=whole.size).astype("i8")
            yield at, whole.of_all() - counts if less else counts


@dataclass(slots=True)
class Counted:
    """Rows of which facets are counted.

    Attributes:
        rows: which. there: by row whether it is one of them, where that is known.
        profiles: place of profiles → those that occur, and how often; filled in by who counts.
    """

    rows: Rows
    there: Mask | None = None
    profiles: dict[int, tuple[Places, Counts]] = field(default_factory=dict)
    _fewer: Rows | None = None

    def fewer(self, records: int) -> tuple[Rows, bool]:
        """The rows, or where these are fewer, and cheap to find, all others of so many; whether it is these."""
        least = records * (_MOST if self.there is None else _MORE)
        if len(self.rows) < least or len(self.rows) == records:
            return self.rows, False
        if self._fewer is None:
            self._fewer = rows_of(~(marked(records, self.rows) if self.there is None else self.there))
        return self._fewer, True


_CLOSED = {"type": "type", "audience": "audience", "download": "takehome"}
"""Facets of closed lists, and their columns."""


def _with_wider(tags: Sequence[str]) -> tuple[str, ...]:
    """The tags and those that take them in: zh for zh-Hans."""
    parts = [tag.split("-") for tag in tags]
    return tuple(dict.fromkeys("-".join(part[:end]) for part in parts for end in range(1, len(part) + 1)))


def _closed(column: NDArray[Any], size: int) -> NDArray[Any]:
    """A column of places in a closed list; what stands outside of it counts as none."""
    found: NDArray[Any] = np.where(column < size, column, 0).astype("u1")
    return found


def _taken(numbers: Numbers, column: NDArray[Any]) -> Numbers:
    return numbers.take(column)


def _age_sets() -> list[tuple[str, ...]]:
    """The sets of bands of `AGES` that records are for: those from one band to before another."""
    size = len(AGES) + 1
    return [tuple(AGES[at // size : at % size]) for at in range(size * size)]


def _ages(first: NDArray[np.uint8], last: NDArray[np.uint8]) -> Numbers:
    """The place of each row's set among `_age_sets`."""
    bands = [band.split("-") for band in AGES]
    ages = np.arange(256)
    # The first band that ends at or after the youngest, the last one that begins at or before the oldest.
    begin = np.searchsorted([int(high) for _, high in bands], ages)
    begin[NO_AGE] = 0
    end = np.searchsorted([int(low) for low, _ in bands], ages, side="right")
    places = (begin.reshape(-1, 1) * (len(bands) + 1) + end).astype("u2")
    places[NO_AGE, NO_AGE] = 0
    return places[first, last]


def _since_no_year(years: NDArray[np.int16]) -> Numbers:
    """Years as numbers from `NO_YEAR` on."""
    return (years.astype("i4") - NO_YEAR).astype("u2")


class FacetCounter:
    """Counts over all parts of one search."""

    def __init__(self, request: SearchRequest) -> None:
        """Start at nothing."""
        self._request = request
        self._counts: dict[str, Counter[str]] = {name: Counter() for name in FACETS}
        self._years = YearCounts(request.year_from, request.year_to)

    def add(self, facets: FacetColumns, match: Matches, masks: dict[str, Mask], readable: Mask, entries: Mask) -> None:
        """Count the rows of a part, for each facet those that pass all filters but its own.

        Args:
            facets: of the part.
            match: what matches.
            masks: see `indexer.search_filters.filter_masks`.
            readable: likewise.
            entries: likewise.
        """
        rows, common = match.rows, all_of(masks)
        plain = Counted(that_pass(rows, common), match.there if common is None else None)
        for name in FACETS:
            some, passed = plain, common
            if name in masks and name != "year":
                passed = all_of(masks, leave_out=name)
                some = Counted(that_pass(rows, passed))
            if not len(some.rows):
                continue
            if name == "available":
                able, bare = (
                    int(np.count_nonzero(mask if passed is None else mask & passed)) for mask in (readable, entries)
                )
                self._counts[name].update({"yes": able, "no": len(some.rows) - able, "catalogue": bare})
            elif name == "year":
                # Rows of other years than those chosen have none that is shown: their own filter holds here too.
                self._years.add(*facets.years(some))
            else:
                for value, number in facets.count(name, some):
                    self._counts[name][value] += number
                if name in masks and name in HIERARCHIES:
                    self._below(name, facets, some.rows)

    def _below(self, name: str, facets: FacetColumns, rows: Rows) -> None:
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
