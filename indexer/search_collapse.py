"""Results collapse by parent: the issues of a newspaper that match are one line of a page, not three thousand.

Issues, volumes and parts stand under what they belong to; works that a collection (专题库) gathers stay lines of their
own. A family is a parent with its children of one part; a child alone stays a line of its own as well.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.errors import IndexFormatError
from indexer.model import CHILD_LEVELS, LEVELS
from indexer.search_best import best_places
from indexer.search_rows import Rows, marked, taken

BEST = 3
"""Children of a family that a line names."""

_ALONE = 0
_DENSE = 8
"""Families a matching row from which sorting the rows is cheaper than a table of all families."""

Keys = NDArray[np.signedinteger[Any]]
Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Family:
    """What matched of one family.

    Attributes:
        parent: row of the parent, which need not match. shown: whether the parent may be shown at all.
        count: children that match. total: children that there are.
        best: rows of up to `BEST` matching children, the best first.
    """

    parent: int
    shown: bool
    count: int
    total: int
    best: tuple[int, ...]


class Families:
    """The families of one part. Memory: 5 bytes a row, 4 more a row of a family, and 20 a family."""

    def __init__(self, files: IndexFiles, visible: NDArray[np.bool_]) -> None:
        """Number the parents that have children.

        Raises:
            IndexFormatError: a parent is no row of this index.
        """
        parent, level = files.columns["parent"], files.columns["level"]
        if files.records and int(parent.max()) > files.records:
            raise IndexFormatError(files.name, "column parent points outside the index")
        collapsed = np.isin(level, [LEVELS.index(name) + 1 for name in CHILD_LEVELS])
        self.child = (parent > 0) & collapsed
        self._visible = visible
        has_children = np.zeros(files.records + 1, bool)
        has_children[parent[self.child]] = True
        numbers = np.cumsum(has_children, dtype="u4")
        self.parents: Ids = np.concatenate([[0], np.flatnonzero(has_children) - 1]).astype("u4")
        own = np.where(has_children[1:], numbers[1:], _ALONE)
        self.family: Ids = np.where(self.child, numbers[parent], own).astype("u4")
        members = self.family[self.child & visible]
        self.totals = np.bincount(members, minlength=len(self.parents)).astype("u4")
        inside = np.flatnonzero(self.family)
        # By family, then by row.
        self._members = inside[np.argsort(self.family[inside], kind="stable")].astype("u4")
        self._starts = np.cumsum(np.bincount(self.family, minlength=len(self.parents))) - len(self.family) + len(inside)

    def count(self, rows: Rows, there: Mask | None = None) -> int:
        """How many lines the rows, none of them twice, make: one for each family and each row that is in none.

        Args:
            rows: which.
            there: by row whether it is one of them, where that is known.
        """
        if len(rows) == len(self.family):
            return len(rows) - len(self._members) + len(self.parents) - 1
        if len(rows) > len(self._members) or there is not None:
            held = taken(marked(len(self.family), rows) if there is None else there, self._members)
            met = np.logical_or.reduceat(held, self._starts[:-1])
            return len(rows) - int(np.count_nonzero(held)) + int(np.count_nonzero(met))
        numbers = taken(self.family, rows)
        met = np.zeros(len(self.parents), bool)
        met[numbers] = True
        met[_ALONE] = False
        return len(rows) - int(np.count_nonzero(numbers)) + int(np.count_nonzero(met))

    def lines(self, rows: Rows, keys: Keys) -> Mask | None:
        """Which rows stand for a line: those alone, and the greatest key of each family; None when all do."""
        family = taken(self.family, rows)
        members = np.flatnonzero(family)
        if not len(members):
            return None
        kept = np.ones(len(rows), bool)
        kept[members] = _greatest(family.take(members), keys.take(members), len(self.parents))
        return None if kept.all() else kept

    def families(self, rows: Rows, rank: Callable[[Places], Keys], wanted: Iterable[int]) -> dict[int, Family]:
        """What matched of the families of some rows: row → family, only where a line stands for more than itself.

        Args:
            rows: all that match, ascending.
            rank: what orders those at some places, the greatest first, then the first row.
            wanted: rows that stand for a line.
        """
        found: dict[int, Family] = {}
        for row in wanted:
            number = int(self.family[row])
            if number == _ALONE:
                continue
            places = self._places(number, rows)
            children = places.compress(self.child.take(rows.take(places)))
            count, parent = len(children), int(self.parents[number])
            # A parent that has a parent itself stands in the line of that one.
            if not count or (count == 1 and not (int(self.family[parent]) == number and parent in rows.take(places))):
                continue
            best = rows.take(children[best_places(rank(children), BEST)[:BEST]])
            shown = bool(self._visible[parent])
            found[row] = Family(parent, shown, count, int(self.totals[number]), tuple(best.tolist()))
        return found

    def others(self, row: int, rows: Rows, rank: Callable[[Places], Keys], most: int) -> list[int]:
        """Rows of the same family as `row` that match, itself left out, the best first, at most `most`."""
        number = int(self.family[row])
        if number == _ALONE:
            return []
        places = self._places(number, rows)
        places = places.compress(rows.take(places) != row)
        found: list[int] = rows.take(places[best_places(rank(places), most)[:most]]).tolist()
        return found

    def _places(self, number: int, rows: Rows) -> Places:
        """Where the rows of a family stand among rows that ascend."""
        members = self._members[self._starts[number - 1] : self._starts[number]]
        if len(members) > len(rows):
            return np.flatnonzero(self.family.take(rows) == number)
        places = np.searchsorted(rows, members)
        places[places == len(rows)] = 0
        return places.compress(rows.take(places) == members)


def _greatest(numbers: Ids, keys: Keys, families: int) -> NDArray[np.bool_]:
    """Which places hold the greatest key of their family; keys differ from each other."""
    if len(numbers) * _DENSE > families:
        best = np.full(families, np.iinfo(keys.dtype).min, keys.dtype)
        np.maximum.at(best, numbers, keys)
        greatest: NDArray[np.bool_] = keys == best[numbers]
        return greatest
    order = np.lexsort((keys, numbers))
    last = np.ones(len(order), bool)
    last[:-1] = numbers[order][1:] != numbers[order][:-1]
    kept = np.zeros(len(order), bool)
    kept[order[last]] = True
    return kept
