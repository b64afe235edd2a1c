"""How many resources stand at each class, dynasty, place and time: counted once over the columns, then only looked up.

A resource counts at every value that it has, and at everything above that value: I242 counts at I, I2, I24 and I242.
Issues, volumes and parts count with what they belong to, once, as they are one line of a result.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.hierarchy import place_levels
from indexer.kept_answers import KeptAnswers
from indexer.model import AUDIENCES
from indexer.schema import NO_YEAR
from indexer.search_collector import PartIndex

_CHILDREN = AUDIENCES.index("children") + 1
MOST_PAIRS = 200_000
"""Values of issues and volumes, other than their parent's, that are looked at one by one; beyond, counts are about."""

_MOST_LEVELS = 12

Levels = Callable[[str], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Tally:
    """Node → lines of a result that stand at it or below it. `exact`: whether these are all."""

    counts: dict[str, int]
    exact: bool = True

    def below(self, node: str) -> list[tuple[str, int]]:
        """The nodes one step below a class that hold something, in order; steps that part nothing are passed over."""
        deeper = [code for code in self.counts if len(code) > len(node) and code.startswith(node)]
        known = set(deeper)
        nearest = sorted(c for c in deeper if not any(c[:end] in known for end in range(len(node) + 1, len(c))))
        if len(nearest) == 1 and self.counts[nearest[0]] == self.counts.get(node):
            return self.below(nearest[0]) or [(nearest[0], self.counts[nearest[0]])]
        return [(code, self.counts[code]) for code in nearest]


class Tallies:
    """The tallies of all parts. Any thread may ask; each is made at the first question, in some 50 ms for a million."""

    def __init__(self, parts: Sequence[PartIndex]) -> None:
        """Nothing is counted before the first question."""
        self._parts = tuple(parts)
        self._kept = KeptAnswers[tuple[str, bool], Tally](32)

    def classes(self, *, child: bool) -> Tally:
        """Class of 中图法 → lines."""
        return self._kept.get(("class", child), lambda: self._of_table("class", child, class_levels))

    def dynasties(self, *, child: bool) -> Tally:
        """Dynasty → lines."""
        return self._kept.get(("dynasty", child), lambda: self._of_table("dynasty", child, lambda name: (name,)))

    def places(self, *, child: bool) -> Tally:
        """Place of GB/T 2260 → lines."""
        return self._kept.get(("places", child), lambda: self._of_table("places", child, place_levels))

    def years(self, periods: tuple[tuple[int, int], ...], *, child: bool) -> Tally:
        """Stretch of years, as `first-last`, → lines of what may be from some year of it.

        Args:
            periods: first and last year of each, in order, without gaps.
            child: whether only what is meant for children counts.
        """
        return self._kept.get((f"years {periods}", child), lambda: self._of_years(periods, child))

    def _of_table(self, table: str, child: bool, levels: Levels) -> Tally:
        counts: Counter[str] = Counter()
        exact = True
        for part in self._parts:
            nodes = [_nodes(values, levels) for values in part.files.tables[table]]
            # A disk that fails later must give a wrong figure, not an error.
            column = np.minimum(part.files.columns[table].astype("u4"), len(nodes) - 1)
            shown, standing = _shown(part, child)
            for number, count in _counted(np.bincount(column[standing], minlength=len(nodes))):
                for node in nodes[number]:
                    counts[node] += count
            exact &= _add_children(counts, part, shown, column, nodes.__getitem__)
        return Tally(dict(counts), exact)

    def _of_years(self, periods: Sequence[tuple[int, int]], child: bool) -> Tally:
        names = [f"{first}-{last}" for first, last in periods]
        edges = np.array([first for first, _ in periods], "i4")
        counts: Counter[str] = Counter()
        exact = True
        size = len(periods) + 1
        for part in self._parts:
            begin, end = (self._period(part, name, edges, periods[-1][1]) for name in ("year_from", "year_to"))
            # Begun and ended out of the periods, or undated: both are 0, which names nothing.
            outside = (part.files.columns["year_from"] == NO_YEAR) | (end < begin) | (end == 0)
            span = np.where(outside, 0, np.maximum(begin, 1) * size + end).astype("u4")
            shown, standing = _shown(part, child)
            reached = [_between(number, size, names) for number in range(size * size)]
            for number, count in _counted(np.bincount(span[standing], minlength=size * size)):
                for name in reached[number]:
                    counts[name] += count
            exact &= _add_children(counts, part, shown, span, reached.__getitem__)
        return Tally(dict(counts), exact)

    @staticmethod
    def _period(part: PartIndex, column: str, edges: NDArray[np.int32], last: int) -> NDArray[np.int64]:
        """For each row 1 + the place of the period in which its year lies, 0 before all of them."""
        years = np.minimum(part.files.columns[column].astype("i4"), last)
        found: NDArray[np.int64] = np.searchsorted(edges, years, side="right")
        return found


def _between(number: int, size: int, names: Sequence[str]) -> set[str]:
    """The periods from one to another, as a number says them: 1 + the place of each; none for 0."""
    first, last = divmod(number, size)
    return set(names[first - 1 : last]) if first else set()


def class_levels(code: str) -> tuple[str, ...]:
    """I242.4 → I, I2, I24, I242, I242.4; signs of added numbers end it."""
    levels: list[str] = []
    for end, sign in enumerate(code, 1):
        if sign.isascii() and sign.isalnum():
            levels.append(code[:end])
        elif sign != ".":
            break
    return tuple(levels[:_MOST_LEVELS])


def _nodes(values: Iterable[str], levels: Levels) -> set[str]:
    return {node for value in values for node in levels(value)}


def _shown(part: PartIndex, child: bool) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Which rows lists show, and which of them stand for themselves."""
    shown = part.visible
    if child:
        shown = shown & (part.files.columns["audience"] == _CHILDREN)
    return shown, shown & ~part.families.child


def _counted(numbers: NDArray[np.int64]) -> list[tuple[int, int]]:
    held = np.flatnonzero(numbers)
    return list(zip(held.tolist(), numbers[held].tolist(), strict=True))


def _add_children(
    counts: Counter[str],
    part: PartIndex,
    shown: NDArray[np.bool_],
    column: NDArray[np.uint32],
    nodes: Callable[[int], set[str]],
) -> bool:
    """Count families where a child stands and the parent does not; whether all were looked at."""
    families = part.families
    children: Ids = np.flatnonzero(shown & families.child).astype("u4")
    if not len(children):
        return True
    numbers = families.family[children]
    parents = families.parents[numbers]
    # What a child shares with its parent counts with the parent, when that is shown itself and stands for itself.
    apart = ~(shown[parents] & ~families.child[parents]) | (column[children] != column[parents])
    pairs = np.unique(numbers[apart].astype("u8") << np.uint64(32) | column[children][apart])
    added: dict[int, set[str]] = {}
    for pair in pairs[:MOST_PAIRS].tolist():
        added.setdefault(pair >> 32, set()).update(nodes(pair & 0xFFFFFFFF))
    for family, found in added.items():
        parent = int(families.parents[family])
        own = nodes(int(column[parent])) if shown[parent] and not families.child[parent] else set()
        counts.update(found - own)
    return len(pairs) <= MOST_PAIRS
