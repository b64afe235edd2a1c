"""Which rows of an index can be read now: by what is plugged in, and through what belongs to them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from indexer.codec_index import IndexFiles
from indexer.schema import ENTRY, READABLE

Mask = NDArray[np.bool_]
_DEEP = 3
"""Levels that what can be read shows through: issue, serial, collection."""


class ReadableRows:
    """What can be read of one part. A serial or set is readable when something of it is.

    Memory: a byte a row, and another while some drives are not plugged in. Any thread may ask.

    Attributes:
        anywhere: rows of which something can be read once the right drive is plugged in.
        entries: rows of which nothing is on any drive, nor of what belongs to them: entries of the catalogue (目录).
    """

    def __init__(self, files: IndexFiles) -> None:
        """Look through the column of `files`."""
        self._files = files
        state = files.columns["readable"]
        self.anywhere: Mask = self._through(state == READABLE)
        self.entries: Mask = ~(self.anywhere | self._through(state != ENTRY))
        self._last: tuple[Mask, Mask] | None = None

    def now(self, here: Mask | None) -> Mask:
        """By row of the index: whether it can be read.

        Args:
            here: by row of the catalogue: whether a file of it is on a drive that is here; None: all are. What was
                made of the last one is kept; it must not change.
        """
        if here is None:
            return self.anywhere
        last = self._last
        if last is None or last[0] is not here:
            able: Mask = self._files.columns["readable"] == READABLE
            # An index is a stranger's: a row that there is not must not end the search.
            able &= here.take(self._files.columns["rid"], mode="clip") if len(here) else False
            last = self._last = here, self._through(able)
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
