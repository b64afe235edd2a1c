"""Making a release out of whole objects: its lists as they are, and of its items those that are nowhere here.

It is the way where no delta leads from what is here, or where deltas would be more to fetch. Items that did not change
stay on the drive; one that only has another path is copied from it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from appliance.store.releases import folder_name
from appliance.sync.room import check_room, room_of
from packager.format.delta_apply import differences
from packager.format.items import read_items
from packager.format.layout import CHUNK
from packager.format.origin import OriginError
from packager.format.release import Digest

if TYPE_CHECKING:
    from pathlib import Path

    from appliance.intake.door import Door
    from appliance.settings import Settings
    from appliance.store.carried import CarriedStore
    from appliance.store.releases import Stored
    from appliance.sync.incoming import Incoming
    from appliance.sync.supply import Supply
    from packager.format.files import Files
    from packager.format.items import ItemLine
    from packager.format.release import Release

_log = logging.getLogger(__name__)

ITEMS = "items.txt"
STAGE = "whole"
ReadOld = Callable[["Stored", "ItemLine", int, int], bytes]


class Wholes:
    """For one thread. What was fetched stays until the release is made, and is never fetched again."""

    def __init__(
        self,
        settings: Settings,
        files: Files,
        door: Door,
        incoming: Incoming,
        carried: CarriedStore,
        read_old: ReadOld,
    ) -> None:
        """Name what it works with; `read_old` gives bytes of an item that is here, or raises `OldAwayError`."""
        self._settings, self._files, self._door = settings, files, door
        self._incoming, self._carried, self._read_old = incoming, carried, read_old

    def needed(self, supply: Supply, old: Stored, new: Release) -> list[Digest] | None:
        """All objects that are needed, or None when the supply has not even the list of items.

        Raises:
            as what `supply.allow` raises: the list of items is fetched for it.
            OSError: the SSD is full or does not answer.
        """
        if self._incoming.fetch(new.truth[ITEMS], supply.sources(), supply.allow, supply.took) is None:
            return None
        found = {digest.sha256: digest for digest in new.truth.values()}
        for line, source in self._lacking(old, new):
            if source is None:
                found[line.sha256] = Digest(line.sha256, line.size)
        return list(found.values())

    def make(self, supply: Supply, old: Stored, new: Release, check_stop: Callable[[], None]) -> Stored:
        """Fetch what lacks and give the release its place. Durable on return; doing it again after a cut goes on.

        Raises:
            OriginError: an object cannot be had.
            OldAwayError: an item is on a drive that is not plugged in, under another path.
            IntakeError: there is no room.
            OSError: the SSD is full or does not answer.
        """
        needed = self.needed(supply, old, new) or []
        lacking = sum(d.size - self._incoming.fetched(d) for d in needed)
        check_room(self._door.store, self._settings.reserve_bytes, lacking + room_of(new))  # lists a second time
        for digest in new.truth.values():
            self._fetch(supply, digest)
        for line, source in self._lacking(old, new):
            check_stop()
            if source is not None:
                self._carried.add(line.sha256, self._copied(old, source), self._files)
                continue
            wanted = Digest(line.sha256, line.size)
            self._fetch(supply, wanted)
            self._carried.add(line.sha256, self._pieces(wanted), self._files)
            self._incoming.forget(wanted)
        stage = self._door.store.stage(STAGE)
        try:
            self._files.sync_all()  # items that were here may be of a run that ended before their names were durable
            self._files.make_dir(stage / "meta")
            for name, digest in new.truth.items():
                self._files.write_atomic(stage / "meta" / name, self._pieces(digest), expected=digest.sha256)
            if self._settings.update_apply == "closing":
                self._door.board.editions.stage(folder_name(new), self._door.board.now())
            stored = self._door.store.add_made(stage, new)
        finally:
            self._door.store.unstage(STAGE)
        self._door.board.carried_changed()
        self._door.came(stored)
        for digest in new.truth.values():
            self._incoming.forget(digest)
        return stored

    def blocks(self, supply: Supply, line: ItemLine) -> Iterator[bytes] | None:
        """A whole item where it cannot be made of old bytes, None when nobody has it; see `update.Whole`."""
        wanted = Digest(line.sha256, line.size)
        if self._incoming.fetch(wanted, supply.sources(), supply.allow, supply.took) is None:
            return None
        return self._spent(wanted)

    def _spent(self, wanted: Digest) -> Iterator[bytes]:
        yield from self._pieces(wanted)
        self._incoming.forget(wanted)

    def _lacking(self, old: Stored, new: Release) -> Iterator[tuple[ItemLine, ItemLine | None]]:
        """New items that are not carried here, each with an old one of the same bytes if there is one that changed.

        Memory: 300 bytes an item that went or changed.
        """
        wanted = new.truth[ITEMS]
        here: dict[str, ItemLine] = {}
        lacking: dict[str, ItemLine] = {}
        path = self._whole_file(wanted)
        for before, after in differences(read_items(old.items_txt), read_items(path)):
            if before is not None:
                here[before.sha256] = before
            if after is not None and (before is None or before.sha256 != after.sha256):
                lacking.setdefault(after.sha256, after)
        for line in lacking.values():
            if not self._carried.holds(line.sha256, line.size):
                yield line, here.get(line.sha256)

    def _whole_file(self, wanted: Digest) -> Path:
        """What was fetched in pieces as one file, beside them."""
        path = self._settings.incoming_folder / "documents" / wanted.sha256
        if not path.exists():
            self._files.make_dir(path.parent)
            self._files.write_atomic(path, self._pieces(wanted), expected=wanted.sha256)
        return path

    def _fetch(self, supply: Supply, wanted: Digest) -> None:
        if self._incoming.fetch(wanted, supply.sources(), supply.allow, supply.took) is None:
            raise OriginError(f"object {wanted.sha256[:12]} cannot be had")

    def _pieces(self, wanted: Digest) -> Iterator[bytes]:
        return (path.read_bytes() for path in self._incoming.pieces(wanted))

    def _copied(self, old: Stored, line: ItemLine) -> Iterator[bytes]:
        for at in range(0, line.size, CHUNK):
            yield self._read_old(old, line, at, min(CHUNK, line.size - at))
