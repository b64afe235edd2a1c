"""Writing a drive as a folder: payload first, lists next, signatures last, so that a drive half written is refused.

An interrupted copy goes on where it was: what is already there is read and compared, never believed by its size.
"""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from packager.disks import disk_layout
from packager.errors import DriveError
from packager.format.baginfo import BagInfo
from packager.format.errors import FormatError
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import DriveLayout
from packager.format.manifest import parse_tagmanifest
from packager.format.release import Release
from packager.progress import Progress
from packager.recompute import items_on_drive
from packager.sources.id_set import IdSet
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packager.format.files import Files

_MAX_METADATA = 8 << 20
_BESIDE = frozenset({"lost+found", "README.txt", "System Volume Information", "$RECYCLE.BIN"})
"""What file systems and systems put on an empty disk."""


@dataclass(frozen=True, slots=True)
class WrittenDrive:
    """A drive that was written and compared. copied, kept: payload files; size: bytes of payload."""

    release: Release
    copied: int
    kept: int
    size: int


def write_drive(
    work: Path, target: Path, files: Files, *, disk: int = 0, quiet: bool = False, replace: bool = False
) -> WrittenDrive:
    """Write a drive of the signed release of `work` to the folder `target`, replacing what another release left there.

    Args:
        work: a work folder with a finished build and its signatures.
        target: the drive's folder, made when absent.
        files: the writer.
        disk: which drive of the set, from 1; 0 for the only one.
        quiet: show no progress.
        replace: write also where another drive's contents or other files are.

    Raises:
        DriveError: the release is not signed or has no such drive, the target is too small, holds something else, or
            a payload file is not what the list says.
        OSError: a disk does not answer.
    """
    drive = DriveLayout(target)
    release = signed_release(work)
    chosen = chosen_disk(release, disk)
    source = disk_layout(work, release, chosen)
    if not replace:
        _check_target(drive, release, chosen)
    count, wanted = _totals(source)
    _make_room(drive, files, target, wanted)
    progress = Progress("已写入", quiet=quiet)
    written = IdSet()
    copied = kept = size = 0
    for line in items_on_drive(source):
        goal = drive.payload(line.path)
        if _same(goal, line.sha256, line.size):
            kept += 1
        else:
            files.make_dir(goal.parent, durable=False)
            _copy(source.payload(line.path), goal, line.sha256, files)
            copied += 1
        written.add(line.path)
        size += line.size
        progress.update(copied + kept, count, size)
    files.sync_all()
    _remove_strangers(drive, written)
    _copy_lists(source, drive, files)
    _copy_signatures(source, drive, files)
    progress.close(f"已写入并复检 {copied + kept:,} 个文件，{numbers.size(size)}。")
    return WrittenDrive(release, copied, kept, size)


def chosen_disk(release: Release, disk: int) -> int:
    """The number of the drive that is meant: `disk`, or the only one when it is 0.

    Raises:
        DriveError: the set has several drives and none was named, or there is no such drive.
    """
    total = len(release.disks)
    if not disk and total > 1:
        raise DriveError("desk.drive.which", f"the release is on {total} drives", total=total)
    if not 0 < (disk or 1) <= total:
        raise DriveError("desk.drive.no_such", f"there is no drive {disk} of {total}", n=disk, total=total)
    return disk or 1


def signed_release(work: Path) -> Release:
    """The release of a work folder, if two people signed it.

    Raises:
        DriveError: the build is not finished or not signed.
    """
    source = DriveLayout(work)
    path = work / "release.json"
    if not path.is_file():
        raise DriveError("desk.drive.not_signed", "the build is not finished")
    release = Release.from_bytes(path.read_bytes())
    signed = source.tuf_targets / "releases" / release.bundle
    names = [p.name for p in signed.glob(f"*.{release.seq}.json")] if signed.is_dir() else []
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    if f"{digest}.{release.seq}.json" not in names:
        raise DriveError("desk.drive.not_signed", "two people have not signed this release yet")
    return release


