"""本地: the place of GB/T 2260 that staff chose for their library, one line in a small file.

The serving process writes it, whole or not at all and durably; lost or spoiled, the setting `home_place` holds again.
"""

from __future__ import annotations

import re
from pathlib import Path

from packager.format.files import Files

_PLACE = re.compile(rb"([0-9]{6})?\n\Z")
_MAX = 16


def read_home_place(path: Path) -> str | None:
    """The code that staff chose, empty when they chose none; None when they never chose, or it cannot be read."""
    try:
        with path.open("rb") as file:
            found = _PLACE.match(file.read(_MAX))
    except OSError:
        return None
    return (found[1] or b"").decode() if found else None


def write_home_place(path: Path, code: str, files: Files) -> None:
    """Keep what staff chose, empty for no place. Durable on return.

    Raises:
        ValueError: it is no code.
        OSError: it cannot be written.
    """
    content = f"{code}\n".encode()
    if not _PLACE.match(content):
        raise ValueError(f"{code!r} is no code of a place")
    files.write_atomic(path, content)
