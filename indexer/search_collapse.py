"""Results collapse by parent: the issues of a newspaper that match are one line of a page, not three thousand.

Issues, volumes and parts stand under what they belong to; works that a collection (专题库) gathers stay lines of their
own. A family is a parent with its children of one part; a child alone stays a line of its own as well.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.errors import IndexFormatError
from indexer.model import CHILD_LEVELS, LEVELS

BEST = 3
"""Children of a family that a line names."""

_ALONE = 0
_DENSE = 8
"""Families a matching row from which sorting the rows is cheaper than a table of all families."""

Keys = NDArray[np.int64]


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
    """The families of one part. Memory: 4 bytes a row and 12 a family."""

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

    def lines(self, rows: Ids, keys: Keys) -> NDArray[np.bool_] | None:
        """Which rows stand for a line: those alone, and the greatest key of each family; None when all do."""
        family = self.family[rows]
        members = np.flatnonzero(family)
        if not len(members):
            return None
        kept = np.ones(len(rows), bool)
        kept[members] = _greatest(family[members], keys[members], len(self.parents))
        return None if kept.all() else kept

    def families(self, rows: Ids, keys: Keys, wanted: Iterable[int]) -> dict[int, Family]:
        """What matched of the families of some rows: row → family, only where a line stands for more than itself.

        Args:
            rows: all that match.
            keys: what orders them, the greatest first.
            wanted: rows that stand for a line.
        """
        numbers = {row: int(self.family[row]) for row in wanted}
        asked = np.unique([number for number in numbers.values() if number])
        if not len(asked):
            return {}
        chosen = np.isin(self.family[rows], asked) & self.child[rows]
        inside, ranks = rows[chosen], keys[chosen]
        found: dict[int, Family] = {}
        for row, number in numbers.items():
            mine = self.family[inside] == number
            count, parent = int(mine.sum()), int(self.parents[number])
            if number == _ALONE or not count or (count == 1 and not self._matches(parent, number, rows)):
                continue
            best = inside[mine][np.argsort(-ranks[mine], kind="stable")[:BEST]]
            shown = bool(self._visible[parent])
            found[row] = Family(parent, shown, count, int(self.totals[number]), tuple(best.tolist()))
        return found

    def _matches(self, parent: int, number: int, rows: Ids) -> bool:
        """Whether a parent stands in the line of its own family; one that has a parent itself stands in that one's."""
        return int(self.family[parent]) == number and bool((rows == parent).any())

    def others(self, row: int, rows: Ids, keys: Keys, most: int) -> list[int]:
        """Rows of the same family as `row` that match, itself left out, the best first, at most `most`."""
        number = int(self.family[row])
        if number == _ALONE:
            return []
        places = np.flatnonzero((self.family[rows] == number) & (rows != row))
        ordered = places[np.argsort(-keys[places], kind="stable")[:most]]
        return [int(found) for found in rows[ordered]]


def _greatest(numbers: Ids, keys: Keys, families: int) -> NDArray[np.bool_]:
    """Which places hold the greatest key of their family; keys differ from each other."""
    if len(numbers) * _DENSE > families:
        best = np.full(families, np.iinfo("i8").min, "i8")
        np.maximum.at(best, numbers, keys)
        greatest: NDArray[np.bool_] = keys == best[numbers]
        return greatest
    order = np.lexsort((keys, numbers))
    last = np.ones(len(order), bool)
    last[:-1] = numbers[order][1:] != numbers[order][:-1]
    kept = np.zeros(len(order), bool)
    kept[order[last]] = True
    return kept
