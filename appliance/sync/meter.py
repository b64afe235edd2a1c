"""What was fetched in which month, whatever the clock of the machine says meanwhile.

A month that comes with time begins with nothing fetched. One that comes because somebody set the clock, or because its
battery is dead, does not: a clock that cannot be believed counts to the month before, a jump takes along what was
fetched until then, and a month that comes again goes on where it was. So no jumping about gives more traffic than was
paid for, and none stops anything for longer than a month.
"""

from __future__ import annotations

import threading
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.sync.schedule import left_of_cap, month_of

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.settings import Settings
    from appliance.sync.board import StateBoard

JUMP = timedelta(days=1)
"""A wall clock that went so much further, or less far, than time did was set."""
KEPT = 24
"""Months that are remembered."""
UPDATES, REPAIRS = "updates", "repairs"
"""Who fetches."""


class Meter:
    """Counts bytes by months, on the board. Thread-safe: updates and repairs have one month between them."""

    def __init__(self, settings: Settings, clock: Clock, board: StateBoard) -> None:
        """Go on with what the board says.

        Args:
            settings: of the box: the library's offset, and when a clock is believed.
            clock: both of its sides.
            board: keeps the figures.
        """
        self._settings, self._clock, self._board = settings, clock, board
        self._last = clock.now(), clock.monotonic()
        self._lock = threading.RLock()
        self._held: dict[str, int] = {}

    def used(self) -> int:
        """Bytes that were fetched in the running month."""
        with self._lock:
            self.look()
            return self._board.state.used

    def hold(self, who: str, size: int, cap: int) -> bool:
        """Whether a piece fits into the month, beside what others are fetching; if so it is held until `took`.

        Args:
            who: fetches it, one piece at a time.
            size: bytes.
            cap: bytes a month; 0 for none.
        """
        with self._lock:
            others = sum(held for name, held in self._held.items() if name != who)
            left = left_of_cap(cap, self.used() + others)
            fits = left is None or size <= left
            self._held[who] = size if fits else 0
            return fits

    def took(self, size: int, who: str = UPDATES) -> None:
        """Count bytes that came; 0: what was held did not come."""
        with self._lock:
            self.look()
            self._held[who] = 0
            if size:
                self._keep(self._board.state.month, self._board.state.used + size)

    def look(self) -> None:
        """See which month it is; to be asked often, for a jump shows between two looks."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        (at, ticks), now = self._last, self._clock.now()
        passed = timedelta(seconds=self._clock.monotonic() - ticks)
        self._last = now, self._clock.monotonic()
        state, month = self._board.state, self._month(now)
        if not month or month == state.month:
            if not state.month:
                self._keep(month_of(self._local(now)), 0)
            return
        # A box that begins with a dead battery does not know the month yet to which it counts.
        known = self._month(at) or state.month < month_of(self._settings.earliest)
        was_set = abs(now - at - passed) > JUMP and known
        self._keep(month, max(state.months.get(month, 0), state.used if was_set else 0))

    def _month(self, now: datetime) -> str:
        """The month at the library; empty when the clock cannot be believed."""
        believed = self._settings.earliest - JUMP <= now <= self._settings.horizon  # as `clock.plausible_day`
        return month_of(self._local(now)) if believed else ""

    def _local(self, now: datetime) -> datetime:
        return now + timedelta(minutes=self._settings.utc_offset_minutes)

    def _keep(self, month: str, used: int) -> None:
        months = {**self._board.state.months, month: used}
        while len(months) > KEPT:
            del months[min(name for name in months if name != month)]
        self._board.change(month=month, used=used, months=months)
