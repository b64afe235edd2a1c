"""Where titles that come stand among the titles of a base, in the order of a whole build: by sort key, then by row."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence

import numpy as np

from indexer.splice import NONE, Numbers, Splice

Key = tuple[bytes, float]
"""A sort key, and the row in the whole; of a row that goes, just before the one that it would be."""


class BaseTitles:
    """The keys of a base's titles, read when they are asked for and then kept. Memory: about 200 bytes each.

    The order is that of places (`title_rank`) in the base.
    """

    def __init__(self, order: Numbers, rows: Splice, key_of: Callable[[int], bytes]) -> None:
        """Know the base.

        Args:
            order: its rows in the order of their titles.
            rows: the splice of its rows.
            key_of: reads the sort key of a row of the base.
        """
        self._order, self._rows, self._key_of = order, rows, key_of
        self._known: dict[int, Key] = {}

    def __len__(self) -> int:
        return len(self._order)

    def key(self, place: int) -> Key:
        """The key at a place."""
        found = self._known.get(place)
        if found is None:
            row = int(self._order[place])
            whole = self._rows.whole(row)
            beside = row - int(np.searchsorted(self._rows.dead, row)) + bisect_right(self._rows.at, row) - 0.5
            found = self._known[place] = self._key_of(row), beside if whole is None else float(whole)
        return found


def title_splice(base: BaseTitles, added: Sequence[tuple[bytes, int]], dead: Numbers, known: dict[int, int]) -> Splice:
    """The splice of titles.

    Args:
        base: its titles.
        added: sort key and row in the whole of each record that comes, in the order of the records.
        dead: places of the titles that go, in the order of the records.
        known: of those that come, by their number, the place before which they stand, where it is known.

    Returns:
        The splice; what is put in stands in the order of titles, and `same` says nothing.
    """
    order = sorted(range(len(added)), key=added.__getitem__)
    at = np.zeros(len(order), "u4")
    # By halves: between two whose places are known there is little left to look through.
    open_ = [(0, len(order), 0, len(base))]
    while open_:
        first, last, low, high = open_.pop()
        if first >= last:
            continue
        middle = (first + last) // 2
        number = order[middle]
        place = known.get(number)
        if place is None:
            place = _place(base, added[number], low, high)
        at[middle] = place
        open_ += [(first, middle, low, place), (middle + 1, last, place, high)]
    return Splice(len(base), np.sort(dead).astype("u4"), at, np.full(len(dead), NONE, "u4"), name="titles")


def _place(base: BaseTitles, wanted: Key, low: int, high: int) -> int:
    while low < high:
        middle = (low + high) // 2
        if base.key(middle) < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def order_of(added: Sequence[tuple[bytes, int]]) -> Numbers:
    """For each record that comes its place among those that come, by title."""
    order = sorted(range(len(added)), key=added.__getitem__)
    places = np.zeros(len(order), "u4")
    places[order] = np.arange(len(order))
    return places
