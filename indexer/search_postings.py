"""Postings of common terms, kept while an index is open: the same words are asked again with filters, orders and pages.

Reading and adding up a hundred thousand postings takes longer than anything else in finding them.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids, Weights
from indexer.codec_index import IndexFiles
from indexer.codec_terms import TermFigures

MOST = 12 << 20
"""Bytes of all that is kept of one index."""
COMMON = 1 << 15
"""Postings from which a term's are kept."""
_EACH = 7
"""Bytes a posting."""


@dataclass(slots=True)
class Postings:
    """The rows that hold a term; nobody changes them.

    Attributes:
        rows: ascending. weights: of the term in each.
        cells: of each the weight, times 256, and the length of the row; made when they are first scored.
    """

    rows: Ids
    weights: Weights
    cells: NDArray[np.uint16] | None = None


class KeptPostings:
    """The postings of one index, the last ones asked kept as far as `MOST` goes. Any thread may ask."""

    def __init__(self, files: IndexFiles, most: int = MOST) -> None:
        """Keep nothing yet."""
        self._files, self._most = files, most
        self._lock = threading.Lock()
        self._kept: OrderedDict[TermFigures, Postings] = OrderedDict()
        self._bytes = 0

    def get(self, figures: TermFigures) -> Postings:
        """The postings of a term.

        Raises:
            IndexFormatError: they are not what they should be.
        """
        if figures.documents < COMMON:
            return Postings(*self._files.postings(figures))
        with self._lock:
            found = self._kept.get(figures)
            if found is not None:
                self._kept.move_to_end(figures)
                return found
        found = Postings(*self._files.postings(figures))
        found.rows.flags.writeable = False
        with self._lock:
            size = _EACH * len(found.rows)
            if size <= self._most and figures not in self._kept:
                self._kept[figures] = found
                self._bytes += size
                while self._bytes > self._most:
                    self._bytes -= _EACH * len(self._kept.popitem(last=False)[1].rows)
        return found

    def clear(self) -> None:
        """Let all go, and with it what still looks at the files."""
        with self._lock:
            self._kept.clear()
            self._bytes = 0
