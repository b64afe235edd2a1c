"""Making an image: one file with everything that a disk holds, from a signed work folder, without mounting or root.

The same work folder gives the same bytes under the same programs. The finished image is read back before it gets its
name: ext4 by e2fsck, every file by its digest. An image that was interrupted is made anew.
"""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packager.drives import signed_release
from packager.errors import BuildSpaceError
from packager.format.files import TEMPORARY_SUFFIX
from packager.format.layout import INFO_NAME
from packager.production import programs
from packager.production.contents import contents
from packager.production.errors import ImageError
from packager.production.ext4 import Ext4
from packager.production.facts import SEGMENT, ImageFacts, facts_path
from packager.production.fat import make_fat
from packager.production.geometry import (
    BLOCK,
    FAT_AT,
    MIB,
    TAIL_ROOM,
    Geometry,
    demand,
    ext4_size,
    moment_of,
    named_uuid,
    table_of,
)
from packager.production.readme import README, Sender, info_document, readme
from packager.progress import Progress
from provisioning.disks.gpt import TAIL, table_bytes
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packager.format.files import Files
    from packager.format.release import Disk, Release

CAPACITY = 4_000_000_000_000
"""Bytes of the smallest drive model, unless told otherwise: a disk sold as 4 TB has at least these."""
_READ = 4 * MIB


@dataclass(frozen=True, slots=True)
class ImageOptions:
    """How an image is made.

    Attributes:
        capacity: bytes of the smallest drive model; the image is never larger.
        disk: which drive of the set; None for the only one.
        sender: who made it, for README.txt.
        ext4_at: where the ext4 partition begins; what is before it is the small partition.
        segment: bytes that are written and compared at a time.
        quiet: show no progress.
    """

    capacity: int = CAPACITY
    disk: int | None = None
    sender: Sender = field(default_factory=Sender)
    ext4_at: int = 64 * MIB
    segment: int = SEGMENT
    quiet: bool = False


def make_image(work: Path, image: Path, options: ImageOptions, files: Files) -> ImageFacts:
    """Make the image of a signed work folder.

    Args:
        work: a work folder with a finished build and its signatures.
        image: the file to make; replaced when it exists. `<image>.json` is made beside it.
        options: see there.
        files: the writer.

    Raises:
        BuildSpaceError: the disk that the image goes to is too full.
        DriveError: the release is not signed, does not fit, a file is not what the lists say, or a program is missing.
        OSError: the disk is full or does not answer.
    """
    release = signed_release(work)
    held = contents(work, release, options.disk)
    disk = held.disk
    wanted = demand((entry.path, entry.size) for entry in held.entries())
    geometry = Geometry(options.ext4_at, ext4_size(wanted))
    if geometry.size > options.capacity:
        raise ImageError("desk.drive.small", "the release needs more", size=geometry.size - options.capacity)
    files.make_dir(image.parent)
    missing = wanted.blocks * BLOCK - files.free_space(image.parent)
    if missing > 0:
        raise BuildSpaceError(missing)
    moment = moment_of(release.issued)
    name = f"{release.bundle}/{release.seq}/{disk.n} {disk.tagmanifest}"
    facts_path(image).unlink(missing_ok=True)
    new = image.with_name(image.name + TEMPORARY_SUFFIX)
    try:
        _lay_out(new, geometry, name, release, disk, options.sender, moment)
        ext4 = Ext4(new, geometry.ext4_at, geometry.ext4_size, moment)
        ext4.make(str(named_uuid(f"ext4 {name}")), str(named_uuid(f"hash {name}")), wanted)
        with _step("已写入映像", "映像已写好", options, wanted.files) as each:
            ext4.fill(work, held.entries(), each)
        ext4.check()
        with _step("已读回核对", "映像已读回核对", options, wanted.files) as each:
            ext4.compare(held.entries(), each)
        digests, sha256 = _digest(new, ext4, geometry, options)
        uuid, tools = str(named_uuid(f"ext4 {name}")), _versions(moment)
        facts = ImageFacts(release, disk, geometry, uuid, options.segment, digests, sha256, tools)
        _sync(new)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
    new.replace(image)  # terabytes made by other programs: only the name is ours to give
    files.fsync_dir(image.parent)
    files.write_atomic(facts_path(image), facts.to_bytes())
    return facts


