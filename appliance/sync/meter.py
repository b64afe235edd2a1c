"""What was fetched in which month, whatever the clock of the machine says meanwhile.

A month that comes with time begins with nothing fetched. One that comes because somebody set the clock, or because its
battery is dead, does not: a clock that cannot be believed counts to the month before, a jump takes along what was
fetched until then, and a month that comes again goes on where it was. So no jumping about gives more traffic than was
paid for, and none stops anything for longer than a month.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from appliance.sync.schedule import month_of

if TYPE_CHECKING:
    from appliance.clock import Clock
    from appliance.settings import Settings
    from appliance.sync.board import StateBoard

JUMP = timedelta(days=1)
"""A wall clock that went so much further, or less far, than time did was set."""
KEPT = 24
"""Months that are remembered."""


class Meter:
    """Counts bytes by months, on the board. For one thread."""

    def __init__(self, settings: Settings, clock: Clock, board: StateBoard) -> None:
        """Go on with what the board says.

        Args:
            settings: of the box: the library's offset, and when a clock is believed.
            clock: both of its sides.
            board: keeps the figures.
        """
        self._settings, self._clock, self._board = settings, clock, board
        self._last = clock.now(), clock.monotonic()

    def used(self) -> int:
        """Bytes that were fetched in the running month."""
        self.look()
        return self._board.state.used

    def took(self, size: int) -> None:
        """Count bytes that came."""
        self.look()
        self._keep(self._board.state.month, self._board.state.used + size)

    def look(self) -> None:
        """See which month it is; to be asked often, for a jump shows between two looks."""
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
