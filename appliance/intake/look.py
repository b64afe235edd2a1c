"""Looking at a place where a drive can be: is something there, is it a drive of ours, has it changed?

Reads names, sizes and times only, and few of them. Every call may block when a disk is dying, so the driver calls
from the drive's own thread.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from appliance.intake.mounts import Candidate
from packager.format.layout import INFO_NAME, DriveLayout
from packager.format.withdrawals import NOTICE, PLACES

MAX_NAMES = 2000
"""Names read of one folder; more do not make a drive more ours."""

MAX_PARTS = 16
"""Most drives that are looked for on one disk."""

_NUMBER = re.compile(r"[1-9][0-9]{0,2}\Z")

MAX_FOLDERS = 64
"""Folders of a stick in which signed lists are looked for."""

COPYING = "shuxiang-copy.json"
"""Stands on a disk while a copy for a branch is being made; whoever makes it also holds a lock on the disk's folder."""

TELLING = frozenset({"bag", "tuf", NOTICE})
"""Names in the root of a drive or stick that say what it is."""

BOX_STEP = (".box", ".recovery")
"""How the names of files end that the box step takes from sticks (`appliance.box.found`)."""

IGNORED = frozenset(
    {
        "lost+found",
        "System Volume Information",
        "$RECYCLE.BIN",
        ".Trashes",
        ".Spotlight-V100",
        ".fseventsd",
    }
)
"""What formatting and operating systems leave on an empty drive."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a short look found.

    Attributes:
        there: whether there is something to judge.
        empty: whether it is a plain folder without content.
        mark: fingerprint of what is there: mount, names, sizes and times of the signed metadata and tag files. It
            changes when another drive comes, when files are still being copied and when metadata is refreshed.
        parts: names of the folders in it that are drives of their own, when it holds several; it is none itself then.
    """

    there: bool
    mark: str = ""
    empty: bool = False
    parts: tuple[str, ...] = ()


def glance(candidate: Candidate, watched: tuple[str, ...] = ()) -> Glance:
    """Look at a place.

    Args:
        candidate: the place.
        watched: payload paths that were missing at the last look; finding one of them changes the mark.

    Returns:
        Not there when the folder is missing. A plain folder without content is `empty`: a drive may be mounted or
        copied there later, or it is meant as a blank drive; the driver waits before it decides. A mounted file system
        is there, blank or not; one that cannot be read has the mark of its mount.
    """
    mount = candidate.mount
    base = f"{mount.mount_id} {mount.device}" if mount else "folder"
    try:
        root = candidate.folder.stat()
        names = _names(candidate.folder)
    except (FileNotFoundError, NotADirectoryError):
        return Glance(there=False)
    except OSError as error:
        return Glance(mount is not None, f"{base} errno {error.errno}")
    if COPYING in names and _is_locked(candidate.folder):
        return Glance(there=False)  # a copy for a branch is being made here
    if _is_for_the_box_step(names):
        return Glance(there=False)  # it is told of there
    if INFO_NAME in names and "bag" not in names and "tuf" not in names:
        return Glance(there=False)  # what a disk of ours shows on a PC: the drive is its other partition
    if parts := _parts(candidate.folder, names):
        return Glance(there=False, parts=parts)
    if mount is None and not names:
        return Glance(there=False, empty=True, mark=f"{base} {root.st_dev} {root.st_ino} empty")
    lists = candidate.folder if TELLING.intersection(map(str.lower, names)) else _lists_folder(candidate.folder)
    digest = hashlib.sha256(f"{base} {root.st_dev} {root.st_ino} {names}".encode("utf-8", "surrogateescape"))
    for line in _facts(lists, watched):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return Glance(there=True, mark=digest.hexdigest()[:32])


def _is_for_the_box_step(names: list[str]) -> bool:
    """Whether a stick brings box files or recovery files, and nothing that makes a drive."""
    found = [name.lower() for name in names]
    return any(name.endswith(BOX_STEP) for name in found) and not TELLING.intersection(found)


def _parts(folder: Path, names: list[str]) -> tuple[str, ...]:
    """Folders of a disk that are drives of a set, by their numbers; none while a copy is being made, or was not."""
    if COPYING in names or TELLING.intersection(map(str.lower, names)):
        return ()
    numbered = sorted((name for name in names if _NUMBER.match(name)), key=int)
    return tuple(
        name for name in numbered[:MAX_PARTS] if _is_folder(folder / name) and _is_folder(folder / name / "bag")
    )


def lists_folder(root: Path) -> Path:
    """Where signed lists and updates stand on a stick that has none in its root: a folder of it; else the root.

    Of the folders among the first `MAX_NAMES` names, the first `MAX_FOLDERS` by name are looked into, none that begins
    with a dot; links are not followed.

    Raises:
        OSError: the disk does not answer.
    """
    with os.scandir(root) as entries:
        some = zip(entries, range(MAX_NAMES), strict=False)
        names = sorted(e.name for e, _ in some if not e.name.startswith(".") and e.is_dir(follow_symlinks=False))
    for name in names[:MAX_FOLDERS]:
        layout = DriveLayout(root / name)
        folders = all(_kind(path) == stat.S_IFDIR for path in (layout.tuf, layout.tuf_metadata))
        if folders and _is_file(layout.tuf_metadata / "timestamp.json"):
            return root / name
    return root


def tag_facts(root: Path) -> str:
    """Fingerprint of the tag files alone: names, sizes and times, whatever place the drive is plugged into.

    Raises:
        OSError: the disk does not answer.
    """
    layout = DriveLayout(root)
    lines = [*_folder_facts(layout.bag), *_folder_facts(layout.meta), *_folder_facts(layout.meta / "search")]
    return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()


def _names(folder: Path) -> list[str]:
    with os.scandir(folder) as entries:
        found = [e.name for e, _ in zip(entries, range(MAX_NAMES), strict=False) if e.name not in IGNORED]
    return sorted(found)


def _facts(root: Path, watched: tuple[str, ...]) -> Iterator[str]:
    layout = DriveLayout(root)
    for folder in (layout.bag, layout.meta, layout.meta / "search", layout.tuf_metadata, layout.tuf_targets):
        yield from _folder_facts(folder)
    for name in PLACES:
        yield _file_facts(root / name)
    yield f"{sum(_is_file(layout.payload(path)) for path in watched)}\n"


def _folder_facts(folder: Path) -> list[str]:
    """Name, kind, size and time of everything in a folder; folders by name only, links are not followed."""
    try:
        names = _names(folder)
    except OSError as error:
        return [f"{folder.name} errno {error.errno}\n"]
    return [_file_facts(folder / name) for name in names]


def _file_facts(path: Path) -> str:
    try:
        facts = path.lstat()
    except OSError as error:
        return f"{path.name} errno {error.errno}\n"
    if stat.S_ISDIR(facts.st_mode):
        return f"{path.name} folder\n"
    return f"{path.name} {stat.S_IFMT(facts.st_mode)} {facts.st_size} {facts.st_mtime_ns}\n"


def _lists_folder(root: Path) -> Path:
    try:
        return lists_folder(root)
    except OSError:
        return root


def _is_locked(folder: Path) -> bool:
    """Whether somebody in this box writes there now. A copy that was broken off is judged, and told as half copied."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(descriptor)
    return False


def _is_folder(path: Path) -> bool:
    return _kind(path) == stat.S_IFDIR


def _is_file(path: Path) -> bool:
    return _kind(path) == stat.S_IFREG


def _kind(path: Path) -> int:
    try:
        return stat.S_IFMT(path.lstat().st_mode)
    except OSError:
        return 0
