"""Which items a drive of a set carries, kept on the SSD after the drive is gone.

A sorted array of 8 bytes an item: the first 8 bytes of SHA-256 of the item's path, big-endian. A million items take
8 MB; two paths of one release share an entry with a chance of one in 10^7 releases, and then a reader is told of the
wrong drive. Sets of one drive need no such file.
"""

from __future__ import annotations

import hashlib
import json
from array import array
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
_DIGEST = 66
"""Bytes before the path in a line of a manifest: the digest and two spaces."""

SAMPLE = 400
"""At most so many payload files are looked at when a drive comes, and at least half as many where there are enough.

Each look costs a spinning disk one or two seeks (10-25 ms), so 400 are at most ten seconds. Of drives that lack a tenth
of their files, less than one in 10,000 gets by; what is lacking then is told item by item."""

Sample = tuple[tuple[str, int], ...]
"""Payload paths with their sizes in bytes."""


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
            self._entries = np.memmap(path, dtype=_ENTRY, mode="r") if size else np.empty(0, dtype=_ENTRY)
        except OSError as error:
            raise StoreError(f"{path.name}: {error.strerror}") from error

    def holds(self, payload_path: str) -> bool:
        """Whether the drive carries the item of that path (`data/ab/…`)."""
        return bool(self.among([payload_path])[0])

    def among(self, payload_paths: Sequence[str]) -> NDArray[np.bool_]:
        """For each of these items whether the drive carries it; a thousand take about a millisecond."""
        wanted = np.fromiter((path_entry(path) for path in payload_paths), dtype=np.uint64, count=len(payload_paths))
        return self.holding(wanted)

    def holding(self, wanted: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """For each of these entries (`path_entry`) whether the drive carries the item; a million take half a second."""
        if not self._entries.size:
            return np.zeros(len(wanted), dtype=np.bool_)
        places = np.searchsorted(self._entries, wanted)
        places[places == self._entries.size] = 0
        found: NDArray[np.bool_] = self._entries[places] == wanted
        return found


def path_entry(payload_path: str) -> int:
    """What stands for an item in a list: the first 8 bytes of SHA-256 of its path."""
    return int.from_bytes(hashlib.sha256(payload_path.encode()).digest()[:8])


def write_sample(path: Path, manifest: Path, items: Path, count: int, files: Files) -> None:
    """Keep `SAMPLE` of a drive's items with their sizes, evenly spaced, the first and the last among them. Durable.

    Only the kept lines are taken apart, for a drive may carry a million: call it with lists that were proved
    (`verify_tag_files`). Memory: the sample.

    Args:
        path: of the new file.
        manifest: the drive's payload, sorted by path.
        items: the release's items, sorted by path.
        count: lines of the manifest.
        files: the writer.

    Raises:
        FormatError: the manifest names what the items do not.
    """
    step = max(1, -(-count // SAMPLE))
    with manifest.open("rb") as lines:
        wanted = [line[_DIGEST:-1] for n, line in enumerate(lines) if n % step == 0 or n == count - 1]
    kept: list[tuple[str, int]] = []
    with items.open("rb") as lines:
        for name in wanted:
            line = next((line for line in lines if line.endswith(b" %b\n" % name)), None)
            if line is None:
                raise FormatError("is in the manifest but not in items.txt", path=name.decode(errors="replace"))
            kept.append((name.decode(), int(line.split(b" ")[1])))
    files.write_atomic(path, json.dumps(kept).encode())


def read_sample(path: Path) -> Sample:
    """The kept items; none when the file is damaged."""
    try:
        return tuple((str(name), int(size)) for name, size in json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError, OverflowError, RecursionError):
        return ()
