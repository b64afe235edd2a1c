"""A stick as the supply of an update: the tree of an origin on a disk that may be anything and go at any moment."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.sync.incoming import PIECE, Source
from appliance.sync.sources import FolderFiles, FolderSource, Reading
from packager.format.origin import OriginError, delta_document

if TYPE_CHECKING:
    from packager.format.release import Digest


class StickSupply:
    """See `supply.Supply`; reads what is named by signed digests and nothing else."""

    def __init__(self, root: Path, reading: Reading, allow: Callable[[int], None], took: Callable[[int], None]) -> None:
        """Name the folder.

        Args:
            root: holds `tuf/` and `objects/`.
            reading: reads with a deadline.
            allow: raises when all work is to be broken off; a stick has no window and no cap.
            took: counts what was brought.
        """
        self._files, self._source = FolderFiles(root, reading), FolderSource(root, "stick", reading)
        self.allow, self.took = allow, took

    def has(self, target: str, wanted: Digest) -> bool:
        """See `Supply.has`."""
        return self._files.stretch(delta_document(target, wanted.sha256), wanted.size, 0, 1) is not None

    def document(self, target: str, wanted: Digest) -> Iterator[bytes]:
        """See `Supply.document`."""
        name = delta_document(target, wanted.sha256)
        for offset in range(0, wanted.size, PIECE):
            length = min(PIECE, wanted.size - offset)
            self.allow(length)
            block = self._files.stretch(name, wanted.size, offset, length)
            if block is None:
                raise OriginError(f"{target} went away")
            yield block

    def sources(self) -> Sequence[Source]:
        """See `Supply.sources`."""
        return [self._source]

    def proves(self, wanted: Digest) -> bool:
        """Whether it has an object whole, with the right digest; reads all of it and keeps nothing.

        Raises:
            SourceError: the disk does not answer.
        """
        digest = hashlib.sha256()
        for offset in range(0, wanted.size, PIECE):
            length = min(PIECE, wanted.size - offset)
            self.allow(length)
            block = self._source.piece(wanted.sha256, wanted.size, offset, length)
            if block is None:
                return False
            digest.update(block)
        return digest.hexdigest() == wanted.sha256
