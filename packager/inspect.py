"""Computing a release once more from the bag: what each signer does before signing.

The quick way reads the truth files and the lists; the full way reads the payload too, every byte, and makes items.txt
and chunks.bin again from it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from packager.errors import NumberDiffersError
from packager.format.bag import hash_file
from packager.format.chunks import ChunkHasher, ChunkTable, chunk_count, first_chunks
from packager.format.errors import FormatError
from packager.format.files import read_chunk
from packager.format.items import ItemLine, read_items
from packager.format.layout import TRUTH_NAMES, DriveLayout
from packager.format.manifest import parse_tagmanifest, read_manifest
from packager.format.release import Digest, Release, build_number

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
        work: the work folder with one bag (the first drive of the set).
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
        _check_lists(layout, release)
        if full:
            _check_payload(layout, progress)
    except FormatError as error:
        raise NumberDiffersError(f"the bag is damaged: {error}") from error
    return number


def _check_lists(layout: DriveLayout, release: Release) -> None:
    with layout.opened() as root:
        tagmanifest = hash_file(root, "bag/tagmanifest-sha256.txt")
        disk = release.disk_of(tagmanifest)
        if disk is None:
            raise NumberDiffersError("the bag's tagmanifest is not the one in the release", found=tagmanifest)
        lists = parse_tagmanifest(layout.tagmanifest.read_bytes())
        for name, sha256 in lists.items():
            if hash_file(root, f"bag/{name}") != sha256:
                raise NumberDiffersError(f"{name} is not the file that the bag lists")
    for name, accelerator in release.accelerators.items():
        if lists.get(f"meta/{name}") != accelerator.sha256:
            raise NumberDiffersError(f"{name} is not the accelerator in the release")
    count = sum(1 for _ in _lines(layout.catalogue))
    if count != release.count:
        raise NumberDiffersError(f"the catalogue holds {count} resources, the release says {release.count}")
    size = sum(line.size for line in _on_this_drive(layout))
    if size != disk.bytes:
        raise NumberDiffersError(f"the payload has {size} bytes, the release says {disk.bytes}")


def _lines(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from file


def _on_this_drive(layout: DriveLayout) -> Iterator[ItemLine]:
    """The items of the manifest, each with the digest that items.txt gives it; both lists are sorted."""
    for line, _ in _placed(layout):
        yield line


def _placed(layout: DriveLayout) -> Iterator[tuple[ItemLine, int]]:
    manifest = read_manifest(layout.manifest)
    wanted = next(manifest, None)
    for item, first in first_chunks(read_items(layout.items)):
        if wanted is not None and wanted.path == item.path:
            if wanted.sha256 != item.sha256:
                raise FormatError("has another digest than in items.txt", path=item.path)
            yield item, first
            wanted = next(manifest, None)
    if wanted is not None:
        raise FormatError("is in the manifest but not in items.txt", path=wanted.path)


def _check_payload(layout: DriveLayout, progress: Progress | None) -> None:
    with layout.opened() as root, ChunkTable(layout.chunks) as table:
        for item, first in _placed(layout):
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