def is_signed(work: Path) -> bool:
    """Whether the release of a work folder is built and two people signed it."""
    try:
        signed_release(work)
    except DriveError:
        return False
    return True


def _check_target(drive: DriveLayout, release: Release, disk: int) -> None:
    """Refuse a folder that holds another drive, or something that is no drive: what is there may be wanted."""
    if not drive.root.is_dir():
        return
    try:
        there = BagInfo.from_bytes(drive.bag_info.read_bytes())
    except (FileNotFoundError, NotADirectoryError, FormatError):
        there = None
    if there is not None:
        if there.bundle != release.bundle or (there.disk != disk and max(there.disks, len(release.disks)) > 1):
            item = f"{there.bundle} 第 {there.disk} 块，共 {there.disks} 块"
            raise DriveError("desk.drive.other", f"{drive.bag_info} names another drive", item=item)
        return
    strangers = [p.name for p in drive.root.iterdir() if p.name not in _BESIDE and not p.name.startswith(".")]
    if strangers and not (drive.bag.is_dir() or drive.tuf.is_dir()):
        item = "、".join(sorted(strangers)[:3])
        raise DriveError("desk.drive.folder_used", f"{drive.root} holds other files", item=item)


def _totals(source: DriveLayout) -> tuple[int, int]:
    """Files and bytes of payload that a drive is to carry."""
    count = size = 0
    for line in items_on_drive(source):
        count, size = count + 1, size + line.size
    return count, size


def _make_room(drive: DriveLayout, files: Files, target: Path, wanted: int) -> None:
    files.make_dir(target)
    # Until the new lists stand, this folder must not pass for a drive.
    files.remove(drive.tagmanifest)
    present = sum(p.stat().st_size for p in _payload_files(drive))
    missing = wanted - present - files.free_space(target)
    if missing > 0:
        raise DriveError("desk.drive.small", f"{missing} bytes are wanted", size=missing)


def _payload_files(drive: DriveLayout) -> Iterator[Path]:
    for folder, _, names in os.walk(drive.bag / "data"):
        for name in names:
            yield Path(folder, name)


def _same(path: Path, sha256: str, size: int) -> bool:
    if not path.is_file() or path.stat().st_size != size:
        return False
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == sha256


def _copy(source: Path, goal: Path, sha256: str, files: Files) -> None:
    try:
        files.copy_hashed(source, goal, max_size=MAX_ITEM_SIZE, expected=sha256, durable=False)
    except FormatError as error:
        raise DriveError(
            "desk.drive.one_bad", f"{source.name} is not what the list says: {error}", n=1, left=0
        ) from error


def _remove_strangers(drive: DriveLayout, wanted: IdSet) -> None:
    for path in _payload_files(drive):
        if path.relative_to(drive.bag).as_posix() not in wanted:
            path.unlink()


def _copy_lists(source: DriveLayout, drive: DriveLayout, files: Files) -> None:
    """Copy every tag file, the tagmanifest last; remove what an earlier release left in meta/."""
    content = source.tagmanifest.read_bytes()
    lists = parse_tagmanifest(content)
    for name, sha256 in lists.items():
        goal = drive.bag / name
        files.make_dir(goal.parent)
        files.copy_hashed(source.root / source.tag_name(name), goal, max_size=MAX_ITEM_SIZE, expected=sha256)
    for path in [p for p in drive.meta.rglob("*") if p.is_file()]:
        if path.relative_to(drive.bag).as_posix() not in lists:
            path.unlink()
    files.write_atomic(drive.tagmanifest, content)


def _copy_signatures(source: DriveLayout, drive: DriveLayout, files: Files) -> None:
    """Copy the TUF repository; the timestamp, which makes it current, comes last."""
    paths = sorted(p for p in source.tuf.rglob("*.json") if p.is_file())
    for path in sorted(paths, key=lambda p: p.name == "timestamp.json"):
        goal = drive.tuf / path.relative_to(source.tuf)
        files.make_dir(goal.parent)
        files.copy_hashed(path, goal, max_size=_MAX_METADATA)
