"""Reading items for a copy: chunk by chunk, each proved before it is used, from whoever has it.

An item may lie on several drives, among what updates brought, and some of its chunks among what was repaired: the
first one that gives the signed bytes counts. So a copy is whole although a drive has bad places, if anything here
can mend them.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.errors import ServingError
from appliance.serving.pools import DrivePools, Urgency
from appliance.store.carried import carried_path, read_at
from packager.format.chunks import ChunkTable, chunk_count
from packager.format.errors import DigestError, FormatError
from packager.format.items import read_items
from packager.format.layout import CHUNK, DriveLayout

if TYPE_CHECKING:
    from appliance.branch.lists import Items
    from appliance.store.objects import ObjectStore
    from appliance.store.placement import Placed
    from packager.format.items import ItemLine


@dataclass(frozen=True, slots=True)
class Shelf:
    """A folder in the form of a drive. key: its pool's name; carried: items are named by their digests there."""

    key: str
    root: Path
    carried: bool = False

    def path(self, item: ItemLine) -> str:
        """Where it has an item, as a path in the bag."""
        return carried_path(item.sha256) if self.carried else item.path


class Reader:
    """Reads items of one release. For one thread."""

    def __init__(self, chunks: Path, shelves: Sequence[Shelf], pools: DrivePools, objects: ObjectStore) -> None:
        """Name what is read.

        Args:
            chunks: the proved chunks.bin of the release.
            shelves: in the order in which they are asked.
            pools: read with a deadline.
            objects: repaired chunks.

        Raises:
            FormatError, OSError: chunks.bin cannot be read.
        """
        self._table = ChunkTable(chunks)
        self._shelves, self._pools, self._objects = shelves, pools, objects

    def close(self) -> None:
        """Give chunks.bin back."""
        self._table.close()

    def blocks(self, item: ItemLine, first: int) -> Iterator[bytes]:
        """The bytes of an item, each chunk proved.

        Args:
            item: which.
            first: index of its first digest in chunks.bin.

        Raises:
            DigestError: nobody has a chunk of it as it was signed.
        """
        if item.size <= CHUNK:
            if item.size:
                yield self._chunk(item, 0, item.size, bytes.fromhex(item.sha256))
            return
        for index in range(chunk_count(item.size)):
            start = index * CHUNK
            yield self._chunk(item, start, min(CHUNK, item.size - start), self._table.digest(first + index))

    def _chunk(self, item: ItemLine, start: int, length: int, digest: bytes) -> bytes:
        for shelf in self._shelves:
            found = self._read(shelf, shelf.path(item), start, length)
            if found is not None and hashlib.sha256(found).digest() == digest:
                return found
        found = self._objects.read(digest)
        if found is None:
            raise DigestError("cannot be had as it was signed", path=item.path, expected=digest.hex())
        return found

    def _read(self, shelf: Shelf, path: str, start: int, length: int) -> bytes | None:
        def work() -> bytes:
            layout = DriveLayout(shelf.root)
            with layout.opened() as root:
                descriptor = layout.open_payload(root, path)
            try:
                return read_at(descriptor, start, length) or b""
            finally:
                os.close(descriptor)

        try:
            return self._pools.wait(self._pools.submit(shelf.key, (path, start), work, Urgency.AHEAD))
        except (ServingError, OSError, FormatError):
            return None


def items_of(items_txt: Path, on_drive: Placed) -> Items:
    """The items of a drive."""

    def tell() -> Iterator[ItemLine]:
        return (item for item, here in on_drive(read_items(items_txt)) if here)

    return tell


def placed(items_txt: Path, on_drive: Placed) -> Iterator[tuple[ItemLine, int]]:
    """The items of a drive, each with the index of its first digest in chunks.bin."""
    first = 0
    for item, here in on_drive(read_items(items_txt)):
        if here:
            yield item, first
        first += chunk_count(item.size)
