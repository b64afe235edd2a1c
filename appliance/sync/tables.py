"""The tables of sets of drives: which drive carries what, of editions that came by an update.

Readers do not need them; whoever makes a drive of the set for a branch does. So they are brought after everything else,
are looked for again at every try, and are no reason for anything to fail.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import TYPE_CHECKING

from appliance.store.placement import is_placed, table_of
from packager.format.disktable import DISKS_FORMAT, DISKS_NAME
from packager.format.release import Digest

if TYPE_CHECKING:
    from appliance.intake.door import Door
    from appliance.store.releases import Stored
    from appliance.sync.incoming import Incoming
    from appliance.sync.supply import Supply
    from packager.format.files import Files
    from packager.format.release import Release

_log = logging.getLogger(__name__)


class Tables:
    """For the thread of updates."""

    def __init__(self, files: Files, door: Door, incoming: Incoming) -> None:
        """Name the writer, the releases that are here, and what is being fetched."""
        self._files, self._door, self._incoming = files, door, incoming

    def bring(self, supply: Supply) -> None:
        """Fetch what lacks, as far as the supply has it, and put it in its place.

        Raises:
            as what `supply.allow` raises.
            OSError: the SSD is full or does not answer.
        """
        for stored, _ in list(self._lacking()):
            self.fetch(supply, stored.release)
        self.place()

    def fetch(self, supply: Supply, release: Release) -> None:
        """Fetch the table of a release that is here, or is to come; the rest as `bring`."""
        wanted = table(release)
        if wanted is not None and self._incoming.fetch(wanted, supply.sources(), supply.allow, supply.took) is None:
            _log.info("nobody has %s of %s", DISKS_NAME, release.target)

    def place(self) -> None:
        """Put the tables that were fetched beside the truth of their releases.

        Raises:
            OSError: the SSD is full or does not answer.
        """
        for stored, wanted in list(self._lacking()):
            if self._incoming.is_whole(wanted):
                pieces = (path.read_bytes() for path in self._incoming.pieces(wanted))
                self._files.write_atomic(table_of(stored.path), pieces, expected=wanted.sha256)
                self._incoming.forget(wanted)

    def _lacking(self) -> Iterator[tuple[Stored, Digest]]:
        for stored in self._door.store.all():
            wanted = table(stored.release)
            if wanted is not None and not is_placed(stored.path, len(stored.release.disks)):
                yield stored, wanted


def table(release: Release) -> Digest | None:
    """The table of a release on several drives, if it has one that this box reads."""
    found = release.accelerators.get(DISKS_NAME)
    if len(release.disks) == 1 or found is None or found.format != DISKS_FORMAT:
        return None
    return Digest(found.sha256, found.size)
