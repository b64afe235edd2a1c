"""Values that stand in a tree, as class numbers and places do, and which rows are below which of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Levels = Callable[[str], tuple[str, ...]]
"""From a value of a record to what it stands below, the highest first, itself last; empty for what has no place."""

MOST_LEVELS = 12
MOST_NEAR = 64
"""Nodes whose neighbours are kept, some thousand numbers each."""


class Hierarchy:
    """The combinations of a table, seen as a tree. Any thread may ask.

    Memory: once something is chosen, about 400 bytes a different value.
    """

    def __init__(self, combinations: list[tuple[str, ...]], levels: Levels) -> None:
        """See the combinations of a table of the index.

        Args:
            combinations: of a table.
            levels: how its values stand.
        """
        self._combinations = combinations
        self._levels = levels
        self._near: dict[str, list[tuple[str, NDArray[np.uint32]]]] = {}

    def highest(self) -> tuple[list[tuple[str, ...]], NDArray[np.uint32]]:
        """The sets of highest values that combinations have, and the place of each combination's set among them."""
        known: dict[str, tuple[str, ...]] = {}
        places: dict[tuple[str, ...], int] = {}
        found = np.empty(len(self._combinations), "u4")
        for number, values in enumerate(self._combinations):
            for value in values:
                if value not in known:
                    known[value] = self._levels(value)[:1]
            tops = tuple(sorted({top for value in values for top in known[value]}))
            found[number] = places.setdefault(tops, len(places))
        return list(places), found

    def passing(self, nodes: Iterable[str]) -> NDArray[np.bool_]:
        """Which combinations hold one of the nodes, or something below it."""
        held = np.zeros(len(self._values), bool)
        for node in nodes:
            held[self._below.get(node, [])] = True
        return self._combined(held)

    def starting(self, beginnings: Iterable[str]) -> NDArray[np.bool_]:
        """Which combinations hold a value that begins so."""
        held = np.zeros(len(self._values), bool)
        for beginning in beginnings:
            places = self._below.get(beginning)
            if places is None:
                places = [place for place, value in enumerate(self._values) if value.startswith(beginning)]
            held[places] = True
        return self._combined(held)

    def counts(self, node: str, numbers: NDArray[np.int64]) -> dict[str, int]:
        """How many rows stand at each level down to a node, and at each value of the next level below it.

        Args:
            node: what was chosen.
            numbers: rows of each combination.
        """
        near = self._near.get(node)
        if near is None:
            near = self._combinations_near(node)
            if len(self._near) >= MOST_NEAR:
                self._near.clear()
            self._near[node] = near
        counted = ((name, int(numbers[places].sum())) for name, places in near)
        return {name: count for name, count in counted if count}

    def _combinations_near(self, node: str) -> list[tuple[str, NDArray[np.uint32]]]:
        """The combinations of what stands above a node, of itself, and of each value of the next level."""
        near = {name: self._below.get(name, []) for name in self._levels(node)[:MOST_LEVELS]}
        below: dict[str, list[int]] = defaultdict(list)
        for place in self._below.get(node, []):
            levels = self._levels(self._values[place])
            deeper = levels[levels.index(node) + 1 :]
            if deeper:
                below[deeper[0]].append(place)
        found = []
        for name, places in (*near.items(), *sorted(below.items())):
            held = np.zeros(len(self._values), bool)
            held[places] = True
            found.append((name, np.flatnonzero(self._combined(held)).astype("u4")))
        return found

    def _combined(self, held: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The combinations that have one of these values."""
        found = np.zeros(len(self._combinations), bool)
        numbers, values = self._pairs
        found[numbers[held[values]]] = True
        return found

    @cached_property
    def _places(self) -> Mapping[str, int]:
        return {value: n for n, value in enumerate(dict.fromkeys(v for values in self._combinations for v in values))}

    @cached_property
    def _values(self) -> list[str]:
        return list(self._places)

    @cached_property
    def _pairs(self) -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
        """Combination and value of all that they hold."""
        sizes = np.fromiter(map(len, self._combinations), "u4", len(self._combinations))
        values = [self._places[value] for values in self._combinations for value in values]
        return np.repeat(np.arange(len(sizes), dtype="u4"), sizes), np.array(values, "u4")

    @cached_property
    def _below(self) -> Mapping[str, list[int]]:
        """Node → places of the values at it and below it."""
        below: dict[str, list[int]] = defaultdict(list)
        for place, value in enumerate(self._values):
            for node in self._levels(value)[:MOST_LEVELS]:
                below[node].append(place)
        return dict(below)


def clc_levels(code: str) -> tuple[str, ...]:
    """I242.4 → I, I2, I24, I242, I242.4; TP312 → T, TP, TP3, TP31, TP312. Signs of added numbers end it."""
    levels: list[str] = []
    for end, sign in enumerate(code, 1):
        if sign.isascii() and sign.isalnum():
            levels.append(code[:end])
        elif sign != ".":
            break
    return tuple(levels)


def place_levels(code: str) -> tuple[str, ...]:
    """110105@2020 → 110000, 110100, 110105: province, prefecture, county of GB/T 2260, of whatever year."""
    number = code.partition("@")[0]
    if not (len(number) == 6 and number.isascii() and number.isdigit()):
        return ()
    held = number[:2] in _WITHOUT_PREFECTURES or number[2:4] == "90"
    levels = (number[:2] + "0000", *(() if held else (number[:4] + "00",)), number)
    return tuple(dict.fromkeys(levels))


_WITHOUT_PREFECTURES = ("11", "12", "31", "50")
"""Municipalities: their codes have a level that only holds counties together, as 90 does elsewhere (省直辖)."""


def tree_levels(parents: Mapping[str, str]) -> Levels:
    """How places in imported classifications (`scheme:code`) stand, by the parent of each; one without is highest."""

    def levels(value: str) -> tuple[str, ...]:
        path = [value]
        while (parent := parents.get(path[-1], "")) and parent not in path and len(path) < MOST_LEVELS:
            path.append(parent)
        return tuple(reversed(path))

    return levels
