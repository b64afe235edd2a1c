"""Derived files that cannot be opened are made again, a few times by themselves and whenever staff ask."""

from __future__ import annotations

import logging

from appliance.intake.making import Key, Maker
from appliance.intake.publisher import Publisher
from appliance.store.releases import PARTS, ReleaseStore

_log = logging.getLogger(__name__)

MAX_REMADE = 2
"""A derived file that cannot be opened is made again so often before staff are told; they may ask for more."""


class Remaking:
    """Takes commands to make a derived file again. For one thread."""

    def __init__(self, store: ReleaseStore, maker: Maker, board: Publisher) -> None:
        """Count from nothing: after a start every file has its chances again."""
        self._store, self._maker, self._board = store, maker, board
        self._remade: dict[Key, int] = {}

    def ask(self, folder: str, part: str, *, by_itself: bool) -> None:
        """Have a part of a release made again; what is not on the SSD is passed over.

        Args:
            folder: of the release.
            part: one of `PARTS`.
            by_itself: whether a program found it damaged, and not staff.
        """
        stored = self._board.stored.get(folder)
        if stored is None or part not in PARTS:
            return
        again = self._remade.get((folder, part), 0) + 1 if by_itself else 0
        self._remade[folder, part] = again
        parts = {name: value for name, value in stored.parts.items() if name != part}
        self._board.stored[folder] = self._store.set_parts(stored, parts)
        if again > MAX_REMADE:
            _log.warning("%s of %s was made again %d times and still cannot be opened", part, folder, MAX_REMADE)
            self._maker.give_up(folder, part)
        else:
            self._maker.again(folder, part)
        self._board.order_making()
