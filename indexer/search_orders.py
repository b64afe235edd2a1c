"""All rows of an index by title or by date: the first lines of many rows are met by walking along, not by sorting."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_index import IndexFiles
from indexer.schema import NO_YEAR
from indexer.search_rows import AT_ONCE, Rows, marked

if TYPE_CHECKING:
    from indexer.search_collapse import Families

DENSE = 16
"""Of so many rows one must be looked for for walking along all rows to be cheaper than sorting those."""

_DAYS = 511
"""Highest of column `day` that is compared."""
_FIRST_LOOK = 1 << 10


class RowOrders:
    """The orders of one part, made when they are first asked for. Memory: 4 bytes a row and order. Any thread may ask.

    Made twice by two threads at once an order is the same.
    """

    def __init__(self, files: IndexFiles) -> None:
        """Make none yet."""
        self._files = files
        self._made: dict[str, Ids] = {}

    def by_title(self) -> Ids:
        """The rows, the first title first."""
        return self._kept("title", lambda: self._files.columns["title_rank"])

    def by_date(self, *, newest_first: bool) -> Ids:
        """The rows, the greatest of `date_ranks` first, equal ones as they stand."""
        every = np.arange(self._files.records, dtype="u4")
        name = "newest" if newest_first else "oldest"
        return self._kept(name, lambda: -date_ranks(self._files, every, newest_first=newest_first))

    def _kept(self, name: str, keys: Callable[[], NDArray[np.integer]]) -> Ids:
        order = self._made.get(name)
        if order is None:
            order = self._made[name] = np.argsort(keys(), kind="stable").astype("u4")
        return order


def date_ranks(files: IndexFiles, rows: Rows, *, newest_first: bool) -> NDArray[np.int32]:
    """What orders rows by their dates, the greatest first; what has no year comes last."""
    years = files.columns["year_from"].take(rows).astype("i4")
    days = (years << 9) + np.minimum(files.columns["day"].take(rows), _DAYS).astype("i4")
    signed = days if newest_first else -days
    return np.where(years == NO_YEAR, np.int32(0), signed + np.int32(1 << 26))


def first_lines(order: Ids, rows: Rows, families: Families | None, wanted: int) -> Rows:
    """The rows that stand for the first lines, in order; a family stands where the first row of it does.

    Args:
        order: all rows of the index.
        rows: those that are looked for, ascending.
        families: of the part, where the rows of a family are one line; None when each row is a line.
        wanted: how many lines at most.
    """
    held = marked(len(order), rows)
    met = np.zeros(0 if families is None else len(families.parents), bool)
    chosen: list[Rows] = []
    start, size = 0, _FIRST_LOOK
    while start < len(order) and wanted > 0:
        some = order[start : start + size]
        some = some.compress(held.take(some))
        if families is not None:
            numbers = families.family.take(some)
            first = numbers == 0
            first[np.unique(numbers, return_index=True)[1]] = True
            first &= ~met.take(numbers)
            met[numbers] = True
            met[0] = False
            some = some.compress(first)
        chosen.append(some[:wanted])
        wanted -= len(some)
        start, size = start + size, AT_ONCE
    return np.concatenate(chosen) if chosen else np.zeros(0, "u4")
