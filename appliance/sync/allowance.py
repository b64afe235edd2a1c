"""Whether a piece may be fetched now: the hours, the traffic of the month, what the line costs, what staff say."""

from __future__ import annotations

import errno
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Literal

from appliance.store.holdings import Message
from appliance.sync.meter import UPDATES, Meter
from appliance.sync.pace import Pace
from appliance.sync.schedule import Window, next_month

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.settings import Settings
    from appliance.store.preferences import PreferenceStore
    from appliance.sync.board import StateBoard

_EVENING, _NIGHT = 18, 6
"""Hours between which an opening is said to be tonight."""
LEAST_ROOM = 64 << 20
"""Bytes that are asked for where the SSD became full and more is not known."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
REST_SECONDS = 5.0
"""Rests are no longer than this at a time."""
USUAL_RATE = 1_000_000
"""Bytes a second that an estimate begins with."""
Obstacle = Literal["paused", "window", "metered", "cap"]
"""Why nothing may be fetched: staff, the hour, what the line costs, the traffic of the month."""


class WaitError(Exception):
    """Nothing may be fetched now; what was fetched stays. message: what staff read."""

    def __init__(self, message: Message) -> None:
        """Keep the sentence."""
        self.message = message
        super().__init__(message.key)


class Allowance:
    """Asked before every piece of an update, told after it. For one thread; what staff ask for may be set in any.

    `obstacle`, `delay`, `meter`, `window` and `now` are for any thread: repairs keep to the same.

    Attributes:
        paused: staff paused fetching.
        meter: counts what comes.
        urgent: staff want it now, whatever the hour and whatever the line costs; until the turn ends.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        preferences: PreferenceStore,
        board: StateBoard,
        *,
        check: Callable[[], None],
        wait: Callable[[float], object],
        metered: Callable[[], bool],
        share: float = 0.0,
    ) -> None:
        """Go on from the traffic that was told last.

        Args:
            settings: of the box: rate, zone.
            clock: for the hours; monotonic for the rate.
            preferences: hours and traffic as they were chosen.
            board: gets the figures.
            check: called first; raises to break off.
            wait: waits so many seconds, or until the worker ends.
            metered: whether the line is paid for by its traffic.
            share: of this box; see `schedule.share_of`.
        """
        self._settings, self._clock, self._preferences, self._board = settings, clock, preferences, board
        self.meter, self._pace = Meter(settings, clock, board), Pace(clock)
        self._check, self._wait, self._metered, self._share = check, wait, metered, share
        self.paused, self.urgent = board.state.paused, False
        self._began, self._fetched = clock.monotonic(), 0

    @property
    def window(self) -> Window:
        """The hours for fetching, as this box keeps to them."""
        return Window.parse(self._preferences.read().window).own(self._share)

    def begin(self, size: int, done: int) -> None:
        """So much is to be fetched, of which so much is here."""
        self._began, self._fetched = self._clock.monotonic(), 0
        self._board.change(size=size, done=min(done, size), rate=0, left=0)

    def allow(self, size: int) -> None:
        """Let a piece be fetched, after the time that the rate asks for.

        Raises:
            WaitError: not now.
        """
        self._check()
        if why := self.obstacle(UPDATES, size, urgent=self.urgent):
            raise WaitError(self._said(why))
        self._keep_to_rate(size)
        self._board.change(fetching=True)

    def obstacle(self, who: str, size: int, *, urgent: bool) -> Obstacle | None:
        """What stands against fetching a piece now; None: nothing, and its bytes are held until the meter took them.

        Args:
            who: `meter.UPDATES` or `meter.REPAIRS`.
            size: bytes.
            urgent: staff want it now, whatever the hour and whatever the line costs.
        """
        if self.paused:
            return "paused"
        if not urgent and not self.window.is_open(self.now()):
            return "window"
        if not urgent and self._metered():
            return "metered"
        return None if self.meter.hold(who, size, self._preferences.read().cap) else "cap"

    def delay(self, who: str, size: int) -> float:
        """Seconds that a piece waits for the rate."""
        return self._pace.delay(who, size, self._settings.update_rate)

    def _said(self, why: Obstacle) -> Message:
        now, percent = self.now(), self._board.state.percent
        if why == "window":
            return self._closed(now)
        if why == "metered":
            return Message("sync.paused.metered", {"size": self._left()})
        if why == "cap":
            return Message("sync.paused.cap", {"date": f"{next_month(now):%Y-%m-%d}", "percent": percent})
        return Message("sync.paused.staff", {"percent": percent})

    def _keep_to_rate(self, size: int) -> None:
        """Wait for as long as a piece would take; between short rests whatever else is due is done."""
        left = self.delay(UPDATES, size)
        while left > 0:
            self._wait(min(REST_SECONDS, left))
            left -= REST_SECONDS
            self._check()

    def took(self, size: int, *, counts: bool = True) -> None:
        """Count a piece that came; with `counts` it is of what was said at `begin`."""
        self.meter.took(size)
        state = self._board.state
        self._fetched += size if counts else 0
        rate = round(self._fetched / max(0.1, self._clock.monotonic() - self._began))
        done = min(state.size, state.done + size) if counts else state.done
        left = round((state.size - done) / max(1, rate)) if counts else state.left
        self._board.change(done=done, rate=rate if counts else state.rate, left=left)

    def _closed(self, now: datetime) -> Message:
        state, opens = self._board.state, self.window.opens(now)
        tonight = opens.hour >= _EVENING or opens.hour < _NIGHT
        if state.size and not state.done and tonight:
            values: dict[str, str | int] = {"time": f"{opens:%H:%M}", "size": state.size}
            values["duration"] = round(state.size / (self._settings.update_rate or USUAL_RATE))
            return Message("sync.waiting_window", values)
        return Message("sync.paused.window", {"time": f"{opens:%H:%M}", "percent": state.percent})

    def lacking(self, error: Exception) -> int:
        """Bytes to ask for when the SSD became full in the middle of an update; 0: it was something else."""
        is_full = isinstance(error, OSError) and error.errno in _FULL
        return max(LEAST_ROOM, self._left()) if is_full else 0

    def _left(self) -> int:
        return self._board.state.size - self._board.state.done

    def now(self) -> datetime:
        """The library's time."""
        return self._clock.now() + timedelta(minutes=self._settings.utc_offset_minutes)
