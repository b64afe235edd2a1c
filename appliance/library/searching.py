"""The searcher over all live releases, kept open while any view uses it."""

from __future__ import annotations

import weakref
from collections.abc import Sequence

from appliance.library.shelf import Shelf
from indexer.errors import IndexFormatError
from indexer.search import Part, Searcher, SearchRequest, SearchResult


class Searching:
    """One searcher with global statistics over several releases; thread-safe.

    It closes by itself when the last view that uses it is gone.
    """

    def __init__(self, shelves: Sequence[Shelf], hidden: Sequence[frozenset[int]]) -> None:
        """Open the index of every shelf.

        Raises:
            IndexFormatError: an index is missing, damaged or of another format.
        """
        parts = []
        for shelf, rows in zip(shelves, hidden, strict=True):
            if shelf.index is None:
                raise IndexFormatError("search", "is not ready")
            parts.append(Part(shelf.index, shelf.catalogue, rows))
        self._shelves = tuple(shelves)  # their catalogues stay open as long as this
        self._searcher = Searcher(parts)
        self.close = weakref.finalize(self, self._searcher.close)

    def search(self, request: SearchRequest) -> SearchResult:
        """See `indexer.search.Searcher.search`."""
        return self._searcher.search(request)
