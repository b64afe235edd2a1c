"""Box files and recovery files at the top of a stick are copied to where the box step reads them."""

from __future__ import annotations

import contextlib
import os
import re
import stat
import subprocess
from collections.abc import Iterable
from pathlib import Path

INBOX = Path("/run/shuxiang/inbox")
MAX_FILES = 16
MAX_BYTES = 64 << 10
MAX_LOOKED_AT = 10_000
"""Entries of the top folder that are looked at: it may have millions."""
_NAME = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,99}\.(?:box|recovery)", re.ASCII)
_ENDING = re.compile(r"[^./][^/]*(\.(?:box|recovery))", re.ASCII | re.IGNORECASE | re.DOTALL)


def names(entries: Iterable[str]) -> list[tuple[str, str]]:
    """Which of a folder's names may be box or recovery files, and what each is called in the inbox.

    At most `MAX_FILES`, sorted; those that are called as they were made come first. A computer may have made another
    name of it (`county-510726 (1).box`, `COUNTY~1.BOX`): such a file gets a number for a name.
    """
    some = (name for _, name in zip(range(MAX_LOOKED_AT), entries, strict=False))
    found = sorted(
        (_NAME.fullmatch(name) is None, name, match[1]) for name in some if (match := _ENDING.fullmatch(name))
    )
    return [(name, f"_{n}{ending.lower()}" if odd else name) for n, (odd, name, ending) in enumerate(found[:MAX_FILES])]


def collect(top: Path, device: str, inbox: Path = INBOX) -> int:
    """Copy what a mounted stick has into the inbox as `<device>-<name>`; regular files only, no links, at most 64 KiB.

    Returns:
        How many files were copied. A stick that cannot be read has none.
    """
    try:
        with os.scandir(top) as entries:
            wanted = names(entry.name for entry in entries)
    except OSError:
        return 0
    return sum(_copy(top / name, inbox / f"{device}-{called}") for name, called in wanted)


def _copy(source: Path, target: Path) -> bool:
    try:
        content = _read(source)
    except OSError:
        return False
    if content is None:
        return False
    waiting = target.with_name(f".{target.name}.new")
    with waiting.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
    waiting.replace(target)
    return True


def _read(source: Path) -> bytes | None:
    """The file's bytes; None when it is no regular file or larger than it may be."""
    fd = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(fd, "rb") as file:  # noqa: PTH123
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            return None
        content = file.read(MAX_BYTES + 1)
    return content if len(content) <= MAX_BYTES else None


def forget(device: str, inbox: Path = INBOX) -> int:
    """Remove what came from a stick that has gone; return how many files that were."""
    gone = list(inbox.glob(f"{device}-*"))
    for path in gone:
        with contextlib.suppress(OSError):
            path.unlink()
    return len(gone)


def call_box_step() -> None:
    """Have the box step look at the inbox again; it is not waited for."""
    command = ("/usr/bin/systemctl", "start", "--no-block", "shuxiang-box.service")
    subprocess.run(command, capture_output=True, timeout=30, check=False)
