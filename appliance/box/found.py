"""Files that sticks brought: box files and recovery files in a folder. What they hold is hostile until it is proved."""

from __future__ import annotations

import hashlib
import logging
import os
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from appliance.box.state import read_small

_log = logging.getLogger(__name__)

BOX, RECOVERY = ".box", ".recovery"
MAX_BOX = 64 << 10
MAX_RECOVERY = 16 << 10
MAX_NAMES = 1000
MAX_FILES = 32
"""Files of one kind that are looked at in one folder."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file.

    Attributes:
        name: of the file. content: its bytes; None when it cannot be read, or is too large or no plain file.
        token: names this very copy, 32 hexadecimal digits: another plugging in makes another.
        at: when the copy was made, ISO time in UTC.
    """

    name: str
    content: bytes | None
    token: str
    at: str


def find(folder: Path, ending: str, most: int) -> Sequence[Found]:
    """The files of a folder whose names end so; none when the folder cannot be read.

    By name, and one of each disk in turn: names begin with the partition that they came from (`sdb1-…`), and a stick
    full of them hides no other stick's.

    Args:
        folder: there or not. Of its entries `MAX_NAMES` are looked at, of files with that ending `MAX_FILES` are read.
        ending: `BOX` or `RECOVERY`, in any case: FAT knows none.
        most: bytes of a file.
    """
    try:
        with os.scandir(folder) as entries:
            some = [entry.name for entry, _ in zip(entries, range(MAX_NAMES), strict=False)]
    except OSError:
        return ()
    names = _in_turn(name for name in some if name.lower().endswith(ending) and not name.startswith("."))
    found = (_found(folder / name, most) for name in names[:MAX_FILES])
    return tuple(one for one in found if one is not None)


def _in_turn(names: Iterable[str]) -> list[str]:
    ranked, seen = [], Counter[str]()
    for name in sorted(names):
        disk = name.partition("-")[0].rstrip("0123456789")
        ranked.append((seen[disk], name))
        seen[disk] += 1
    return [name for _, name in sorted(ranked)]


def _found(path: Path, most: int) -> Found | None:
    try:
        facts = path.lstat()
    except OSError:
        return None
    token = hashlib.sha256(f"{facts.st_dev} {facts.st_ino} {facts.st_ctime_ns}".encode()).hexdigest()[:32]
    at = f"{datetime.fromtimestamp(max(0, facts.st_ctime), UTC):%Y-%m-%dT%H:%M:%SZ}"
    name = path.name.encode("utf-8", "replace").decode()[:100]
    try:
        return Found(name, read_small(path, most), token, at)
    except FileNotFoundError:
        return None
    except (OSError, ValueError) as error:
        _log.warning("%s cannot be used: %s", name, error)
        return Found(name, None, token, at)
