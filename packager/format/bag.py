"""Writing the lists of a bag (BagIt 1.0, RFC 8493).

Taking them from a hostile drive is in `packager.format.tagfiles`; its names stand here too.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from packager.format.baginfo import BAGIT, BagInfo
from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.items import ItemLine
from packager.format.layout import TRUTH_NAMES, DriveLayout, check_meta_name, open_nofollow
from packager.format.manifest import ManifestLine
from packager.format.source_file import read_chunk
from packager.format.tagfiles import (
    ABSENT,
    DAMAGED,
    OTHER_VERSION,
    READY,
    RECORDS,
    Candidate,
    TagFiles,
    follow_records,
    follow_tag_files,
    read_candidate,
    tag_file_bytes,
    verify_tag_files,
)

__all__ = [
    "ABSENT",
    "BAGIT",
    "DAMAGED",
    "OTHER_VERSION",
    "READY",
    "RECORDS",
    "Bag",
    "Candidate",
    "TagFiles",
    "follow_records",
    "follow_tag_files",
    "hash_file",
    "read_candidate",
    "tag_file_bytes",
    "verify_tag_files",
    "write_bag",
]


@dataclass(frozen=True, slots=True)
class Bag:
    """A bag that was written. tagmanifest: its SHA-256; bytes: of the payload; count: payload files."""

    tagmanifest: str
    bytes: int
    count: int


def write_bag(
    layout: DriveLayout,
    lines: Iterable[ItemLine],
    *,
    bundle: str,
    seq: int,
    issued: str,
    files: Files,
    disk: int = 1,
    disks: int = 1,
    progress: Callable[[int], None] | None = None,
) -> Bag:
    """Write manifest, bag-info.txt, bagit.txt and, last, the tagmanifest. Memory: constant.

    The payload and everything in `meta/` must be in place; files in `meta/` are read and hashed here. The same input
    gives the same bytes.

    Args:
        layout: of the drive or the work folder.
        lines: the items on THIS drive, sorted by path.
        bundle: of the release.
        seq: of the release.
        issued: ISO date.
        files: the writer.
        disk: number of this drive, from 1.
        disks: how many drives there are in the set.
        progress: called with the number of bytes of `meta/` just hashed.

    Raises:
        FormatError: items are not sorted, or `meta/` lacks a truth file or holds a name that no drive may hold.
        OSError: the disk is full or does not answer.
    """
    files.make_dir(layout.bag / "data")
    size = count = 0

    def manifest() -> Iterator[bytes]:
        nonlocal size, count
        before = ""
        for line in lines:
            if line.path <= before:
                raise FormatError("is not sorted, or names a path twice", path=layout.manifest.name, found=line.path)
            before, size, count = line.path, size + line.size, count + 1
            yield ManifestLine(line.sha256, line.path).to_bytes()

    tags = {layout.manifest.name: files.write_atomic(layout.manifest, manifest())[0]}
    info = BagInfo(disk, disks, bundle, seq, issued, size, count)
    tags[layout.bag_info.name] = files.write_atomic(layout.bag_info, info.to_bytes())[0]
    tags[layout.bagit.name] = files.write_atomic(layout.bagit, BAGIT)[0]
    tags.update(_hash_meta(layout, progress))
    content = b"".join(ManifestLine(tags[name], name).to_bytes() for name in sorted(tags))
    return Bag(files.write_atomic(layout.tagmanifest, content)[0], size, count)


def _hash_meta(layout: DriveLayout, progress: Callable[[int], None] | None) -> dict[str, str]:
    """SHA-256 of every file in `meta/` by its path in the bag."""
    found: dict[str, str] = {}
    with layout.opened() as root:
        for folder, _, names in os.walk(layout.meta):
            for name in names:
                path = "meta/" + check_meta_name((Path(folder) / name).relative_to(layout.meta).as_posix())
                found[path] = hash_file(root, f"bag/{path}", progress)
    missing = [name for name in TRUTH_NAMES if f"meta/{name}" not in found]
    if missing:
        raise FormatError("lacks a truth file", path="meta", expected=", ".join(missing))
    return found


def hash_file(root_fd: int, relative: str, progress: Callable[[int], None] | None = None) -> str:
    """SHA-256 (hexadecimal) of a plain file below `root_fd`; `progress` gets the bytes of each step.

    Raises:
        LayoutError, FileNotFoundError, OSError: as `layout.open_nofollow`.
    """
    descriptor = open_nofollow(root_fd, relative)
    try:
        digest = hashlib.sha256()
        while block := read_chunk(descriptor):
            digest.update(block)
            if progress is not None:
                progress(len(block))
    finally:
        os.close(descriptor)
    return digest.hexdigest()
