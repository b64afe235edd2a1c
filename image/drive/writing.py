"""What may be written on, for what, and how it is mounted then: pure, so that every case can be tried."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from image.drive.requests import COPY

_ALWAYS = "rw,nosuid,nodev,noexec,noatime"
KINDS = frozenset({"ext4", "exfat", "vfat"})
MARK = "shuxiang-copy.json"
"""Stands on a disk until the copy on it is whole."""
MAX_NAMES = 2000
IGNORED = frozenset(
    {"lost+found", "System Volume Information", "$RECYCLE.BIN", ".Trashes", ".Spotlight-V100", ".fseventsd"}
)
"""What formatting and operating systems leave on an empty disk."""
_OF_A_COPY = re.compile(r"bag|tuf|withdrawals\.json|[1-9][0-9]{0,2}|" + re.escape(MARK) + r"(\.tmp~)?", re.ASCII)
_NUMBER = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Seen:
    """What stands on a disk that is mounted.

    Attributes:
        names: of its top folder. marked: whether `MARK` is a plain file there. drive: whether a drive of ours is there.
        owner: of the top folder. mode: its permissions.
    """

    names: frozenset[str]
    marked: bool
    drive: bool
    owner: int
    mode: int

    @property
    def empty(self) -> bool:
        """Whether nobody put anything there."""
        return not self.names - IGNORED


def see(top: Path) -> Seen:
    """Look at a disk; names and kinds only.

    Raises:
        OSError: it does not answer.
    """
    facts = top.stat()
    with os.scandir(top) as entries:
        names = frozenset(entry.name for _, entry in zip(range(MAX_NAMES), entries, strict=False))
    bags = (top / name / "bag" for name in names if _NUMBER.fullmatch(name))
    drive = any(name.lower() == "bag" for name in names) or any(os.path.lexists(bag) for bag in bags)
    marked = MARK in names and stat.S_ISREG((top / MARK).lstat().st_mode)
    return Seen(names, marked, drive, facts.st_uid, stat.S_IMODE(facts.st_mode))


def objection(purpose: str, seen: Seen, beside: Iterable[Seen] = ()) -> str:
    """Why a disk is not given for writing; empty: it may be.

    Args:
        purpose: of the request.
        seen: what stands on it.
        beside: what stands on the other partitions of the same disk that are mounted.
    """
    if len(seen.names) >= MAX_NAMES:
        return "it holds too many names to look through"
    if any(other.drive or other.marked for other in beside):
        return "a drive is on the same disk"
    if purpose == COPY:
        ours = seen.marked and all(_OF_A_COPY.fullmatch(name) for name in seen.names - IGNORED)
        return "" if seen.empty or ours else "it is not empty"
    return "it is a drive" if seen.drive or seen.marked else ""


def ownership(kind: str, seen: Seen, user: int) -> str:
    """What is to be done so that the service can write there: `take` its top folder, `nothing`, or `never`.

    FAT and exFAT know no owners: the mount says whose everything is.
    """
    if kind != "ext4" or (seen.owner == user and seen.mode & stat.S_IRWXU == stat.S_IRWXU):
        return "nothing"
    return "take" if seen.empty and seen.mode & stat.S_IRWXU == stat.S_IRWXU else "never"


def options(kind: str, user: int, group: int) -> str:
    """How a file system is mounted for the service to write on; nothing on it can be run."""
    if kind == "ext4":
        return f"{_ALWAYS},errors=remount-ro"
    own = f"{_ALWAYS},uid={user},gid={group},umask=0077"
    return f"{own},iocharset=utf8,errors=remount-ro" if kind == "exfat" else f"{own},utf8=1,errors=remount-ro"
