"""Keeping the diary: looks at the states of the box now and then, and has what is new said."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from appliance.store.diary import Diary, Entry
from appliance.store.holdings import Message
from appliance.web.glance import in_chinese, standing
from appliance.web.status import state_of
from provisioning.words import WordsError

if TYPE_CHECKING:
    from flask import Flask

    from appliance.clock import Clock
    from appliance.web.status import State

_log = logging.getLogger(__name__)

SETTLE_SECONDS = 4.0
"""At a restart without a gap the process before speaks for so long; it has left by then."""


class DiaryKeeping:
    """For one thread."""

    def __init__(self, app: Flask, diary: Diary, clock: Clock) -> None:
        """Begin a little later."""
        self._app, self._diary, self._clock = app, diary, clock
        self._begins: float | None = None
        self._rests = False

    def rest(self) -> None:
        """Say no more: another process does. From any thread, also in a signal's handler."""
        self._rests = True

    def turn(self) -> None:
        """Look once."""
        now = self._clock.monotonic()
        self._begins = now + SETTLE_SECONDS if self._begins is None else self._begins
        if self._rests or now < self._begins:
            return
        with self._app.app_context():
            status = standing()
            found = [_entry(state) for state in status.all if state.public and state.message.key != "home.normal"]
            well = _entry(state_of(Message("home.normal"))) if status.light == "normal" else None
        self._diary.take([entry for entry in found if entry is not None], well)


def _entry(state: State) -> Entry | None:
    said = state.message
    try:
        return Entry(state.token, state.light, said.key, said.params, state.drive, in_chinese(state))
    except WordsError as error:  # the others are said
        _log.error("%s", error)
        return None
