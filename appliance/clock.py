"""The one place that reads the machine's clock, and the judgement whether to believe it.

County boxes have dead batteries and no network, so nothing else in the product asks for the time: it is handed a
`Clock`. Trust in signed metadata never depends on this clock at all; only dated rights do, through `plausible_day`.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Protocol


class Clock(Protocol):
    """What the time is, for one who is told rather than asks."""

    def now(self) -> datetime:
        """Wall time, aware, UTC. It may be wrong and may jump in both directions."""
        ...

    def monotonic(self) -> float:
        """Seconds that never go back; only differences mean anything."""
        ...


@dataclass(frozen=True, slots=True)
class RealClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Wall time of this machine, aware, UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one reader of the real clock

    def monotonic(self) -> float:
        """Seconds since some fixed moment, never going back."""
        return time.monotonic()


@dataclass(slots=True)
class FixedClock:
    """A clock that stands still until it is told to move.

    Attributes:
        at: what `now` answers, aware, UTC.
        ticks: what `monotonic` answers, seconds.
    """

    at: datetime = field(default_factory=lambda: datetime(2026, 11, 22, 8, 0, tzinfo=UTC))
    ticks: float = 1000.0

    def now(self) -> datetime:
        """The time it stands at."""
        return self.at

    def monotonic(self) -> float:
        """The seconds it stands at."""
        return self.ticks

    def advance(self, seconds: float) -> None:
        """Move both clocks on by `seconds`."""
        self.at += timedelta(seconds=seconds)
        self.ticks += seconds


def plausible_now(clock: Clock, *, earliest: datetime, horizon: datetime) -> datetime | None:
    """The wall time when it can be believed.

    Args:
        clock: the machine's clock.
        earliest: the latest date that is known to lie in the past: the highest signed date seen, or the date of the
            system image when that is later. Aware.
        horizon: a moment so far ahead that the machine cannot still be in use. Aware.

    Returns:
        The wall time (UTC), or None when it lies outside of the two: resources with first or last days are then
        held back and staff are asked for the date.
    """
    now = clock.now()
    return now if earliest <= now <= horizon else None


def plausible_day(clock: Clock, *, earliest: datetime, horizon: datetime, utc_offset_minutes: int) -> date | None:
    """Today's date at the library, or None when the clock cannot be believed; see `plausible_now`.

    One day of grace below `earliest`: a bundle may be signed and driven to a county on the same day, and a clock
    that is a few hours slow harms nobody.

    Args:
        clock: the machine's clock.
        earliest: see `plausible_now`.
        horizon: see `plausible_now`.
        utc_offset_minutes: how far the library's own time is ahead of UTC.
    """
    now = plausible_now(clock, earliest=earliest - timedelta(days=1), horizon=horizon)
    if now is None:
        return None
    return now.astimezone(timezone(timedelta(minutes=utc_offset_minutes))).date()
