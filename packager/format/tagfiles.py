"""Taking the lists of a hostile drive: every tag file is copied to our own disk while it is hashed.

Nothing is judged by bytes still on the drive. Payload is not read here: it is verified as it is served, one chunk at a
time (docs/format.md, "Reading").
"""

from __future__ import annotations

import errno
import hashlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from packager.format.baginfo import MAX_BAG_TEXT
from packager.format.carried import carried
from packager.format.chunks import DIGEST
from packager.format.copies import Copies
from packager.format.errors import (
    BlankError,
    FormatError,
    HalfCopiedError,
    LayoutError,
    ListChangedError,
    NotOursError,
    TooLargeError,
    UnreadableError,
)
from packager.format.files import Files
from packager.format.layout import DriveLayout, read_bounded
from packager.format.manifest import MAX_TAGMANIFEST
from packager.format.release import Accelerator, Admission, Release
from packager.format.tagcopy import ABSENT, DAMAGED, OTHER_VERSION, READY, TagCopy

__all__ = [
    "ABSENT",
    "CATALOGUE",
    "DAMAGED",
    "OTHER_VERSION",
    "READY",
    "RECORDS",
    "Candidate",
    "TagFiles",
    "follow_records",
    "follow_tag_files",
    "read_candidate",
    "tag_file_bytes",
    "verify_tag_files",
]

RECORDS, CATALOGUE = "catalogue.jsonl", "catalogue.db"
"""The truth's records, and what is derived from them for browsing."""

_IGNORED = frozenset({"lost+found", "system volume information", "$recycle.bin", ".trashes", ".spotlight-v100"})


@dataclass(frozen=True, slots=True)
class Candidate:
    """What a plugged drive says it is; nothing of it is proved. tagmanifest: SHA-256 (hexadecimal) of its list."""

    tagmanifest: str


@dataclass(frozen=True, slots=True)
class TagFiles:
    """The verified tag files of a drive, on our own disk.

    Attributes:
        folder: holds them under their names in the bag.
        meta: holds the truth; another folder when it was there already.
        accelerators: `READY`, `ABSENT`, `DAMAGED` or `OTHER_VERSION` by name relative to `meta/`; only the ready ones
            are in the folder.
        count: payload files on this drive. bytes: of them.
        left: whether catalogue.jsonl was left on the drive, unproved, for `follow_records`.
    """

    folder: Path
    accelerators: dict[str, str]
    count: int
    bytes: int
    meta: Path
    left: bool = False

    @property
    def catalogue(self) -> Path:
        """catalogue.jsonl; nothing is there when it was left on the drive."""
        return self.meta / RECORDS

    @property
    def items(self) -> Path:
        """items.txt: every item of the release."""
        return self.meta / "items.txt"

    @property
    def chunks(self) -> Path:
        """chunks.bin."""
        return self.meta / "chunks.bin"

    @property
    def manifest(self) -> Path:
        """manifest-sha256.txt: the payload of this drive."""
        return self.folder / "manifest-sha256.txt"


def read_candidate(layout: DriveLayout) -> Candidate:
    """Read what a plugged drive says it is: its tagmanifest, at most 1 MiB. The first step of taking it in.

    Raises:
        BlankError: the drive holds nothing.
        NotOursError: it holds things, but neither `/bag` nor `/tuf`.
        HalfCopiedError: a part is missing, or the tagmanifest is empty or cut short.
        ListChangedError: the tagmanifest is too large, or a link.
        UnreadableError: the disk does not answer.
    """
    name = "bag/tagmanifest-sha256.txt"
    _look_at(layout.root)
    try:
        with layout.opened() as root:
            content = read_bounded(root, name, MAX_TAGMANIFEST)
    except (LayoutError, TooLargeError) as error:
        raise ListChangedError(error.reason, path=name) from error
    except FileNotFoundError as error:
        raise HalfCopiedError("is missing", path=name) from error
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
    if not content.endswith(b"\n"):
        raise HalfCopiedError("is empty or cut short", path=name)
    return Candidate(hashlib.sha256(content).hexdigest())


def _look_at(root: Path) -> None:
    """Tell a blank drive and a foreign one from one of ours, by the names in its root."""
    try:
        names = {path.name.lower() for path in root.iterdir()}
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    if names & {"bag", "tuf"}:
        return
    if names <= _IGNORED:
        raise BlankError("the drive holds nothing")
    raise NotOursError("the drive holds neither a bag nor signed metadata")


def tag_file_bytes(release: Release, *, truth_held: bool = False) -> int:
    """The most bytes that `verify_tag_files` writes for a drive of this release."""
    items = release.truth["items.txt"].size  # a manifest line is never longer than the line of its item
    if truth_held:
        return items + MAX_TAGMANIFEST + 2 * MAX_BAG_TEXT
    known = sum(d.size for d in release.truth.values()) + sum(a.size for a in release.accelerators.values())
    return known + items + MAX_TAGMANIFEST + 2 * MAX_BAG_TEXT


