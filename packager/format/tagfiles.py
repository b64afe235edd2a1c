"""Taking the lists of a hostile drive: every tag file is copied to our own disk while it is hashed.

Nothing is judged by bytes still on the drive. Payload is not read here: it is verified as it is served, one chunk at a
time (docs/format.md, "Reading").
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path

from packager.format.baginfo import MAX_BAG_TEXT
from packager.format.carried import carried
from packager.format.chunks import DIGEST
from packager.format.copies import Copies
from packager.format.errors import (
    BlankError,
    DigestError,
    FormatError,
    HalfCopiedError,
    LayoutError,
    ListChangedError,
    NotOursError,
    TooLargeError,
    UnreadableError,
)
from packager.format.files import Files
from packager.format.layout import DriveLayout, open_nofollow, read_bounded
from packager.format.manifest import MAX_TAGMANIFEST, parse_tagmanifest
from packager.format.release import Accelerator, Admission, Release
from packager.format.source_file import SourceReadError

READY, ABSENT, DAMAGED, OTHER_VERSION = "ready", "absent", "damaged", "other-version"
"""What became of an accelerator."""

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
    """

    folder: Path
    accelerators: dict[str, str]
    count: int
    bytes: int
    meta: Path

    @property
    def catalogue(self) -> Path:
        """catalogue.jsonl."""
        return self.meta / "catalogue.jsonl"

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
) -> TagFiles:
    """Copy the tag files of an admitted drive to `dest`, each proved against the signed release. Memory: constant.

    The tagmanifest comes first (it must be the admitted one), then items.txt, the drive's manifest and bag-info, then
    the rest of the truth, then the accelerators. The manifest must be a part of items.txt with equal digests. Tag files
    that the release does not name are left on the drive. Each file is durable when this returns; after an exception
    `dest` holds some of them.

    Args:
        layout: the plugged drive.
        admission: from `TrustStore.admit`.
        files: the writer.
        dest: a folder of our own; made if missing.
        progress: called with bytes done and bytes in all (an upper bound).
        usable: whether the caller can use an accelerator, and wants it now; others are not copied.
        truth: a folder with the truth of this very release, proved before, from another drive of the set. Then the
            drive's own copies are only looked at for their sizes, and no accelerator is copied.

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
        copy = _Copy(root, dest, files, copies, total, progress)
        lists = copy.tagmanifest(admission.disk.tagmanifest)
        copy.truth(admission.release, lists, "items.txt", there=truth is not None)
        for name, most in (
            ("manifest-sha256.txt", admission.release.truth["items.txt"].size),
            ("bag-info.txt", MAX_BAG_TEXT),
            ("bagit.txt", MAX_BAG_TEXT),
        ):
            copy.listed(name, lists, most)
        checked = copies.beside(lambda: _check_lists(dest, meta, admission))
        for name in ("chunks.bin", "catalogue.jsonl"):
            copy.truth(admission.release, lists, name, there=truth is not None)
        accelerators = {
            name: copy.accelerator(name, found, lists) if name in wanted else OTHER_VERSION for name, found in derived
        }
    count, size = checked.result()
    return TagFiles(dest, accelerators, count, size, meta)


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
        copy = _Copy(root, dest, files, copies, total, progress)
        lists = copy.tagmanifest(admission.disk.tagmanifest)
        return all(copy.accelerator(name, found, lists) == READY for name, found in wanted.items())


def _make_room(dest: Path, files: Files, total: int) -> None:
    files.make_dir(dest)
    if files.free_space(dest) < total:
        raise OSError(errno.ENOSPC, "not enough room for the tag files", str(dest))


class _Copy:
    """Copies proved files from one drive to one folder."""

    def __init__(
        self,
        root: int,
        dest: Path,
        files: Files,
        copies: Copies,
        total: int,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._root, self._dest, self._files, self._copies = root, dest, files, copies
        self._total, self._done, self._progress = total, 0, progress

    def tagmanifest(self, expected: str) -> dict[str, str]:
        """Copy the tagmanifest and return its entries."""
        content = bytearray()
        self._fatal("tagmanifest-sha256.txt", expected, MAX_TAGMANIFEST, None, each=content.extend)
        try:
            return parse_tagmanifest(bytes(content))
        except FormatError as error:
            raise ListChangedError(error.reason, path=error.path, found=error.found) from error

    def truth(self, release: Release, lists: dict[str, str], name: str, *, there: bool) -> None:
        """Copy a truth file, proved by the signed release and by the tagmanifest; `there`: only look at it."""
        digest = release.truth[name]
        if lists.get(f"meta/{name}") != digest.sha256:
            raise ListChangedError("is not the file that was signed", path=f"meta/{name}", expected=digest.sha256)
        if there:
            self._look(f"meta/{name}", digest.size)
        else:
            self._fatal(f"meta/{name}", digest.sha256, digest.size, digest.size)

    def listed(self, name: str, lists: dict[str, str], most: int) -> None:
        """Copy a file that only the tagmanifest names."""
        if name not in lists:
            raise ListChangedError("is not in the tagmanifest", path=name)
        self._fatal(name, lists[name], most, None)

    def accelerator(self, name: str, expected: Accelerator, lists: dict[str, str]) -> str:
        """Copy an accelerator if it is whole; say what became of it."""
        path = f"meta/{name}"
        try:
            if lists.get(path) not in {None, expected.sha256}:
                return DAMAGED
            self._copy(path, expected.sha256, expected.size)
        except FileNotFoundError:
            return ABSENT
        except (SourceReadError, FormatError):
            return DAMAGED
        return READY

    def _look(self, name: str, size: int) -> None:
        """Whether a file is there with all its bytes: a drive half copied is found without reading gigabytes."""
        try:
            descriptor = open_nofollow(self._root, f"bag/{name}")
            found = os.fstat(descriptor).st_size
            os.close(descriptor)
        except FileNotFoundError as error:
            raise HalfCopiedError("is missing", path=name) from error
        except LayoutError as error:
            raise ListChangedError(error.reason, path=name) from error
        except OSError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
        if found < size:
            raise HalfCopiedError("is cut short", path=name)
        if found > size:
            raise ListChangedError("is not what was signed", path=name)

    def _fatal(
        self, name: str, expected: str, most: int, size: int | None, each: Callable[[bytes], None] | None = None
    ) -> None:
        try:
            self._copy(name, expected, most, each)
        except FileNotFoundError as error:
            raise HalfCopiedError("is missing", path=name) from error
        except SourceReadError as error:
            raise UnreadableError(f"cannot be read: {error.strerror}", path=name) from error
        except DigestError as error:
            if self._is_short(name, size):
                raise HalfCopiedError("is cut short", path=name) from error
            raise ListChangedError("is not what was signed", path=name, expected=expected, found=error.found) from error
        except (LayoutError, TooLargeError) as error:
            raise ListChangedError(error.reason, path=name) from error

    def _copy(self, name: str, expected: str, most: int, each: Callable[[bytes], None] | None = None) -> None:
        target = self._dest / name
        try:
            descriptor = open_nofollow(self._root, f"bag/{name}")
        except FileNotFoundError:
            raise
        except OSError as error:
            raise SourceReadError(error.errno, error.strerror) from error
        try:
            self._files.make_dir(target.parent)
            self._copies.copy(descriptor, target, max_size=most, expected=expected, progress=self._count, each=each)
        finally:
            os.close(descriptor)

    def _count(self, size: int) -> None:
        self._done += size
        if self._progress is not None:
            self._progress(self._done, self._total)

    def _is_short(self, name: str, size: int | None) -> bool:
        """Whether the file on the drive ends too early: below its known size, or in the middle of a line."""
        descriptor = open_nofollow(self._root, f"bag/{name}")
        try:
            found = os.fstat(descriptor).st_size
            if size is not None:
                return found < size
            return found == 0 or os.pread(descriptor, 1, found - 1) != b"\n"
        finally:
            os.close(descriptor)


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
