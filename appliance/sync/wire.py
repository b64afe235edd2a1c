"""Bringing the newest release of one bundle by wire: the cheapest way, what it needs, and the releases on the way.

A way is a chain of deltas, or whole objects where no delta leads or where they are less. Nothing that was fetched or
made before is fetched or made again. When a way may be gone is another's business (`allowance`), as is who is asked.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from appliance.sync.bringing import led_to
from appliance.sync.room import lists_of
from appliance.sync.routes import route
from packager.format.origin import OriginError
from provisioning.words import CHINESE, Words

if TYPE_CHECKING:
    from appliance.settings import Settings
    from appliance.store.releases import Stored
    from appliance.sync.allowance import Allowance
    from appliance.sync.board import StateBoard
    from appliance.sync.bringing import Bringing
    from appliance.sync.incoming import Incoming
    from appliance.sync.supply import Supply
    from packager.format.deltas import Delta
    from packager.format.release import Digest, Release
    from packager.format.trust import Trusted

_log = logging.getLogger(__name__)


class Wire:
    """For the thread of updates.

    Attributes:
        needed: the bundle whose drive the last release needed that was to be made, as people call it.
    """

    def __init__(
        self,
        settings: Settings,
        board: StateBoard,
        bringing: Bringing,
        incoming: Incoming,
        allowance: Allowance,
        *,
        applied: Callable[[str], None],
        check_stop: Callable[[], None],
    ) -> None:
        """Begin with nothing brought.

        Args:
            settings: of the box.
            board: told what is being done.
            bringing: what all updates have in common.
            incoming: what is being fetched.
            allowance: told how much there is to fetch.
            applied: told the folder of what readers get at once.
            check_stop: raises when all work is to be broken off.
        """
        self._settings, self._board, self._bringing = settings, board, bringing
        self._incoming, self._allowance = incoming, allowance
        self._applied, self._check_stop = applied, check_stop
        self.needed = ""

    def bring(self, supply: Supply, trusted: Trusted, old: Stored, new: Release) -> list[Release]:
        """Bring the newest release of one bundle; the releases that were made on the way.

        Raises:
            WaitError: not now.
            OldAwayError: a drive is away. IntakeError: there is no room.
            OriginError, FormatError: it cannot be had, or is another.
            OSError: the SSD is full or does not answer.
        """
        chain, whole = self._way(supply, trusted, old, new)
        if whole and (stored := self._whole_or_none(supply, old, new, leads=bool(chain))):
            return [stored.release]
        made: list[Release] = []
        for number, step in enumerate(chain, 1):
            try:
                old = self._step(supply, old, step, trusted, last=number == len(chain))
            except Exception:
                if made:
                    self._bringing.stay_at(old)
                raise
            made.append(old.release)
        return made

    def make(
        self, old: Stored, step: Delta, trusted: Trusted, supply: Supply | None = None, *, last: bool = True
    ) -> Stored:
        """Make the release that a delta leads to, when all that it needs is here, and tell of the last of a chain.

        Raises:
            as `Bringing.make`.
        """
        self.needed = Words.load(CHINESE).bundle(old.release.bundle, old.release.name)
        self._board.change(fetching=False, making=True)
        stored = self._bringing.make(old, step, trusted, supply, last=last)
        if last:
            counts = (step.added, step.changed, step.removed)
            self._board.change(counts={**self._board.state.counts, stored.folder: counts})
            self._brought(stored)
        return stored

    def _way(self, supply: Supply, trusted: Trusted, old: Stored, new: Release) -> tuple[tuple[Delta, ...], bool]:
        """A chain of listed deltas, if one leads there, and whether whole objects are cheaper.

        Whole objects are thought of only where deltas are more than the lists alone, which every other way needs.
        """
        chain = route(self._bringing.heads(supply, trusted, old.release), old.release, new)
        packs = [pack for step in chain or () for pack in step.packs]
        if chain is not None and sum(pack.size for pack in packs) <= lists_of(new):
            self._begin(packs)
            return chain, False
        self._begin(packs if chain is not None else list(new.truth.values()))
        needed = self._bringing.wholes.needed(supply, old, new)
        if needed is not None and (chain is None or _bytes(needed) < _bytes(packs)):
            self._begin(needed)
            return chain or (), True
        if chain is None:
            _log.info("nothing leads from %s to %s", old.release.target, new.target)
        return chain or (), False

    def _begin(self, objects: list[Digest]) -> None:
        self._allowance.begin(_bytes(objects), sum(map(self._incoming.fetched, objects)))

    def _whole_or_none(self, supply: Supply, old: Stored, new: Release, *, leads: bool) -> Stored | None:
        """Whole objects; None when nobody has them (an origin may keep deltas only) and a chain leads there too."""
        self.needed = Words.load(CHINESE).bundle(old.release.bundle, old.release.name)
        try:
            stored = self._bringing.wholes.make(supply, old, new, self._check_stop)
        except OriginError as error:
            if not leads:
                raise
            _log.info("whole objects cannot be had, deltas are tried: %s", error)
            return None
        self._brought(stored)
        return stored

    def _step(self, supply: Supply, old: Stored, step: Delta, trusted: Trusted, *, last: bool) -> Stored:
        """Fetch what one delta needs and make the release that it leads to."""
        self._bringing.check_room([([step], led_to(step, trusted))])
        self._bringing.fetch(supply, step)
        return self.make(old, step, trusted, supply, last=last)

    def _brought(self, stored: Stored) -> None:
        self._board.change(making=False)
        if self._settings.update_apply != "closing":
            self._applied(stored.folder)


def _bytes(objects: Iterable[Digest]) -> int:
    return sum(digest.size for digest in objects)
