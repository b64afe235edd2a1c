"""What a block device is, by the kernel and by `blkid`, which reads a few blocks of it."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

BLKID_SECONDS = 60
_ESCAPED = re.compile(rb"\\x([0-9a-fA-F]{2})")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of one block device.

    Attributes:
        device: the kernel's name. size: bytes; 0: no medium in it.
        partition: whether it is one. siblings: how many partitions the disk that it is on has; of a disk, its own.
        usage, kind, label, uuid: of the file system, empty where there is none. usage: filesystem, crypto, raid …
        type_id: GUID or number of the partition's type. name: the partition's name.
    """

    device: str
    size: int
    partition: bool
    siblings: int
    usage: str = ""
    kind: str = ""
    label: str = ""
    uuid: str = ""
    type_id: str = ""
    name: str = ""


def parse_blkid(text: str) -> dict[str, str]:
    """The values of `blkid -o udev`, those ending in `_ENC` without their escapes."""
    # Nothing but the line feed ends a line: labels have letters that `splitlines` takes for an end too.
    values = dict(line.split("=", 1) for line in text.split("\n") if "=" in line)
    return {key: _unescape(value) if key.endswith("_ENC") else value for key, value in values.items()}


def _unescape(text: str) -> str:
    return _ESCAPED.sub(lambda match: bytes([int(match[1], 16)]), text.encode()).decode("utf-8", "replace")


def describe(folder: Path, values: Mapping[str, str]) -> Found:
    """Put together what `parse_blkid` and the kernel say; `folder` is the device's place in sysfs.

    Raises:
        OSError: the device has gone.
    """
    partition = (folder / "partition").exists()
    disk = folder.parent if partition else folder
    return Found(
        device=folder.name,
        size=int((folder / "size").read_text()) * 512,
        partition=partition,
        siblings=sum(1 for child in disk.iterdir() if (child / "partition").exists()),
        usage=values.get("ID_FS_USAGE", ""),
        kind=values.get("ID_FS_TYPE", ""),
        label=values.get("ID_FS_LABEL_ENC", ""),
        uuid=values.get("ID_FS_UUID_ENC", ""),
        type_id=values.get("ID_PART_ENTRY_TYPE", "").lower(),
        name=values.get("ID_PART_ENTRY_NAME", ""),
    )


def probe(place: Path) -> Found:
    """Look at the device at a place in sysfs. What cannot be read of it counts as not there.

    Raises:
        OSError: the device has gone.
    """
    command = ("/sbin/blkid", "-p", "-o", "udev", f"/dev/{place.name}")
    try:
        said = subprocess.run(command, capture_output=True, timeout=BLKID_SECONDS, check=False).stdout
    except subprocess.TimeoutExpired:
        said = b""
    return describe(place, parse_blkid(said.decode("utf-8", "replace")))
