"""One unchanging view over everything the box holds: all live releases, all plugged drives.

A `Library` never changes and is safe in any number of threads. When holdings change, `LibraryKeeper` makes another
one; whoever still uses the old one keeps its files open until the last reference is gone. Ask the keeper once a
request (`keeper.library`) and use that one view to the end of the request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from appliance.library.model import Found, Held, HeldItem, LibraryStats

if TYPE_CHECKING:
    from indexer.search import Searcher, SearchRequest

    from appliance.library.shelf import Shelf
    from appliance.store.holdings import Holdings
    from indexer.model import Resource


class Library:
    """All live releases as one collection.

    Bundles are united. Where two bundles hold a resource of the same id, the one issued last speaks for it; the
    other's record is hidden from search and lists, its drive still serves items whose digests agree.
    """

    def __init__(
        self,
        holdings: Holdings,
        shelves: Sequence[Shelf],
        others: Sequence[Shelf] = (),
        searcher: Searcher | None = None,
    ) -> None:
        """Unite what is open.

        Args:
            holdings: the document this view stands for.
            shelves: live releases, the last issued first.
            others: releases that are not live but whose drives are plugged in.
            searcher: over all `shelves` in their order, None while an index is being made.
        """
        self.holdings = holdings
        self._shelves, self._others, self._searcher = tuple(shelves), tuple(others), searcher

    @property
    def generation(self) -> int:
        """Generation of the holdings document that this view stands for."""
        return self.holdings.generation

    def resource(self, resource_id: str) -> Held | None:
        """The resource of that id with its availability, None when no live release has it."""
        raise NotImplementedError

    def item(self, item_id: str) -> HeldItem | None:
        """The item of that id with the drives that carry it now, None when no live release has it."""
        raise NotImplementedError

    def held(self, resources: Iterable[Resource]) -> list[Held]:
        """The same resources with their availability, in order; those no longer live are left out."""
        raise NotImplementedError

    def search(self, request: SearchRequest) -> Found:
        """Search all live releases.

        Raises:
            SearchNotReadyError: an index is being made; browsing works.
            QueryError: the query or a filter cannot be answered (from `indexer.errors`).
        """
        raise NotImplementedError

    def counts(self) -> dict[str, int]:
        """Type → resources, every resource counted once."""
        raise NotImplementedError

    def newest(self, limit: int = 20, offset: int = 0, *, type_: str = "") -> list[Held]:
        """What came last, newest first."""
        raise NotImplementedError

    def browse(self, *, type_: str = "", clc: str = "", limit: int = 20, offset: int = 0) -> list[Held]:
        """Resources of a type and a class (prefix), in title order; works while the index is being made."""
        raise NotImplementedError

    def children(self, parent_id: str) -> list[Held]:
        """Issues, volumes or parts of a resource, in order."""
        raise NotImplementedError

    def stats(self) -> LibraryStats:
        """Figures for /health and the first page."""
        raise NotImplementedError
