"""Items that came by an update, on the SSD: `carried/bag/data/ab/<SHA-256>`, each a whole item named by its digest.

The folder has the form of a drive, so that bytes are read, proved and sent from it as from any drive. A name is there
only when all of its bytes were compared with it and are durable; what is read is proved again every time. Only the
worker writes; any process reads.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from packager.format.files import Files
from packager.format.items import read_item_rows
from packager.format.layout import DriveLayout

_NAME = re.compile(r"[0-9a-f]{64}\Z")


def carried_path(sha256: str) -> str:
    """Where an item stands, as a path in the bag."""
    return f"data/{sha256[:2]}/{sha256}"


class CarriedStore:
    """The folder of carried items. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Name the folder (`Settings.carried_folder`); it need not be there."""
        self.folder = folder
        self._layout = DriveLayout(folder)

    def path(self, sha256: str) -> Path:
        """The file of an item."""
        return self._layout.payload(carried_path(sha256))

    def holds(self, sha256: str, size: int) -> bool:
        """Whether an item is here; costs one `stat`."""
        try:
            return self.path(sha256).stat().st_size == size
        except OSError:
            return False

    def add(self, sha256: str, blocks: Iterable[bytes], files: Files) -> int:
        """Keep an item; durable on return.

        Returns:
            Its size.

        Raises:
            DigestError: the blocks have another digest; nothing is kept.
            OSError: the SSD is full or does not answer.
        """
        path = self.path(sha256)
        files.make_dir(path.parent)
        return files.write_atomic(path, blocks, expected=sha256)[1]

    def read(self, sha256: str, start: int, count: int) -> bytes | None:
        """Bytes of an item, not proved; None when it is not here or too short."""
        try:
            descriptor = os.open(self.path(sha256), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            return read_at(descriptor, start, count)
        except OSError:
            return None
        finally:
            os.close(descriptor)

    def all(self) -> Iterator[tuple[str, int]]:
        """Digest and size of every item, sorted."""
        for folder in sorted(self._layout.payload("data/00").parent.glob("[0-9a-f][0-9a-f]")):
            with os.scandir(folder) as entries:
                found = sorted((e.name, e.stat().st_size) for e in entries if _NAME.match(e.name))
            yield from found

    def remove_unnamed(self, lists: Iterable[Path], files: Files) -> int:
        """Remove every item that none of these lists of items names; how many went. Memory: 100 bytes an item here.

        Raises:
            FormatError: a list is malformed; nothing was removed.
            OSError: the SSD does not answer.
        """
        unnamed = {sha256.encode() for sha256, _ in self.all()}
        for path in lists if unnamed else ():
            for rows in read_item_rows(path):
                unnamed.difference_update(row[0] for row in rows)
        for sha256 in sorted(unnamed):
            files.remove(self.path(sha256.decode()))
        return len(unnamed)


def read_at(descriptor: int, start: int, count: int) -> bytes | None:
    """So many bytes of an open file, None when it ends before.

    Raises:
        OSError: the disk does not answer.
    """
    parts: list[bytes] = []
    while count:
        block = os.pread(descriptor, count, start)
        if not block:
            return None
        parts.append(block)
        start, count = start + len(block), count - len(block)
    return b"".join(parts)
