"""Which items a drive of a set carries, kept on the SSD after the drive is gone.

A sorted array of 8 bytes an item: the first 8 bytes of SHA-256 of the item's path, big-endian. A million items take
8 MB; two paths of one release share an entry with a chance of one in 10^7 releases, and then a reader is told of the
wrong drive. Sets of one drive need no such file.
"""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from appliance.errors import StoreError
from packager.format.disktable import read_disk_table
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.items import MAX_ITEMS, read_item_rows

_ENTRY = np.dtype(">u8")
_MANY = 64
"""Entries of a list for each one that is looked up, below which a copy of the list is worth it."""


def write_disk_items(path: Path, payload_paths: Iterable[str], files: Files) -> int:
    """Write the array for one drive, durably; memory: 8 bytes an item and as much again for sorting.

    Returns:
        The number of items.
    """
    found = np.fromiter((path_entry(p) for p in payload_paths), dtype=np.uint64)
    found.sort()
    files.write_atomic(path, found.astype(_ENTRY).tobytes())
    return int(found.size)


def write_told_items(folder: Path, table: Path, items: Path, disks: Iterable[int], total: int, files: Files) -> None:
    """Write the arrays of drives that were not here yet, as disks.bin tells them. Memory: 8 bytes an item of each.

    Args:
        folder: gets `<n>.items`.
        table: disks.bin of the release, proved.
        items: items.txt of the release, proved.
        disks: numbers of the drives that are wanted.
        total: drives in the set.
        files: the writer.

    Raises:
        FormatError: the table is no table of these items.
        OSError: the SSD is full or does not answer.
    """
    wanted = {n: array("Q") for n in disks}
    numbers = read_disk_table(table, total)
    for _, _, path in chain.from_iterable(read_item_rows(items)):
        number = next(numbers, 0)
        if not number:
            raise FormatError("is shorter than items.txt", path=table.name)
        if number in wanted:
            wanted[number].append(path_entry(path.decode()))
    if next(numbers, None) is not None:
        raise FormatError("is longer than items.txt", path=table.name)
    for number, entries in wanted.items():
        found = np.sort(np.frombuffer(entries, dtype=np.uint64)) if entries else np.empty(0, dtype=np.uint64)
        files.write_atomic(folder / f"{number}.items", found.astype(_ENTRY).tobytes())


class DiskItems:
    """Answers whether a drive carries an item. Thread-safe; memory-mapped."""

    def __init__(self, path: Path) -> None:
        """Map the array.

        Raises:
            StoreError: it is missing, too large or cut short.
        """
        try:
            size = path.stat().st_size
            if size % _ENTRY.itemsize or size > MAX_ITEMS * _ENTRY.itemsize:
                raise StoreError(f"{path.name}: {size} bytes are no list of items")
            self._entries = np.asarray(np.memmap(path, dtype=_ENTRY, mode="r") if size else np.empty(0, dtype=_ENTRY))
            self._bytes = self._entries.view(np.uint8).data
        except OSError as error:
            raise StoreError(f"{path.name}: {error.strerror}") from error

    def holds(self, payload_path: str) -> bool:
        """Whether the drive carries the item of that path (`data/ab/…`)."""
        wanted = path_entry(payload_path)
        place = bisect_left(range(self._entries.size), wanted, key=self._entry_at)
        return place < self._entries.size and self._entry_at(place) == wanted

    def _entry_at(self, place: int) -> int:
        start = place * _ENTRY.itemsize
        return int.from_bytes(self._bytes[start : start + _ENTRY.itemsize])

    def among(self, payload_paths: Sequence[str]) -> NDArray[np.bool_]:
        """For each of these items whether the drive carries it; a thousand take about a millisecond."""
        wanted = np.fromiter((path_entry(path) for path in payload_paths), dtype=np.uint64, count=len(payload_paths))
        return self.holding(wanted)

    def holding(self, wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For each of these entries (`path_entry`) whether the drive carries the item; a million take half a second."""
        if not self._entries.size:
            return np.zeros(len(wanted), dtype=np.bool_)
        places = _places(self._entries, wanted)
        found: NDArray[np.bool_] = self._entries[places] == wanted
        return found


def path_entry(payload_path: str) -> int:
    """What stands for an item in a list: the first 8 bytes of SHA-256 of its path."""
    return int.from_bytes(hashlib.sha256(payload_path.encode()).digest()[:8])


def _places(entries: NDArray[np.uint64], wanted: NDArray[np.uint64]) -> NDArray[np.intp]:
    """Places of the first entries that are not below the wanted ones; the last place where there is none.

    NumPy's own search makes a copy of all entries first, for they stand in the file's order of bytes: good for many.
    """
    if len(wanted) * _MANY > entries.size:
        return np.minimum(np.searchsorted(entries, wanted), entries.size - 1)
    low = np.zeros(len(wanted), dtype=np.intp)
    high = np.full(len(wanted), entries.size - 1, dtype=np.intp)
    for _ in range(entries.size.bit_length()):
        middle = (low + high) >> 1
        below = (entries[middle] < wanted) & (low < high)
        low = np.where(below, middle + 1, low)
        high = np.where(below, high, middle)
    return low
