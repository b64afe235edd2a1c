"""The small FAT32 partition that a PC shows, made by mtools: no mount, no root, the same bytes for the same files."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from packager.production import programs
from packager.production.errors import ImageError
from provisioning.disks.gpt import SECTOR

if TYPE_CHECKING:
    from collections.abc import Mapping

LABEL = "SHUXIANG"
_ROOM = 2 << 20
"""Bytes that the file system takes for itself, and some to spare."""


def make_fat(path: Path, size: int, files: Mapping[str, bytes], volume: int, moment: int) -> None:
    """Make a file with a FAT32 file system; it is sparse.

    Args:
        path: the file; replaced when it exists.
        size: of the file system, bytes; at least `geometry.MIN_FAT`.
        files: name (ASCII, in the root) → bytes.
        volume: number of the volume, 32 bits.
        moment: seconds since 1970 that every time in it shows.

    Raises:
        ImageError: the files need more room.
        ProgramError: mtools is missing or refuses.
        OSError: the disk is full or does not answer.
    """
    if sum(map(len, files.values())) + len(files) * SECTOR > size - _ROOM:
        raise ImageError("desk.drive.small", "the files of the small partition are too large", size=size)
    path.unlink(missing_ok=True)
    with path.open("wb") as out:
        out.truncate(size)
    geometry = ["-F", "-T", str(size // SECTOR), "-h", "255", "-s", "63", "-c", "1"]
    programs.run("mformat", ["-i", str(path), *geometry, "-v", LABEL, "-N", f"{volume:08x}", "::"], moment)
    with tempfile.TemporaryDirectory(dir=path.parent, prefix=".fat-") as scratch:
        for name, content in sorted(files.items()):
            source = Path(scratch, name)
            source.write_bytes(content)
            os.utime(source, (moment, moment))
            programs.run("mcopy", ["-i", str(path), "-m", str(source), f"::{name}"], moment)
