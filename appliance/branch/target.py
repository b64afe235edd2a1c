"""The disk that a copy goes to: empty, or with a copy of ours that is not finished. Everything else is refused.

    shuxiang-copy.json     which drive is being made, and how far it is compared; gone when the copy is whole
    bag/ tuf/ withdrawals.json

The disk may be anything: nothing is written through a link, and a folder of ours holds plain files and folders only.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.errors import BranchError
from appliance.intake.look import COPYING as MARK
from appliance.intake.look import IGNORED
from packager.format.bag import hash_file
from packager.format.errors import FormatError
from packager.format.files import TEMPORARY_SUFFIX
from packager.format.layout import DriveLayout
from packager.format.withdrawals import NOTICE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from packager.format.files import Files

OURS = frozenset({"bag", "tuf", NOTICE})
MAX_MARK = 4096
MAX_NAMES = 1000
BLOCK = 4096
"""Bytes by which a small file may take more room than it has."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What is being made. drive: SHA-256 of its tagmanifest. done: path of the last item that was compared."""

    drive: str
    done: str = ""

    def to_bytes(self) -> bytes:
        """The file."""
        return json.dumps({"done": self.done, "drive": self.drive}, sort_keys=True).encode()


class Target:
    """The disk. For one thread."""

    mark_name = MARK

    def __init__(self, root: Path, files: Files) -> None:
        """Name its folder, where it is mounted for writing."""
        self.root, self.layout, self._files = root, DriveLayout(root), files

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the disk: no other copy goes there meanwhile, and intake passes over what is half made.

        Raises:
            BranchError: another copy is being made there (`branch.running`).
            OSError: it does not answer.
        """
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            yield
        except BlockingIOError as error:
            raise BranchError("branch.running", "another copy is being made there") from error
        finally:
            os.close(descriptor)

    def prepare(self, drive: str) -> Mark:
        """Look at what is there before anything is written.

        Args:
            drive: SHA-256 of the tagmanifest of the copy, hexadecimal.

        Returns:
            How far the copy is.

        Raises:
            BranchError: it holds something else (`branch.not_empty`).
            OSError: it does not answer.
        """
        names = self.names()
        mark = self.mark(names)
        strangers = names if mark is None and not self.is_copy(drive) else names - OURS - {MARK}
        if strangers:
            item = "、".join(sorted(strangers)[:3])
            raise BranchError("branch.not_empty", f"it holds {sorted(strangers)[:3]!r}", item=item, count=len(names))
        self._check_plain()
        return mark if mark is not None and mark.drive == drive else Mark(drive)

    def is_copy(self, drive: str) -> bool:
        """Whether this very copy was made here before: it is compared once more then, when it is asked for alone."""
        try:
            with self.layout.opened() as root:
                return hash_file(root, "bag/tagmanifest-sha256.txt") == drive
        except (OSError, FormatError):
            return False

    def names(self) -> set[str]:
        """What stands in its root, at most `MAX_NAMES` of them, without what formatting leaves there.

        Raises:
            OSError: it does not answer.
        """
        with os.scandir(self.root) as entries:
            some = (entry.name for entry, _ in zip(entries, range(MAX_NAMES), strict=False))
            return {name for name in some if name not in IGNORED and name != MARK + TEMPORARY_SUFFIX}

    def mark(self, names: set[str]) -> Mark | None:
        """What is being made there; None: nothing. `names`: of its root."""
        if MARK not in names:
            return None
        path = self.root / MARK
        if not stat.S_ISREG(path.lstat().st_mode):
            return None
        with path.open("rb") as file:
            content = file.read(MAX_MARK)
        try:
            found: Any = json.loads(content)
            mark = Mark(found["drive"], found["done"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return Mark("")  # ours by its name; what it says is lost, and everything is compared again
        return mark if isinstance(mark.drive, str) and isinstance(mark.done, str) else Mark("")

    def _check_plain(self) -> None:
        """No link, pipe or device stands below our names, and nothing else is mounted there."""
        device = self.root.lstat().st_dev
        for path in self._below():
            facts = path.lstat()
            plain = stat.S_ISDIR(facts.st_mode) or (stat.S_ISREG(facts.st_mode) and facts.st_nlink == 1)
            if not plain or facts.st_dev != device:
                raise BranchError("branch.not_empty", f"{path.name} is no plain file of ours", item=path.name, count=1)

    def _below(self) -> Iterator[Path]:
        for name in sorted(OURS):
            path = self.root / name
            if not os.path.lexists(path):
                continue
            yield path
            if stat.S_ISDIR(path.lstat().st_mode):
                for folder, folders, names in os.walk(path):
                    yield from (Path(folder, found) for found in (*folders, *names))

    def note(self, mark: Mark) -> None:
        """Keep how far the copy is, durably."""
        self._files.write_atomic(self.root / MARK, mark.to_bytes())

    def finish(self) -> None:
        """The copy is whole: from now on it is a drive."""
        self._files.remove(self.root / MARK)

    def room(self) -> int:
        """Bytes that may still be written."""
        return self._files.free_space(self.root)

    def has(self, path: Path, size: int) -> bool:
        """Whether a file of that size is there; says nothing about its bytes."""
        try:
            return path.lstat().st_size == size
        except OSError:
            return False