def _lay_out(
    path: Path, geometry: Geometry, name: str, release: Release, disk: Disk, sender: Sender, moment: int
) -> None:
    """A sparse file with partition table and the small partition as it is without a drive's number."""
    head, tail = table_bytes(table_of(geometry, name), geometry.size)
    small = path.with_name(path.name + ".fat")
    try:
        volume = named_uuid(f"volume {name}").int & 0xFFFFFFFF
        papers = {README: readme(release, disk.n, sender), INFO_NAME: info_document(release, disk.n)}
        make_fat(small, geometry.fat_size, papers, volume, moment)
        path.unlink(missing_ok=True)
        with path.open("wb") as out, small.open("rb") as fat:
            out.truncate(geometry.size)
            out.write(head)
            for number in range(0, geometry.fat_size, MIB):
                block = fat.read(MIB)
                if block.count(0) != len(block):  # what is zero stays a hole
                    out.seek(FAT_AT + number)
                    out.write(block)
            out.seek(geometry.size - TAIL)
            out.write(tail)
    finally:
        small.unlink(missing_ok=True)


class _step:  # noqa: N801 - used as a function
    """Progress over the files of a drive."""

    def __init__(self, verb: str, end: str, options: ImageOptions, total: int) -> None:
        self._progress = Progress(verb, quiet=options.quiet)
        self._end, self._total = end, total
        self._count = self._size = 0

    def __enter__(self) -> _step:
        return self

    def __call__(self, size: int) -> None:
        self._count, self._size = self._count + 1, self._size + size
        self._progress.update(self._count, self._total, self._size)

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:
            self._progress.close(f"{self._end}：{self._count:,} 个文件，{numbers.size(self._size)}。")


def _digest(path: Path, ext4: Ext4, geometry: Geometry, options: ImageOptions) -> tuple[tuple[str | None, ...], str]:
    """Digests of the segments of the ext4 partition (None: nothing uses it) and of the whole file, in one reading."""
    free = _free_segments(ext4, options.segment)
    whole = hashlib.sha256()
    digests: list[str | None] = []
    progress = Progress("已计算各段", quiet=options.quiet)
    with path.open("rb", buffering=0) as file:
        for block in _blocks(file.fileno(), 0, geometry.ext4_at):
            whole.update(block)
        for at in range(0, geometry.ext4_size, options.segment):
            own = hashlib.sha256()
            length = min(options.segment, geometry.ext4_size - at)
            for block in _blocks(file.fileno(), geometry.ext4_at + at, length):
                whole.update(block)
                own.update(block)
            digests.append(None if at in free else own.hexdigest())
            progress.update(len(digests), -(-geometry.ext4_size // options.segment), at + length)
        for block in _blocks(file.fileno(), geometry.ext4_at + geometry.ext4_size, TAIL_ROOM):
            whole.update(block)
    progress.close(f"校验清单已列好，共 {len(digests):,} 段。")
    return tuple(digests), whole.hexdigest()


def _free_segments(ext4: Ext4, segment: int) -> set[int]:
    """Where, in the partition, segments begin of which nothing is used."""
    found: set[int] = set()
    begin = end = 0
    for first, last in (*ext4.free_ranges(), (ext4.size, ext4.size)):
        if first == end and first != ext4.size:
            end = last
            continue
        stretch = range(-(-begin // segment) * segment, end, segment)
        found.update(at for at in stretch if min(at + segment, ext4.size) <= end)
        begin, end = first, last
    return found


def _blocks(descriptor: int, at: int, length: int) -> Iterator[bytes]:
    end = at + length
    while at < end and (block := os.pread(descriptor, min(_READ, end - at), at)):
        yield block
        at += len(block)


def _versions(moment: int) -> dict[str, str]:
    """The programs' versions, as they name themselves."""
    # mke2fs and debugfs are built together; mke2fs tells its version on standard error, debugfs too.
    said = programs.said("mke2fs", ["-V"], moment), programs.said("mformat", ["--version"], moment)
    found = [re.search(r"\d+\.\d+[\w.+-]*", text) for text in said]
    return {name: match[0] if match else "" for name, match in zip(("e2fsprogs", "mtools"), found, strict=True)}


def _sync(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
