"""Which records can be read with the drives that are here now: one mask by row for each release, for search's figures.

The pages ask drive by drive for the few records that they show (`Library`); search counts all of them at once. A mask
is made when a drive comes or goes: which drive carries an item is looked up for all items together. While every drive
of a release is here there is no mask and nothing to be made.
"""

from __future__ import annotations

import logging
from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from appliance.library.shelf import Shelf
from appliance.store.carried import CarriedStore
from appliance.store.disks import path_entry
from appliance.store.holdings import HeldDrive
from indexer.errors import IndexerError
from packager.format.errors import FormatError
from packager.format.items import read_item_rows
from packager.format.layout import sections_file

_log = logging.getLogger(__name__)

Mask = NDArray[np.bool_]
Digests = NDArray[np.uint64]
_NONE: Digests = np.zeros(0, "u8")
MOST_TORN = 20_000
"""Records of which some files are here and others not that are looked at one by one; more count as readable.

A set tears one record a drive apart, and those that are larger than a drive."""


@dataclass(frozen=True)
class ItemTable:
    """The items of a release in the order of items.txt; 20 bytes an item.

    Attributes:
        entries: of each the hash of its path, as in the lists of drives (`store.disks`).
        digests: the first 8 bytes of its SHA-256.
        rows: the row of its record.
    """

    entries: NDArray[np.uint64]
    digests: NDArray[np.uint64]
    rows: NDArray[np.uint32]

    @classmethod
    def of(cls, shelf: Shelf) -> ItemTable:
        """Read it, about three seconds for a million items.

        Raises:
            IndexerError, FormatError, OSError: the catalogue or items.txt cannot be read, or they do not agree.
        """
        entries, digests, rows = array("Q"), array("Q"), array("I")
        known: Iterator[tuple[str, int]] = shelf.catalogue.item_rows()
        for sha256, _, path in chain.from_iterable(read_item_rows(shelf.items_file)):
            name = path.decode()
            if sections_file(name):
                continue  # of the index of texts: of no record
            identity, row = next(known, ("", 0))
            if name.rpartition("/")[2].partition(".")[0] != identity:
                raise FormatError("names other items than the catalogue", path=name)
            entries.append(path_entry(name))
            digests.append(int(sha256[:16], 16))
            rows.append(row)
        if rows and max(rows) >= shelf.catalogue.count:
            raise FormatError("has items of records that there are not", path=shelf.release.catalogue.name)
        return cls(np.array(entries, "u8"), np.array(digests, "u8"), np.array(rows, "u4"))

    def same(self, other: ItemTable) -> NDArray[np.int64]:
        """For each item the place of the one with its path and bytes in another release, -1 when there is none."""
        if not len(other.entries):
            return np.full(len(self.entries), -1)
        order = np.argsort(other.entries)
        places = np.searchsorted(other.entries, self.entries, sorter=order)
        places[places == len(order)] = 0
        found = order[places]
        right = (other.entries[found] == self.entries) & (other.digests[found] == self.digests)
        return np.where(right, found, -1)


_Key = tuple[object, ...]


class Presence:
    """Makes and keeps the masks. For one thread; the masks never change.

    Attributes:
        complete: whether the last call of `masks` left nothing out.
    """

    def __init__(self) -> None:
        """Know nothing yet."""
        self._tables: dict[int, ItemTable | None] = {}
        self._masks: dict[str, tuple[_Key, Mask | None]] = {}
        self.complete = True

    def masks(
        self,
        shelves: Sequence[Shelf],
        others: Sequence[Shelf],
        drives: Iterable[HeldDrive],
        *,
        carried: Digests = _NONE,
        known_only: bool = False,
    ) -> dict[str, Mask]:
        """Folder of a release → by row of its catalogue, whether a file to read is on a drive that is here.

        A release without an entry needs none: every drive of it is here, or what it holds cannot be told.

        Args:
            shelves: the live releases.
            others: further ones whose drives may carry the same files.
            drives: all that are known.
            carried: the first 8 bytes of the digests of items that came by updates, see `digests_of`.
            known_only: leave out what takes more than an instant; `complete` then says whether something was.
        """
        here: dict[str, set[int]] = {}
        for drive in drives:
            if drive.serves:
                here.setdefault(drive.folder, set()).add(drive.disk)
        everything = [*shelves, *others]
        open_ = {shelf.files for shelf in everything}
        self._tables = {name: table for name, table in self._tables.items() if name in open_}
        kept: dict[str, tuple[_Key, Mask | None]] = {}
        self.complete = True
        for shelf in shelves:
            folder, own = shelf.release.folder, here.get(shelf.release.folder, set())
            if len(own) >= shelf.release.disks:
                continue
            carriers = [(o, here[o.release.folder]) for o in everything if o is not shelf and _serves(o, here)]
            key = (shelf.files, id(carried), frozenset(own), *((o.files, frozenset(disks)) for o, disks in carriers))
            before = self._masks.get(folder)
            if before is not None and before[0] == key:
                kept[folder] = before
            elif known_only and (own or carriers or len(carried)):
                self.complete = False
            else:
                kept[folder] = key, self._made(shelf, own, carriers, carried)
        self._masks = kept
        return {folder: mask for folder, (_, mask) in kept.items() if mask is not None}

    def _made(
        self, shelf: Shelf, own: Collection[int], carriers: Sequence[tuple[Shelf, set[int]]], digests: Digests
    ) -> Mask | None:
        """The mask of a release, None when it cannot be told."""
        count = shelf.catalogue.count
        if not own and not carriers and not len(digests):
            return np.zeros(count, dtype=np.bool_)
        table = self._table(shelf)
        if table is None:
            return None
        carried = shelf.carried_entries(own, table.entries) | np.isin(table.digests, digests)
        for other, disks in carriers:
            theirs = self._table(other)
            if theirs is not None and not carried.all():
                places = table.same(theirs)
                same = places >= 0
                carried[same] |= other.carried_entries(disks, theirs.entries)[places[same]]
        some = np.bincount(table.rows[carried], minlength=count)[:count] > 0
        torn = np.flatnonzero(some & (np.bincount(table.rows[~carried], minlength=count)[:count] > 0))
        if len(torn) <= MOST_TORN:
            try:
                some[torn] = _readable(shelf, torn, table, carried)
            except IndexerError as error:
                _log.warning("records of %s that are on several drives cannot be read: %s", shelf.release.folder, error)
        return some

    def _table(self, shelf: Shelf) -> ItemTable | None:
        if shelf.files not in self._tables:
            try:
                self._tables[shelf.files] = ItemTable.of(shelf)
            except (IndexerError, FormatError, OverflowError, OSError) as error:
                _log.warning("items of %s cannot be told by drive: %s", shelf.release.folder, error)
                self._tables[shelf.files] = None
        return self._tables[shelf.files]


def digests_of(carried: CarriedStore) -> Digests:
    """What stands for the items of the carried store, 8 bytes each."""
    return np.fromiter((int(sha256[:16], 16) for sha256, _ in carried.all()), "u8")


def _serves(shelf: Shelf, here: dict[str, set[int]]) -> bool:
    return bool(here.get(shelf.release.folder))


def _readable(shelf: Shelf, rows: NDArray[np.int64], table: ItemTable, carried: Mask) -> list[bool]:
    """For each of these records whether a part or page of it is here, and not its cover or text only."""
    entries = set(table.entries[carried & np.isin(table.rows, rows)].tolist())
    records = shelf.catalogue.rows([int(row) for row in rows])
    return [any(path_entry(item.path) in entries for item in record.readable_items) for record in records]
