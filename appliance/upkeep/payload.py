"""What a drive must carry, chunk by chunk, with the digest that proves each: from the truth on the SSD."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.format.chunks import ChunkTable, chunk_count
from packager.format.items import read_item_rows
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from appliance.store.disks import DiskItems


@dataclass(frozen=True, slots=True)
class Piece:
    """One chunk of one item.

    Attributes:
        path: of the item in the bag. sha256: of the whole item, hexadecimal. size: of the item in bytes.
        index: the chunk's number from 0. digest: its SHA-256, 32 bytes.
    """

    path: str
    sha256: str
    size: int
    index: int
    digest: bytes

    @property
    def offset(self) -> int:
        """First byte within the item."""
        return self.index * CHUNK

    @property
    def length(self) -> int:
        """Bytes in the chunk."""
        return min(CHUNK, self.size - self.offset)

    @property
    def item_id(self) -> str:
        """The item's id, which names its file."""
        return self.path.rpartition("/")[2].partition(".")[0]


@dataclass(frozen=True, slots=True)
class Plugged:
    """A drive that serves now.

    Attributes:
        key: of its place. root: its folder. name: what staff call it.
        release: folder of its release on the SSD. folder: the same below the releases folder.
        disk: its number in the set. disks: drives in the set.
        identity: of its check, see `checks.CheckRun`; before `Checks.identify` its tagmanifest.
        since: when it came into use, ISO time in UTC.
        medium: which physical medium it is, see `medium.medium_of`; empty when that cannot be known.
    """

    key: str
    root: Path
    name: str
    release: Path
    folder: str
    disk: int
    disks: int
    identity: str
    since: str
    medium: str = ""

    def carries(self) -> DiskItems | None:
        """The list of what this drive of a set carries; None when it carries everything.

        Raises:
            StoreError: the list cannot be used.
        """
        if self.disks == 1:
            return None
        from appliance.store.disks import DiskItems  # with NumPy, which single drives do without

        return DiskItems(self.release / "disks" / f"{self.disk}.items")


def pieces(plugged: Plugged, path: str = "", chunk: int = 0) -> Iterator[Piece]:
    """All chunks of a drive in the order of its items, from chunk `chunk` of item `path` on. Memory: constant.

    Raises:
        FormatError, StoreError, OSError: the truth on the SSD cannot be read.
    """
    held = plugged.carries()
    meta = plugged.release / "meta"
    with closing(ChunkTable(meta / "chunks.bin")) as table:
        first = 0
        for rows in read_item_rows(meta / "items.txt"):
            for sha256, number, name in rows:
                size, place, begin = int(number), name.decode(), first
                first += chunk_count(size)
                if place < path or (held is not None and not held.holds(place)):
                    continue
                start = chunk if place == path else 0
                yield from _of_item(table, place, sha256.decode(), size, begin, start)


def _of_item(table: ChunkTable, path: str, sha256: str, size: int, first: int, start: int) -> Iterator[Piece]:
    if size <= CHUNK:
        if size and not start:
            yield Piece(path, sha256, size, 0, bytes.fromhex(sha256))
        return
    for index in range(start, chunk_count(size)):
        yield Piece(path, sha256, size, index, table.digest(first + index))


@dataclass(frozen=True, slots=True)
class Located:
    """An item of a release: its size, where it stands in the bag, and the place of its first digest."""

    size: int
    path: str
    first: int


def locate(release: Path, wanted: Collection[str]) -> dict[str, Located]:
    """Where the items with these digests (hexadecimal) stand in a release; one of each. Reads the whole list once.

    Raises:
        FormatError, OSError: the truth on the SSD cannot be read.
    """
    names = {sha256.encode() for sha256 in wanted}
    found: dict[str, Located] = {}
    first = 0
    for rows in read_item_rows(release / "meta" / "items.txt"):
        for sha256, number, name in rows:
            if sha256 in names:
                found.setdefault(sha256.decode(), Located(int(number), name.decode(), first))
            first += chunk_count(int(number))
    return found


def piece_of(release: Path, sha256: str, at: Located, index: int) -> Piece | None:
    """One chunk of a located item; None when the item has no such chunk.

    Raises:
        FormatError, OSError: the truth on the SSD cannot be read.
    """
    if not 0 <= index < max(1, -(-at.size // CHUNK)) or not at.size:
        return None
    if at.size <= CHUNK:
        return Piece(at.path, sha256, at.size, index, bytes.fromhex(sha256))
    with closing(ChunkTable(release / "meta" / "chunks.bin")) as table:
        return Piece(at.path, sha256, at.size, index, table.digest(at.first + index))
