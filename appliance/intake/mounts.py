"""What is mounted where, from /proc/self/mountinfo: the truth about which drives are plugged in.

The table is the kernel's, but labels and devices come from outside, so it is read with a bound and a line that makes
no sense is left out.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

MOUNTINFO = Path("/proc/self/mountinfo")
MAX_BYTES = 4 << 20
MAX_MOUNTS = 10_000
_OCTAL = re.compile(r"\\([0-7]{3})")


@dataclass(frozen=True, slots=True)
class Mount:
    """One mounted file system.

    Attributes:
        mount_id: the kernel's number; another mount in the same place has another one.
        device: `major:minor`. folder: where it is mounted, absolute.
        read_only: whether this mount forbids writing.
        kind: type of the file system: ext4, exfat. source: what was mounted: /dev/sdb1.
    """

    mount_id: int
    device: str
    folder: str
    read_only: bool
    kind: str
    source: str


def parse_mountinfo(text: str) -> dict[str, Mount]:
    """Folder → the mount that is on top there (the last one listed). At most `MAX_MOUNTS` lines are read.

    Format, see proc(5): `36 35 98:0 /root /folder options [tags...] - type source superoptions`.
    """
    mounts: dict[str, Mount] = {}
    for line in text.split("\n", MAX_MOUNTS)[:MAX_MOUNTS]:
        mount = _parse_line(line)
        if mount is not None:
            mounts[mount.folder] = mount
    return mounts


def _parse_line(line: str) -> Mount | None:
    parts = line.split(" ")
    try:
        middle = parts.index("-", 6)
        kind, source = parts[middle + 1 : middle + 3]
        return Mount(int(parts[0]), parts[2], _unescape(parts[4]), "ro" in parts[5].split(","), kind, _unescape(source))
    except ValueError:
        return None


def _unescape(text: str) -> str:
    return _OCTAL.sub(lambda match: chr(int(match[1], 8)), text)


def read_mounts(path: Path = MOUNTINFO) -> dict[str, Mount]:
    """The mounts as they are now; see `parse_mountinfo`.

    Raises:
        OSError: the table cannot be read.
    """
    with path.open("rb") as file:
        return parse_mountinfo(file.read(MAX_BYTES).decode("utf-8", "surrogateescape"))


@dataclass(frozen=True, slots=True)
class Candidate:
    """A folder where a drive can be.

    Attributes:
        folder: absolute, links resolved as far as they exist.
        mount: what is mounted there, None for a plain folder.
    """

    folder: Path
    mount: Mount | None


def candidates(drive_paths: Iterable[Path], drive_folders: Iterable[Path], mounts: dict[str, Mount]) -> list[Candidate]:
    """All folders where a drive can be, sorted, each once.

    Args:
        drive_paths: each is a drive's folder itself, there or not.
        drive_folders: each child folder is a drive. Children come from the mount table and, for plain folders, from
            listing; names that begin with a dot and links are left out.
        mounts: from `read_mounts`.
    """
    found = {path.absolute() for path in drive_paths}
    for parent in (folder.absolute() for folder in drive_folders):
        found.update(Path(folder) for folder in mounts if Path(folder).parent == parent)
        found.update(_children(parent))
    return [Candidate(folder, mounts.get(str(folder))) for folder in sorted(found)]


def _children(parent: Path) -> list[Path]:
    """Child folders by what the listing itself says: nothing on a drive is touched."""
    try:
        with os.scandir(parent) as entries:
            return [parent / e.name for e in entries if not e.name.startswith(".") and e.is_dir(follow_symlinks=False)]
    except OSError:
        return []
