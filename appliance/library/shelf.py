"""One release, opened for reading: its catalogue, its chunk digests, which drive carries what."""

from __future__ import annotations

import contextlib
import itertools
import logging
import weakref
from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.errors import StoreError
from appliance.store.disks import DiskItems
from appliance.store.holdings import HeldRelease
from indexer.catalogue import CatalogueItem
from indexer.class_names import CLASSES_NAME, ClassNames, read_classes
from indexer.errors import IndexFormatError
from indexer.model import Item
from indexer.overlay_catalogue import open_catalogue
from packager.format.chunks import ChunkTable, chunk_count

_log = logging.getLogger(__name__)


_NUMBERS = itertools.count(1)


class OpenRelease:
    """The open files of one release. They close by themselves when the last reference goes.

    Attributes:
        number: no other has it in this process.
    """

    def __init__(self, path: Path, catalogue: str, *, set_of_drives: bool = False) -> None:
        """Open the files.

        Args:
            path: the release's folder.
            catalogue: name of its catalogue below that.
            set_of_drives: whether lists of drives belong to it.

        Raises:
            IndexFormatError: its catalogue cannot be used.
            FormatError: its chunk table cannot be used.
            OSError: a file is not there.
        """
        self.path, self.number = path, next(_NUMBERS)
        with contextlib.ExitStack() as opening:
            self.catalogue = open_catalogue(path / catalogue)
            opening.callback(self.catalogue.close)
            self.chunks = ChunkTable(path / "meta" / "chunks.bin")
            opening.callback(self.chunks.close)
            self.classes = _open_classes(path / "meta" / CLASSES_NAME)
            self.disks = _open_disks(path) if set_of_drives else {}
            self.close = weakref.finalize(self, opening.pop_all().close)


def _open_classes(path: Path) -> ClassNames:
    """The names that came with a release; none when there are none or they cannot be used."""
    try:
        return read_classes(path) if path.is_file() else ClassNames()
    except (IndexFormatError, OSError) as error:
        _log.warning("names of classes are left out: %s", error)
        return ClassNames()


def disk_lists(path: Path) -> tuple[str, ...]:
    """Names of the lists of drives in a release's folder, sorted."""
    return tuple(sorted(p.name for p in (path / "disks").glob("*.items")))


def _open_disks(path: Path) -> dict[int, DiskItems]:
    found = {}
    for name in disk_lists(path):
        try:
            found[int(name.removesuffix(".items"))] = DiskItems(path / "disks" / name)
        except (StoreError, ValueError) as error:
            _log.warning("list of a drive is left out: %s", error)
    return found


class Shelf:
    """One held release for reading, with its present state. Read-only and thread-safe.

    Attributes:
        release: from the holdings document. catalogue: its records.
    """

    def __init__(self, opened: OpenRelease, release: HeldRelease) -> None:
        """Join open files and present state."""
        self.release = release
        self.catalogue = opened.catalogue
        self._opened = opened

    @property
    def files(self) -> int:
        """What tells these open files from all others that this process ever opened."""
        return self._opened.number

    @property
    def classes(self) -> ClassNames:
        """What the bundle calls the places of its classifications."""
        return self._opened.classes

    @property
    def items_file(self) -> Path:
        """The release's items.txt."""
        return self._opened.path / "meta" / "items.txt"

    @property
    def index(self) -> Path | None:
        """The folder of the search index, None while it is not ready."""
        part = self.release.search
        return self._opened.path / part.name if part.state == "ready" else None

    def carries(self, disk: int, item: Item) -> bool:
        """Whether that drive of the set carries the item, as far as its list is known here."""
        if self.release.disks == 1:
            return True
        known = self._opened.disks.get(disk)
        return known is not None and known.holds(item.path)

    def carried(self, disks: Collection[int], items: Sequence[Item]) -> list[bool]:
        """For each item whether one of these drives of the set carries it, as far as their lists are known here."""
        if self.release.disks == 1:
            return [bool(disks)] * len(items)
        known = [self._opened.disks[n] for n in disks if n in self._opened.disks]
        paths = [item.path for item in items]
        found = np.zeros(len(items), dtype=np.bool_)
        for disk in known:
            found |= disk.among(paths)
        return [bool(here) for here in found]

    def carried_entries(self, disks: Collection[int], entries: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """The same for many items at once, by what stands for them in the lists (`store.disks.path_entry`)."""
        if self.release.disks == 1:
            return np.full(len(entries), bool(disks))
        found = np.zeros(len(entries), dtype=np.bool_)
        for disk in disks:
            if disk in self._opened.disks:
                found |= self._opened.disks[disk].holding(entries)
        return found

    def disk_of(self, item: Item) -> int:
        """The drive of the set that carries the item: from the known lists, else the first one not yet met."""
        for disk, known in sorted(self._opened.disks.items()):
            if known.holds(item.path):
                return disk
        return next((n for n in range(1, self.release.disks + 1) if n not in self._opened.disks), 1)

    def digests(self, found: CatalogueItem) -> ItemDigests:
        """The digests of an item's chunks; they keep these files open."""
        return ItemDigests(self._opened, found)


class ItemDigests:
    """From chunk index to the 32 bytes of its signed digest; called by the serving room for every chunk it reads.

    Attributes:
        item_id: whose they are, so that damage can be told by item.
    """

    def __init__(self, opened: OpenRelease, found: CatalogueItem) -> None:
        """Take what the catalogue says of the item."""
        self.item_id = found.item.id
        self._opened, self._first = opened, found.first_chunk
        self._chunks = chunk_count(found.item.size)
        self._whole = bytes.fromhex(found.item.sha256)

    def __call__(self, index: int) -> bytes:
        """The digest of one chunk.

        Raises:
            IndexError: the item has no such chunk.
            FormatError: the table was damaged.
        """
        if not 0 <= index < max(self._chunks, 1):
            raise IndexError(index)
        return self._opened.chunks.digest(self._first + index) if self._chunks else self._whole
