"""Who may have the bytes of a damaged chunk: another drive, a folder or stick. The bytes prove themselves.

Every source is hostile: names are made here from digests and signed paths, links are never followed, a read has a
bound, and what comes back counts only when its digest is the signed one.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from appliance.errors import ServingError
from appliance.serving.chunks import read_exactly
from appliance.serving.pools import DrivePools, Urgency
from appliance.upkeep.payload import Piece, Plugged
from appliance.upkeep.priority import give_way
from packager.format.errors import FormatError
from packager.format.layout import DriveLayout, open_nofollow

PREFIXES = ("", "repair/")
"""Below these a folder or stick may hold `objects/ab/<SHA-256>`: whole items and single chunks, by their digests."""


@dataclass(frozen=True, slots=True)
class Got:
    """What a source gave.

    Attributes:
        chunk: the proved bytes, None when it has none. wrong: it has other bytes under that name.
        away: it could not be asked; it may have them later.
    """

    chunk: bytes | None = None
    wrong: bool = False
    away: bool = False


class Source(Protocol):
    """Somebody who may have chunks."""

    kind: str
    """One of `repairs.SOURCES`."""
    name: str
    """Of the drive or host, for staff."""
    drive: str
    """Key of the drive whose damage it cannot mend itself; empty for others."""
    mark: str
    """Names this very occasion: a drive that comes back is asked again."""

    def fetch(self, piece: Piece) -> Got:
        """The chunk if this source has it; waits within its deadline. Never raises."""
        ...


def proved(chunk: bytes, piece: Piece) -> Got:
    """What a source gave, judged."""
    good = len(chunk) == piece.length and hashlib.sha256(chunk).digest() == piece.digest
    return Got(chunk) if good else Got(wrong=True)


class DriveSource:
    """Another plugged drive whose release holds the same bytes, under whatever path."""

    kind = "drive"

    def __init__(self, plugged: Plugged, paths: Mapping[str, str], pools: DrivePools) -> None:
        """Name the drive; `paths` leads from an item's digest to where its release has it."""
        self.name, self.drive, self.mark = plugged.name, plugged.key, f"drive {plugged.key} {plugged.since}"
        self._plugged, self._paths, self._pools = plugged, paths, pools

    def fetch(self, piece: Piece) -> Got:
        """See `Source`."""
        path = self._paths.get(piece.sha256)
        if path is None:
            return Got()
        try:
            job = self._pools.submit(
                self._plugged.key, ("repair", path, piece.index), lambda: self._read(path, piece), Urgency.AHEAD
            )
            return proved(self._pools.wait(job), piece)
        except ServingError:
            return Got(away=True)
        except (OSError, FormatError):
            return Got()

    def _read(self, path: str, piece: Piece) -> bytes:
        give_way()
        layout = DriveLayout(self._plugged.root)
        with layout.opened() as root:
            descriptor = layout.open_payload(root, path)
        try:
            return read_exactly(descriptor, piece.length, piece.offset)
        finally:
            os.close(descriptor)


class FolderSource:
    """A folder or a stick with objects by their digests."""

    kind = "stick"

    def __init__(self, root: Path, mark: str, pools: DrivePools, *, about: str = "") -> None:
        """Name the folder.

        Args:
            root: its path.
            mark: see `Source`.
            pools: reads it, with a deadline for every read.
            about: key of its place, when it is a stick that staff plugged in.
        """
        self.name, self.drive, self.mark, self.about = "", "", mark, about
        self._root, self._pools = root, pools

    def fetch(self, piece: Piece) -> Got:
        """See `Source`."""
        wrong = away = False
        for name, offset in ((piece.digest.hex(), 0), (piece.sha256, piece.offset)):
            for prefix in PREFIXES:
                try:
                    chunk = self._ask(f"{prefix}objects/{name[:2]}/{name}", piece.length, offset)
                except ServingError:
                    away = True
                    continue
                except (OSError, FormatError):
                    continue
                got = proved(chunk, piece)
                if got.chunk is not None:
                    return got
                wrong = True
        return Got(wrong=wrong, away=away)

    def _ask(self, path: str, length: int, offset: int) -> bytes:
        def read() -> bytes:
            give_way()
            root = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                descriptor = open_nofollow(root, path)
            finally:
                os.close(root)
            try:
                return read_exactly(descriptor, length, offset)
            finally:
                os.close(descriptor)

        return self._pools.wait(self._pools.submit(self.mark, (path, offset), read, Urgency.AHEAD))


def offers_repairs(root: Path) -> bool:
    """Whether a folder looks as if it held objects for repairs."""
    return any((root / prefix / "objects").is_dir() for prefix in PREFIXES)
