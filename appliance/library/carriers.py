"""Which drives carry an item now, and the SSD where it came by an update."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.library.model import Place
from appliance.store.carried import carried_path

if TYPE_CHECKING:
    from appliance.library.shelf import Shelf
    from appliance.store.carried import CarriedStore
    from appliance.store.holdings import HeldDrive, Holdings
    from indexer.catalogue import CatalogueItem
    from indexer.model import Item

Find = Callable[["Shelf", str], "CatalogueItem | None"]
"""An item of a shelf's catalogue by its id, None when there is none or it cannot be read."""

SSD = "ssd"
"""Stands for a drive's key where the bytes are on the SSD; keys of drives are hexadecimal digits."""


class Carriers:
    """Answers for one view of the library; thread-safe."""

    def __init__(
        self,
        holdings: Holdings,
        shelves: Sequence[Shelf],
        others: Sequence[Shelf],
        find: Find,
        carried: CarriedStore | None = None,
    ) -> None:
        """Join what is open.

        Args:
            holdings: which drives serve.
            shelves: the live releases.
            others: further ones whose drives may carry the same files.
            find: see `Find`.
            carried: items that came by updates.
        """
        self._serving = [drive for drive in holdings.drives if drive.serves]
        self._shelves, self._others, self._find, self._carried = shelves, others, find, carried

    def own(self, shelf: Shelf) -> set[int]:
        """Numbers of the plugged drives of a release."""
        return {drive.disk for drive in self._serving if drive.folder == shelf.release.folder}

    def places(self, item: Item, shelf: Shelf, find: Find | None = None) -> Iterator[Place]:
        """Where an item's exact bytes can be read: the SSD, drives of its own release, then others.

        `find` finds it in other releases where their catalogues do not know of it: a file of an index of texts.
        """
        if self._carried is not None and self._carried.holds(item.sha256, item.size):
            yield Place(SSD, self._carried.folder, carried_path(item.sha256))
        yield from (Place(drive.key, Path(drive.path)) for drive in self._drives(item, shelf, find or self._find))

    def lacking(self, items: Sequence[Item], shelf: Shelf) -> Iterator[Item]:
        """Those of these items that can be read nowhere now, in order."""
        own = self.own(shelf)
        if len(own) == shelf.release.disks:
            return
        missing = (item for item, here in zip(items, shelf.carried(own, items), strict=True) if not here)
        yield from (item for item in missing if not any(self.places(item, shelf)))

    def _drives(self, item: Item, shelf: Shelf, find: Find) -> Iterator[HeldDrive]:
        folder = shelf.release.folder
        yield from (d for d in self._serving if d.folder == folder and shelf.carries(d.disk, item))
        for other in chain(self._shelves, self._others):
            drives = [d for d in self._serving if d.folder == other.release.folder] if other is not shelf else []
            if not drives:
                continue
            found = find(other, item.id)
            if found is not None and (found.item.sha256, found.item.path) == (item.sha256, item.path):
                yield from (d for d in drives if other.carries(d.disk, item))
