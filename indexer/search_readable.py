"""Which rows of an index can be read now: by what is plugged in, and through what belongs to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.codec_index import IndexFiles
from indexer.schema import ENTRY, READABLE
from indexer.search_rows import Mask, Rows

States = NDArray[np.uint8]

ABLE, ANYWHERE, BARE = 2, 1, 4
"""Bits of a row's state: it can be read now; once the right drive is plugged in; it is only an entry of the catalogue.
"""
_FEW = 16
"""Of so many rows one may be a mere entry for these to be kept besides."""
_DEEP = 3
"""Levels that what can be read shows through: issue, serial, collection."""


class ReadableRows:
    """What can be read of one part. A serial or set is readable when something of it is.

    Memory: a byte a row, and another while some drives are not plugged in. Any thread may ask.

    Attributes:
        few_bare: rows that are only entries of the catalogue, ascending; None when they are many.
    """

    def __init__(self, files: IndexFiles) -> None:
        """Look through the column of `files`."""
        self._files = files
        state = files.columns["readable"]
        # Of entries nothing is on any drive, nor of what belongs to them (目录).
        anywhere = self._through(state == READABLE)
        bare = ~(anywhere | self._through(state != ENTRY))
        self._states: States = anywhere * np.uint8(ABLE | ANYWHERE) + bare * np.uint8(BARE)
        few = np.count_nonzero(bare) * _FEW <= files.records
        self.few_bare: Rows | None = np.flatnonzero(bare).astype("u4") if few else None
        self._last: tuple[Mask, States] | None = None

    def now(self, here: Mask | None) -> States:
        """By row of the index: its state.

        Args:
            here: by row of the catalogue: whether a file of it is on a drive that is here; None: all are. What was
                made of the last one is kept; it must not change.
        """
        if here is None:
            return self._states
        last = self._last
        if last is None or last[0] is not here:
            able: Mask = self._files.columns["readable"] == READABLE
            # An index is a stranger's: a row that there is not must not end the search.
            able &= here.take(self._files.columns["rid"], mode="clip") if len(here) else False
            states = (self._states & np.uint8(ANYWHERE | BARE)) + self._through(able) * np.uint8(ABLE)
            last = self._last = here, states
        return last[1]

    def _through(self, able: Mask) -> Mask:
        """The rows, and those that they belong to."""
        found, parent = able, self._files.columns["parent"]
        for _ in range(_DEEP):
            above = parent[found]
            above = above[(above > 0) & (above <= len(found))].astype("i8") - 1
            above = np.unique(above[~found[above]])
            if not len(above):
                break
            found = found.copy()
            found[above] = True
        return found
