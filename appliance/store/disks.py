"""Which items a drive of a set carries, kept on the SSD after the drive is gone.

A sorted array of 8 bytes an item: the first 8 bytes of SHA-256 of the item's path, big-endian. A million items take
8 MB; two paths of one release share an entry with a chance of one in 10^7 releases, and then a reader is told of the
wrong drive. Sets of one drive need no such file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from appliance.errors import StoreError
from packager.format.files import Files
from packager.format.items import MAX_ITEMS

_ENTRY = np.dtype(">u8")


def write_disk_items(path: Path, payload_paths: Iterable[str], files: Files) -> int:
    """Write the array for one drive, durably; memory: 8 bytes an item and as much again for sorting.

    Returns:
        The number of items.
    """
    found = np.fromiter((_entry(p) for p in payload_paths), dtype=np.uint64)
    found.sort()
    files.write_atomic(path, found.astype(_ENTRY).tobytes())
    return int(found.size)


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
            self._entries = np.memmap(path, dtype=_ENTRY, mode="r") if size else np.empty(0, dtype=_ENTRY)
        except OSError as error:
            raise StoreError(f"{path.name}: {error.strerror}") from error

    def holds(self, payload_path: str) -> bool:
        """Whether the drive carries the item of that path (`data/ab/cd/…`)."""
        wanted = _entry(payload_path)
        place = int(np.searchsorted(self._entries, np.uint64(wanted)))
        return place < self._entries.size and int(self._entries[place]) == wanted


def _entry(payload_path: str) -> int:
    return int.from_bytes(hashlib.sha256(payload_path.encode()).digest()[:8])
