"""Which files of a work folder go on a drive, in the order in which they shall lie there.

Lists first (they are read at plug-in), payload next, sorted by path, so that a full check reads the disk from one end
to the other, signatures last. Everything of a folder comes in a row. Strangers in the work folder are never met.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.disks import disk_layout
from packager.drives import chosen_disk
from packager.format.items import ItemLine, read_items
from packager.format.layout import DriveLayout
from packager.format.manifest import parse_tagmanifest, read_manifest
from packager.format.release import Disk, Release
from packager.production.errors import ImageError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TUF_PART = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*\Z")


@dataclass(frozen=True, slots=True)
class Entry:
    """One file of a drive.

    Attributes:
        path: below the drive's root. source: below the work folder's.
        size: bytes. sha256: what its bytes must give.
    """

    path: str
    source: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Contents:
    """What a drive of a release holds. disk: which of the set; layout: the work folder with the lists of that drive."""

    disk: Disk
    layout: DriveLayout

    def entries(self) -> Iterator[Entry]:
        """Every file, in order. Memory: constant but for the tagmanifest (at most 1 MiB).

        Raises:
            ImageError: a list names what is not there.
            FormatError: a list is not what it may be.
            OSError: a tag file is missing.
        """
        layout = self.layout
        tags = parse_tagmanifest(layout.tagmanifest.read_bytes())
        tags[layout.tagmanifest.name] = self.disk.tagmanifest
        for name in sorted(tags, key=lambda name: ("/" in name, name)):
            source = layout.tag_name(name)
            yield Entry(f"bag/{name}", source, (layout.root / source).stat().st_size, tags[name])
        yield from _payload(layout)
        yield from _signatures(layout)


def contents(work: Path, release: Release, wanted: int | None) -> Contents:
    """What goes on a drive.

    Args:
        work: a work folder.
        release: its release.
        wanted: which drive of the set; None for the only one.

    Raises:
        DriveError: the set has several drives and none is named, or there is no such drive.
        ImageError: the lists in the work folder are not those of that drive.
    """
    n = chosen_disk(release, wanted or 0)
    layout, disk = disk_layout(work, release, n), release.disks[n - 1]
    if not layout.tagmanifest.is_file() or _sha256(layout.tagmanifest) != disk.tagmanifest:
        raise ImageError("desk.image.other_disk", f"the lists of drive {n} are not those of the release", n=n)
    return Contents(disk, layout)


def _payload(layout: DriveLayout) -> Iterator[Entry]:
    items: Iterator[ItemLine] = iter(read_items(layout.items))
    for line in read_manifest(layout.manifest):
        item = next((i for i in items if i.path >= line.path), None)
        if item is None or item.path != line.path or item.sha256 != line.sha256:
            raise ImageError("desk.image.damaged", f"{line.path} is in the manifest, but not so in items.txt")
        yield Entry(f"bag/{line.path}", f"bag/{line.path}", item.size, item.sha256)


def _signatures(layout: DriveLayout) -> Iterator[Entry]:
    paths = [path for path in layout.tuf.rglob("*.json") if path.is_file()]
    for path in sorted(paths, key=lambda p: p.relative_to(layout.root).parts):
        relative = path.relative_to(layout.root)
        if not all(_TUF_PART.match(part) for part in relative.parts):
            raise ImageError("desk.image.damaged", f"{relative} is no name for a drive")
        name = relative.as_posix()
        yield Entry(name, name, path.stat().st_size, _sha256(path))


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
