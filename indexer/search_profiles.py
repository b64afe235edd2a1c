"""Rows by the values that they have in several columns: rows of one profile have all of them alike.

A national library's million records have some thousand profiles. Which rows there are of each is counted in one pass
over the rows, whatever the number of columns; what each column holds is then added up over the profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.search_rows import AT_ONCE, Rows, pieces, taken

MOST = 1 << 16
"""Profiles that one number of 16 bits tells apart; columns that make more are counted apart."""
CELLS = 1 << 22
"""Combinations of which those that occur are marked in a table while profiles are made: a byte and 4 bytes each."""

Numbers = NDArray[np.unsignedinteger[Any]]
Places = NDArray[np.intp]
Counts = NDArray[np.int64]


@dataclass(slots=True)
class Profiles:
    """Some columns of a part, seen together. Memory: 2 bytes a row, 4 when there are more than `MOST`.

    Attributes:
        of_row: the profile of each row.
        values: column → its value in each profile.
    """

    of_row: Numbers
    values: Mapping[str, Numbers]
    _all: Counts | None = None

    @property
    def size(self) -> int:
        """How many profiles there are."""
        return max(map(len, self.values.values()), default=0)

    def of_all(self) -> Counts:
        """How many rows have each profile; any thread may ask, it must not be changed."""
        if self._all is None:
            self._all = np.bincount(self.of_row, minlength=self.size)
        return self._all

    def count(self, rows: Rows) -> Counts:
        """How many of the rows, none of them twice, have each profile."""
        if len(rows) == len(self.of_row):
            return self.of_all()
        if self.size > AT_ONCE:
            return np.bincount(taken(self.of_row, rows), minlength=self.size)
        counts = np.zeros(self.size, np.int64)
        for piece in pieces(len(rows)):
            counts += np.bincount(self.of_row.take(rows[piece]), minlength=self.size)
        return counts


def profiles(columns: Mapping[str, tuple[int, Callable[[], Numbers]]], most: int = MOST) -> list[Profiles]:
    """Columns put together, those of few values first, as long as there are no more than `most` profiles of them.

    Args:
        columns: name → what all its numbers are below, and the numbers by row, made when it is their turn.
        most: profiles; one column alone may have more.
    """
    found: list[Profiles] = []
    for name in sorted(columns, key=lambda name: columns[name][0]):
        numbers = columns[name][1]()
        joined = _joined(found[-1], name, numbers, most) if found else None
        if joined is None:
            of_row, held = _few(numbers)
            found.append(Profiles(of_row, {name: held}))
        else:
            found[-1] = joined
    return found


def together(one: Profiles, other: Profiles) -> Profiles | None:
    """Two of them in one, whose `values` are the profiles of each, `one` and `other`; None when they are too many."""
    first = Profiles(one.of_row, {"one": np.arange(one.size, dtype="u4")})
    return _joined(first, "other", other.of_row, MOST)


def _joined(before: Profiles, name: str, numbers: Numbers, most: int) -> Profiles | None:
    """Profiles with another column; None when they are too many."""
    size = int(numbers.max(initial=0)) + 1
    held: Numbers | None = None
    if before.size * size > CELLS:
        numbers, held = _few(numbers)
        size = len(held)
    if before.size * size > CELLS:
        return None
    made = _narrow(lambda at: before.of_row[at].astype(np.intp) * size + numbers[at], len(numbers), before.size * size)
    if len(made[1]) > most:
        return None
    of_row, distinct = made
    values = {old: column[distinct // size] for old, column in before.values.items()}
    own = (distinct % size).astype("u4")
    return Profiles(of_row, {**values, name: own if held is None else held[own]})


def _few(column: Numbers) -> tuple[Numbers, Numbers]:
    """The column by the places of its values among those that occur, and these."""
    size = int(column.max(initial=0)) + 1
    if size > CELLS:
        distinct, of_row = np.unique(column, return_inverse=True)
        return of_row.astype("u4"), distinct
    narrow, places = _narrow(lambda at: column[at].astype(np.intp), len(column), size)
    return narrow, places.astype("u4")


def _narrow(numbers: Callable[[slice], Places], length: int, cells: int) -> tuple[Numbers, Places]:
    """Numbers below `cells` by their places among those that occur, and these; they are made twice, piece by piece."""
    there = np.zeros(cells, bool)
    for piece in pieces(length):
        there[numbers(piece)] = True
    distinct = np.flatnonzero(there)
    places = np.zeros(cells, "u4" if len(distinct) > MOST else "u2")
    places[distinct] = np.arange(len(distinct))
    found = np.empty(length, places.dtype)
    for piece in pieces(length):
        found[piece] = places.take(numbers(piece))
    return found, distinct
