"""Which physical medium a drive is, beside what is on it: two copies of one edition wear out each for itself.

Drives are clones, so the UUID of the file system is the same on all of them. What tells them apart is the serial
number of the disk, as the system's device database has it; a plain folder is told by its own inode. What is mounted
from a disk that tells no serial number cannot be known again, and counts by its content alone.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

MARK = "m"
"""First character of every name of a medium; keys of places are hexadecimal digits alone."""
_UDEV = Path("/run/udev/data")
_SERIAL = re.compile(rb"^E:(ID_SERIAL_SHORT|ID_SERIAL)=(\S{1,200})$", re.MULTILINE)
_MOST_BYTES = 1 << 16


def medium_of(root: Path, database: Path = _UDEV) -> str:
    """A short stable name of the medium that holds a folder, empty when it cannot be known again.

    Args:
        root: the drive's folder.
        database: of the system, one file `b<major>:<minor>` for each disk and partition.

    Raises:
        OSError: the folder is not there.
    """
    about = root.stat()
    serial = _serial(database / f"b{os.major(about.st_dev)}:{os.minor(about.st_dev)}")
    if serial:
        return _name(b"serial", serial, about.st_ino)
    if about.st_dev != root.parent.stat().st_dev:
        return ""  # mounted here; device numbers go to whatever is plugged in next
    return _name(b"folder", b"%d" % about.st_dev, about.st_ino)


def _serial(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            found = dict(_SERIAL.findall(file.read(_MOST_BYTES)))
    except OSError:
        return b""
    return b"/".join(found[key] for key in sorted(found))


def _name(kind: bytes, of: bytes, inode: int) -> str:
    return MARK + hashlib.sha256(b"%s %s %d" % (kind, of, inode)).hexdigest()[:16]
