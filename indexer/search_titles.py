"""A page of results by title, out of several indexes, however deep.

Places in the order of titles are known within one index only (`title_rank`). Where a page begins in each of several
indexes is found by halving: some records are looked at for it, no more on page 5,000 than on page 50, and what was
looked at is kept for the next page.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left
from collections.abc import Callable, Sequence
from itertools import islice

from indexer.build_runs import SORT_BYTES
from indexer.codec import Ids
from indexer.search_order import Found

MAX_KEYS = 20_000
"""Keys of titles that are kept, about 200 bytes each."""

KeyOf = Callable[[int, int], bytes]
"""The key by which the title of a part and row is sorted."""


class TitleOrder:
    """The titles of all parts in one order; any thread may ask."""

    def __init__(self, key_of: KeyOf) -> None:
        """Know no titles yet; `key_of` reads a key."""
        self._key_of = key_of
        self._keys: dict[tuple[int, int], bytes] = {}

    def page(self, found: Sequence[Found], first: int, last: int) -> list[tuple[int, int]]:
        """Part and row of the lines from `first` to `last` (excluded).

        Raises:
            IndexFormatError: a record cannot be read.
        """
        if first >= sum(part.count for part in found):
            return []
        lists = [(part.part, part.rows.take(part.first(last))) for part in found if part.count]
        if len(lists) == 1:
            number, rows = lists[0]
            return [(number, int(row)) for row in rows[first:last]]
        starts = self._split(lists, first)
        wanted = last - first
        runs = [
            [(self._key(number, int(rows[at])), number, at) for at in range(start, min(len(rows), start + wanted))]
            for (number, rows), start in zip(lists, starts, strict=True)
        ]
        rows_of = dict(lists)
        return [(number, int(rows_of[number][at])) for _, number, at in islice(heapq.merge(*runs), wanted)]

    def _split(self, lists: Sequence[tuple[int, Ids]], first: int) -> list[int]:
        """How many of each list are among the `first` smallest of all; ties go by part."""
        low = [0] * len(lists)
        high = [min(len(rows), first) for _, rows in lists]
        while any(a < b for a, b in zip(low, high, strict=True)):
            widest = max(range(len(lists)), key=lambda n: high[n] - low[n])
            middle = (low[widest] + high[widest]) // 2
            number, rows = lists[widest]
            pivot = (self._key(number, int(rows[middle])), number)
            before = [
                middle if n == widest else self._before(lists[n], pivot, low[n], high[n]) for n in range(len(lists))
            ]
            if sum(before) < first:
                before[widest] = middle + 1
                low = before
            else:
                high = before
        return low

    def _before(self, titles: tuple[int, Ids], pivot: tuple[bytes, int], low: int, high: int) -> int:
        """How many of a list come before the pivot, which is between `low` and `high`."""
        number, rows = titles
        return bisect_left(
            range(high), pivot, low, high, key=lambda place: (self._key(number, int(rows[place])), number)
        )

    def _key(self, number: int, row: int) -> bytes:
        known = self._keys.get((number, row))
        if known is None:
            known = self._key_of(number, row)[:SORT_BYTES]
            if len(self._keys) >= MAX_KEYS:
                self._keys.clear()
            self._keys[number, row] = known
        return known
