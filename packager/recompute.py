"""Computing a release once more from the bag: what each signer does before signing.

The quick way reads the truth files and the lists; the full way reads the payload too, every byte, and makes items.txt
and chunks.bin again from it.
"""

from __future__ import annotations

import hashlib
import heapq
import os
from collections.abc import Callable, Iterator
from itertools import repeat
from pathlib import Path

from packager.disks import disk_layout
from packager.errors import NumberDiffersError
from packager.format.bag import hash_file
from packager.format.chunks import ChunkHasher, ChunkTable, chunk_count, first_chunks
from packager.format.disktable import DISKS_NAME, read_disk_table
from packager.format.errors import FormatError
from packager.format.items import ItemLine, read_items
from packager.format.layout import TRUTH_NAMES, DriveLayout
from packager.format.manifest import parse_tagmanifest, read_manifest
from packager.format.release import Digest, Disk, Release, build_number
from packager.format.source_file import read_chunk

Progress = Callable[[int], None]


def compute_truth(layout: DriveLayout, progress: Progress | None = None) -> dict[str, Digest]:
    """Digest and size of the three truth files, read from the bag; `progress` gets bytes of each step.

    Raises:
        LayoutError, OSError: one is missing or not a plain file.
    """
    found: dict[str, Digest] = {}
    with layout.opened() as root:
        for name in TRUTH_NAMES:
            sha256 = hash_file(root, f"bag/meta/{name}", progress)
            found[name] = Digest(sha256, (layout.meta / name).stat().st_size)
    return found


def check_release(work: Path, release: Release, *, full: bool = False, progress: Progress | None = None) -> str:
    """Prove that `release` describes the bag in `work`, and return the build number computed from the bag.

    Args:
        work: the work folder with the bag and the lists of every drive of the set.
        release: as it is to be signed.
        full: read the payload too. As long as reading all of it takes.
        progress: called with the number of bytes of each step.

    Raises:
        NumberDiffersError: the bag is another, or damaged.
        OSError: a file is missing or the disk does not answer.
    """
    layout = DriveLayout(work)
    try:
        truth = compute_truth(layout, progress)
        number = build_number(truth)
        if truth != dict(release.truth):
            raise NumberDiffersError("the bag's build number is another", expected=release.number, found=number)
        for disk in release.disks:
            _check_lists(disk_layout(work, release, disk.n), release, disk)
        _check_whole(work, release)
        if full:
            _check_payload(layout, progress)
    except FormatError as error:
        raise NumberDiffersError(f"the bag is damaged: {error}") from error
    return number


def _check_lists(layout: DriveLayout, release: Release, disk: Disk) -> None:
    """Prove the lists of one drive."""
    with layout.opened() as root:
        tagmanifest = hash_file(root, layout.tag_name("tagmanifest-sha256.txt"))
        if tagmanifest != disk.tagmanifest:
            raise NumberDiffersError("the bag's tagmanifest is not the one in the release", found=tagmanifest)
        lists = parse_tagmanifest(layout.tagmanifest.read_bytes())
        for name, sha256 in lists.items():
            if hash_file(root, layout.tag_name(name)) != sha256:
                raise NumberDiffersError(f"{name} is not the file that the bag lists")
    for name, accelerator in release.accelerators.items():
        if lists.get(f"meta/{name}") != accelerator.sha256:
            raise NumberDiffersError(f"{name} is not the accelerator in the release")
    count = sum(1 for _ in _lines(layout.catalogue))
    if count != release.count:
        raise NumberDiffersError(f"the catalogue holds {count} resources, the release says {release.count}")
    size = sum(line.size for line in items_on_drive(layout))
    if size != disk.bytes:
        raise NumberDiffersError(f"the payload has {size} bytes, the release says {disk.bytes}")


def _check_whole(work: Path, release: Release) -> None:
    """Prove that the drives of a set together carry every item once, and that disks.bin says so."""
    if len(release.disks) == 1:
        return
    layouts = [disk_layout(work, release, disk.n) for disk in release.disks]
    carried = heapq.merge(
        *(zip((line.path for line in read_manifest(layout.manifest)), repeat(n)) for n, layout in enumerate(layouts, 1))
    )
    told = read_disk_table(layouts[0].meta / DISKS_NAME, len(layouts)) if DISKS_NAME in release.accelerators else None
    for item in read_items(layouts[0].items):
        path, disk = next(carried, ("", 0))
        if path != item.path:
            raise NumberDiffersError("the drives together do not carry every item once", found=path or item.path)
        if told is not None and next(told, 0) != disk:
            raise NumberDiffersError(f"{DISKS_NAME} is not what the drives carry", found=path)
    if next(carried, None) is not None or (told is not None and next(told, None) is not None):
        raise NumberDiffersError("the drives together carry more than the items of the release")


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def items_on_drive(layout: DriveLayout) -> Iterator[ItemLine]:
    """The items that a drive carries: lines of items.txt whose path is in its manifest. Memory: constant.

    Raises:
        FormatError: the lists do not agree, or one of them cannot be read.
    """
    manifest = read_manifest(layout.manifest)
    wanted = next(manifest, None)
    for item in read_items(layout.items):
        if wanted is not None and wanted.path == item.path:
            if wanted.sha256 != item.sha256:
                raise FormatError("has another digest than in items.txt", path=item.path)
            yield item
            wanted = next(manifest, None)
    if wanted is not None:
        raise FormatError("is in the manifest but not in items.txt", path=wanted.path)


def _check_payload(layout: DriveLayout, progress: Progress | None) -> None:
    with layout.opened() as root, ChunkTable(layout.chunks) as table:
        for item, first in first_chunks(read_items(layout.items)):
            sha256, digests = _hash_item(root, layout, item, progress)
            known = b"".join(table.digest(first + n) for n in range(chunk_count(item.size)))
            if sha256 != item.sha256 or digests != known:
                raise FormatError("has other bytes than the list says", path=item.path)


def _hash_item(root: int, layout: DriveLayout, item: ItemLine, progress: Progress | None) -> tuple[str, bytes]:
    descriptor = layout.open_payload(root, item.path)
    try:
        whole, chunks = hashlib.sha256(), ChunkHasher()
        while block := read_chunk(descriptor):
            whole.update(block)
            chunks.update(block)
            if progress is not None:
                progress(len(block))
    finally:
        os.close(descriptor)
    return whole.hexdigest(), chunks.digests()
