"""Entries of the boot loader: which systems may be started, from which slot.

`shuxiang-<version>[+<tries left>[-<tries done>]].conf`; the loader counts tries in the name, and a system that answers
readers is freed of its counter. One without tries comes last.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from appliance.box.state import read_small

_log = logging.getLogger(__name__)

TRIES = 3
MAX_BYTES = 16 << 10
MAX_ENTRIES = 64
_NAME = re.compile(r"shuxiang-([1-9][0-9]{0,13})(?:\+([0-9]{1,2})(?:-[0-9]{1,2})?)?\.conf\Z", re.ASCII)
_ROOT = re.compile(r"^options .*\broot=PARTUUID=([0-9A-Fa-f-]{1,64})", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry. tries: left, None when it counts none any more; guid: of the slot's partition, empty unknown."""

    path: Path
    version: int
    tries: int | None
    guid: str


def read_entries(folder: Path) -> Sequence[Entry]:
    """The entries of ours, by name; what cannot be read has no slot.

    Raises:
        OSError: the folder cannot be read.
    """
    names = sorted(path.name for path in folder.iterdir())
    matches = [(name, match) for name in names if (match := _NAME.match(name))]
    return [_entry(folder / name, match) for name, match in matches[:MAX_ENTRIES]]


def _entry(path: Path, match: re.Match[str]) -> Entry:
    guid = ""
    try:
        if found := _ROOT.search(read_small(path, MAX_BYTES).decode()):
            guid = found[1].lower()
    except (OSError, ValueError) as error:
        _log.warning("the boot entry %s cannot be read: %s", path.name, error)
    return Entry(path, int(match[1]), int(match[2]) if match[2] else None, guid)


def entry_name(version: int) -> str:
    """The name of a new entry."""
    return f"shuxiang-{version}+{TRIES}.conf"


def entry_text(version: int, guid: str, options: str) -> str:
    """An entry.

    Args:
        version: of the system.
        guid: of the partition of its slot.
        options: of the kernel's command line, but for the root file system.
    """
    return (
        f"title 书箱 {version}\nsort-key shuxiang\nversion {version}\n"
        f"linux /shuxiang/{version}/vmlinuz\ninitrd /shuxiang/{version}/initrd\n"
        f"options root=PARTUUID={guid} {options}".rstrip()
        + "\n"
    )
