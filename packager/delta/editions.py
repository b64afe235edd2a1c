"""A release at hand, as one or several folders: its work folder, or the drives of its set."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from packager.errors import DeltaBaseError
from packager.format.errors import FormatError
from packager.format.items import ItemLine
from packager.format.layout import DriveLayout
from packager.format.release import Release


@dataclass(frozen=True)
class Edition:
    """A release whose truth and payload can be read.

    Attributes:
        release: what it is. roots: the folders; the first one has the truth.
    """

    release: Release
    roots: tuple[Path, ...]

    @property
    def layout(self) -> DriveLayout:
        """Where its lists stand."""
        return DriveLayout(self.roots[0])

    def open(self, item: ItemLine) -> int:
        """A descriptor of an item's file; the caller closes it.

        Raises:
            DeltaBaseError: none of the folders has it, or with another size.
        """
        for root in self.roots:
            layout = DriveLayout(root)
            try:
                with layout.opened() as folder:
                    descriptor = layout.open_payload(folder, item.path)
            except (OSError, FormatError):
                continue
            if os.fstat(descriptor).st_size == item.size:
                return descriptor
            os.close(descriptor)
        raise DeltaBaseError(f"{item.path} of edition {self.release.edition} is not at hand", self.release.edition)

    def read(self, item: ItemLine, start: int, count: int) -> bytes:
        """Bytes of an item.

        Raises:
            DeltaBaseError: as `open`, or there are fewer.
        """
        descriptor = self.open(item)
        try:
            parts = []
            while count and (block := os.pread(descriptor, count, start)):
                parts.append(block)
                start, count = start + len(block), count - len(block)
        finally:
            os.close(descriptor)
        if count:
            raise DeltaBaseError(f"{item.path} of edition {self.release.edition} is cut", self.release.edition)
        return b"".join(parts)


def edition_of(roots: Sequence[Path]) -> Edition:
    """The release in these folders, its lists compared with what it says of them.

    Args:
        roots: a work folder, or the drives of a set (one is enough for the lists; all are, for payload).

    Raises:
        DeltaBaseError: the first one holds no release, or its lists are others.
        OSError: a folder does not answer.
    """
    release = _release_in(roots[0])
    if release is None:
        raise DeltaBaseError(f"{roots[0]} holds no release", roots[0].name)
    layout = DriveLayout(roots[0])
    for name, digest in release.truth.items():
        with layout.meta_file(name).open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest.sha256:
                raise DeltaBaseError(f"{name} of edition {release.edition} is another", release.edition)
    return Edition(release, tuple(roots))


def _release_in(root: Path) -> Release | None:
    """The release of a work folder as it was built, or of a drive as its signed list names it."""
    described = root / "release.json"
    layout = DriveLayout(root)
    try:
        if described.exists():
            return Release.from_bytes(described.read_bytes())
        drive = hashlib.sha256(layout.tagmanifest.read_bytes()).hexdigest()
        found = (Release.from_bytes(p.read_bytes()) for p in sorted((layout.tuf_targets / "releases").glob("*/*.json")))
        return next((release for release in found if release.disk_of(drive)), None)
    except (FileNotFoundError, FormatError):
        return None
