"""Disks that hold several drives of a set, each in a folder of its number, as a copy for a branch may be.

Each folder is a place of its own, with a thread, a state and a line for staff; the disk itself is none. They come with
the disk and go with it, so whoever lets go of one lets go of all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.intake.mounts import Candidate

if TYPE_CHECKING:
    from appliance.intake.entry import Entry


def parts_of(found: Iterable[Candidate], entries: Mapping[Path, Entry]) -> list[Candidate]:
    """Places in the disks among these that hold several drives, as the last look into each said."""
    return [
        Candidate(candidate.folder / name, candidate.mount)
        for candidate in found
        if (entry := entries.get(candidate.folder)) is not None
        for name in entry.parts
    ]


def on_one_disk(key: str, entries: Mapping[Path, Entry], *, all_of_it: bool) -> list[Entry]:
    """The places that a command is about.

    Args:
        key: of the drive that it names; empty: all drives.
        entries: all places.
        all_of_it: whether it is about the whole disk, with the other drives that are on it.
    """
    named = [entry for entry in entries.values() if key in {"", entry.key}]
    folder = named[0].place.folder if key and named else None
    disk = entries.get(folder.parent) if folder is not None else None
    if not all_of_it or folder is None or disk is None or folder.name not in disk.parts:
        return named
    return [entry for entry in entries.values() if entry.place.folder.parent == folder.parent]