def verify_tag_files(
    layout: DriveLayout,
    admission: Admission,
    files: Files,
    dest: Path,
    progress: Callable[[int, int], None] | None = None,
    *,
    usable: Callable[[str, Accelerator], bool] = lambda _name, _accelerator: True,
    truth: Path | None = None,
    leave_records: bool = False,
) -> TagFiles:
    """Copy the tag files of an admitted drive to `dest`, each proved against the signed release. Memory: constant.

    The tagmanifest comes first (it must be the admitted one), then items.txt, the drive's manifest and bag-info, then
    chunks.bin, the accelerators, and catalogue.jsonl. The manifest must be a part of items.txt with equal digests. Tag
    files that the release does not name are left on the drive. Truth and accelerators are durable when this returns,
    the drive's own lists are only there; after an exception `dest` holds some of them.

    Args:
        layout: the plugged drive.
        admission: from `TrustStore.admit`.
        files: the writer.
        dest: a folder of our own; made if missing.
        progress: called with bytes done and bytes in all (an upper bound).
        usable: whether the caller can use an accelerator, and wants it now; others are not copied.
        truth: a folder with the truth of this very release, proved before, from another drive of the set. Then the
            drive's own copies are only looked at for their sizes, and no accelerator is copied.
        leave_records: leave catalogue.jsonl to `follow_records`, and only look at its size, if catalogue.db comes
            whole: a third of all bytes that nobody needs to browse and to read.

    Raises:
        HalfCopiedError: a file other than an accelerator is missing or cut short.
        ListChangedError: a file other than an accelerator differs from what was signed.
        UnreadableError: the drive does not answer.
        OSError: our own disk is full (found before the first byte) or does not answer.
    """
    derived = sorted(admission.release.accelerators.items())
    wanted = {name for name, found in derived if truth is None and usable(name, found)}
    left = sum(found.size for name, found in derived if name not in wanted)
    total = tag_file_bytes(admission.release, truth_held=truth is not None) - (left if truth is None else 0)
    _make_room(dest, files, total)
    meta = truth or dest / "meta"
    with layout.opened() as root, Copies(files) as copies:
        copy = TagCopy(root, dest, files, copies, total, progress)
        lists = copy.tagmanifest(admission.disk.tagmanifest)
        copy.truth(admission.release, lists, "items.txt", there=truth is not None)
        for name, most in (
            ("manifest-sha256.txt", admission.release.truth["items.txt"].size),
            ("bag-info.txt", MAX_BAG_TEXT),
            ("bagit.txt", MAX_BAG_TEXT),
        ):
            copy.listed(name, lists, most)
        checked = copies.beside(lambda: _check_lists(dest, meta, admission))
        copy.truth(admission.release, lists, "chunks.bin", there=truth is not None)
        accelerators = {
            name: copy.accelerator(name, found, lists) if name in wanted else OTHER_VERSION for name, found in derived
        }
        left = leave_records and accelerators.get(CATALOGUE) == READY
        copy.truth(admission.release, lists, RECORDS, there=left or truth is not None)
    count, size = checked.result()
    return TagFiles(dest, accelerators, count, size, meta, left)


def follow_records(
    layout: DriveLayout,
    admission: Admission,
    files: Files,
    dest: Path,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Copy catalogue.jsonl of a drive whose other tag files were verified before, proved against the signed release.

    Args:
        layout: the plugged drive.
        admission: from `TrustStore.admit`.
        files: the writer.
        dest: a folder of our own; made if missing.
        progress: called with bytes done and bytes in all (an upper bound).

    Returns:
        The file, durable.

    Raises:
        HalfCopiedError, ListChangedError, UnreadableError, OSError: as `verify_tag_files`.
    """
    total = admission.release.truth[RECORDS].size + MAX_TAGMANIFEST
    _make_room(dest, files, total)
    with layout.opened() as root, Copies(files) as copies:
        copy = TagCopy(root, dest, files, copies, total, progress)
        copy.truth(admission.release, copy.tagmanifest(admission.disk.tagmanifest), RECORDS, there=False)
    return dest / "meta" / RECORDS


def follow_tag_files(
    layout: DriveLayout,
    admission: Admission,
    files: Files,
    dest: Path,
    names: Collection[str],
    progress: Callable[[int, int], None] | None = None,
) -> bool:
    """Copy accelerators of a drive whose other tag files were verified before, each proved against the signed release.

    Args:
        layout: the plugged drive.
        admission: from `TrustStore.admit`.
        files: the writer.
        dest: a folder of our own; made if missing.
        names: of the accelerators, relative to `meta/`.
        progress: called with bytes done and bytes in all (an upper bound).

    Returns:
        Whether all of them are whole. They are durable then; else `dest` holds some of them.

    Raises:
        TrustError: the drive has another tagmanifest now, or does not answer.
        OSError: our own disk is full (found before the first byte) or does not answer.
    """
    wanted = {name: admission.release.accelerators[name] for name in sorted(names)}
    total = sum(found.size for found in wanted.values()) + MAX_TAGMANIFEST
    _make_room(dest, files, total)
    with layout.opened() as root, Copies(files) as copies:
        copy = TagCopy(root, dest, files, copies, total, progress)
        lists = copy.tagmanifest(admission.disk.tagmanifest)
        return all(copy.accelerator(name, found, lists) == READY for name, found in wanted.items())


def _make_room(dest: Path, files: Files, total: int) -> None:
    files.make_dir(dest)
    if files.free_space(dest) < total:
        raise OSError(errno.ENOSPC, "not enough room for the tag files", str(dest))


def _check_lists(dest: Path, meta: Path, admission: Admission) -> tuple[int, int]:
    """Prove that the copied lists agree with each other; return payload files and bytes of this drive."""
    try:
        count, size, digests = carried(dest / "manifest-sha256.txt", meta / "items.txt")
    except FormatError as error:
        raise ListChangedError(error.reason, path=error.path, found=error.found) from error
    if digests * DIGEST != admission.release.truth["chunks.bin"].size:
        raise ListChangedError("has another number of chunks than items.txt asks for", path="meta/chunks.bin")
    if size != admission.disk.bytes:
        expected, found = str(admission.disk.bytes), str(size)
        raise ListChangedError("names other bytes than were signed", path="manifest", expected=expected, found=found)
    return count, size
