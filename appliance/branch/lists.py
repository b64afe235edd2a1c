"""The lists of a bag, made again from the truth of its release and proved by the digest that two people signed.

An edition that came by an update has no drive here that one could copy. But the lists of a bag have one form
(docs/format.md, 1.1), so they follow from the release and from which of its items a drive carries; and when they are
not those that were signed, their digest says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packager.format.baginfo import BAGIT, BagInfo
from packager.format.errors import DigestError
from packager.format.manifest import ManifestLine

if TYPE_CHECKING:
    from packager.format.items import ItemLine
    from packager.format.release import Release

Items = Callable[[], Iterator["ItemLine"]]
"""Begins to tell the items of a drive, in the order of items.txt; asked more than once."""


@dataclass(frozen=True, slots=True)
class BagLists:
    """What stands in the root of a bag.

    Attributes:
        tagmanifest, bag_info, bagit: their bytes.
        manifest: SHA-256 of the manifest, hexadecimal; `manifest_lines` are its bytes.
        size: bytes of payload. count: files of payload.
    """

    tagmanifest: bytes
    bag_info: bytes
    bagit: bytes
    manifest: str
    size: int
    count: int

    @property
    def name(self) -> str:
        """What the signed release calls the drive: SHA-256 of its tagmanifest, hexadecimal."""
        return hashlib.sha256(self.tagmanifest).hexdigest()


def manifest_lines(items: Items) -> Iterator[bytes]:
    """The payload manifest of a drive with these items."""
    return (ManifestLine(item.sha256, item.path).to_bytes() for item in items())


def bag_lists(release: Release, disk: int, items: Items) -> BagLists:
    """The lists of one drive of a release; reads the items once. Memory: constant.

    Args:
        release: from the signed list.
        disk: number of the drive in its set, from 1.
        items: what it carries.

    Raises:
        DigestError: they are not what was signed: the drive carries something else.
        FormatError, OSError: the items cannot be read.
    """
    manifest, size, count = hashlib.sha256(), 0, 0
    for item in items():
        manifest.update(ManifestLine(item.sha256, item.path).to_bytes())
        size, count = size + item.size, count + 1
    info = BagInfo(disk, len(release.disks), release.bundle, release.seq, release.issued, size, count).to_bytes()
    tags = {
        "bag-info.txt": hashlib.sha256(info).hexdigest(),
        "bagit.txt": hashlib.sha256(BAGIT).hexdigest(),
        "manifest-sha256.txt": manifest.hexdigest(),
        **{f"meta/{name}": truth.sha256 for name, truth in release.truth.items()},
        **{f"meta/{name}": made.sha256 for name, made in release.accelerators.items()},
    }
    tagmanifest = b"".join(ManifestLine(tags[name], name).to_bytes() for name in sorted(tags))
    found = BagLists(tagmanifest, info, BAGIT, manifest.hexdigest(), size, count)
    wanted = release.disks[disk - 1].tagmanifest
    if found.name != wanted:
        raise DigestError("are not the lists that were signed", path="bag", expected=wanted, found=found.name)
    return found
