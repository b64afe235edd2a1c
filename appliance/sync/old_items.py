"""Reading bytes of items that are here, for making new ones: from an update before, or from any drive that has them.

An edition that came by an update has no drive of its own: what did not change is still on the drive of an edition
before. Whether it is the same is told by the lists of both, so no drive is read in place of another.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from appliance.store.carried import read_at
from appliance.sync.update import OldAwayError
from packager.format.delta_apply import differences
from packager.format.errors import FormatError
from packager.format.items import read_items
from packager.format.layout import DriveLayout

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from appliance.intake.door import Door
    from appliance.store.carried import CarriedStore
    from appliance.store.releases import Stored
    from packager.format.items import ItemLine


class OldItems:
    """For one thread. Memory: the paths of what differs between the edition that is read and those of the drives."""

    def __init__(self, door: Door, carried: CarriedStore) -> None:
        """Name the drives, and what updates brought."""
        self._door, self._carried = door, carried
        self._of = ""
        self._other: dict[str, frozenset[str]] = {}

    def has_drive(self, old: Stored) -> bool:
        """Whether a drive of its bundle serves, and has not been pulled a moment ago."""
        return any(DriveLayout(root).bagit.exists() for _, root in self._door.drives(old.release.bundle))

    def read(self, old: Stored, item: ItemLine, start: int, count: int) -> bytes:
        """Bytes of an item of a release that is here. What is wrong with them shows in what is made of them.

        Raises:
            OldAwayError: they are on a drive that is not plugged in, or cannot be read.
        """
        if (found := self._carried.read(item.sha256, start, count)) is not None:
            return found
        for root in self._roots(old, item):
            try:
                layout = DriveLayout(root)
                with layout.opened() as folder:
                    descriptor = layout.open_payload(folder, item.path)
                try:
                    found = read_at(descriptor, start, count)
                finally:
                    os.close(descriptor)
            except (OSError, FormatError):
                continue
            if found is not None:
                return found
        raise OldAwayError(item.path)

    def _roots(self, old: Stored, item: ItemLine) -> Iterator[Path]:
        """Folders of drives on which the item may be, those of its own edition first."""
        drives = self._door.drives(old.release.bundle)
        yield from (root for folder, root in drives if folder == old.folder)
        for folder, root in drives:
            if folder != old.folder and item.path not in self._differs(old, folder):
                yield root

    def _differs(self, old: Stored, folder: str) -> frozenset[str]:
        """Paths of a release that are others, or not there, in another one."""
        if self._of != old.folder:
            self._of, self._other = old.folder, {}
        if folder not in self._other:
            other = self._door.store.get(folder)
            here = read_items(old.items_txt)
            there = read_items(other.items_txt) if other is not None else iter(())
            pairs = differences(there, here)
            self._other[folder] = frozenset(line.path for _, line in pairs if line is not None)
        return self._other[folder]
