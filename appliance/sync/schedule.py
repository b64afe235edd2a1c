"""When a box asks for updates and when it may fetch: pure functions of time, settings and luck.

2,900 boxes must not ask at the same moment: each has a share of its own, which gives it its moment in every minute and
hour and its beginning in the hours for updates; after a failure it waits by doubling times with a random part. Times of
day are the library's own; a clock that is wrong only moves the window.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime, timedelta

FIRST_WAIT = 300.0
LONGEST_WAIT = 6 * 3600.0
"""Seconds between two tries after failures: at first, and at most."""

HOUR = 3600.0
_SPREAD = 60
"""Minutes over which boxes begin to fetch, at most; a quarter of short hours."""

_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])\Z")
_DAY = timedelta(days=1)
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the day in which a box may fetch.

    Attributes:
        start, end: minutes since midnight. Equal: all day; an end before the start is on the next day.
    """

    start: int
    end: int

    @classmethod
    def parse(cls, text: str) -> Window:
        """The window of `22:00-06:00`; empty text is all day.

        Raises:
            ValueError: it is neither.
        """
        if not text:
            return cls(0, 0)
        found = _SPAN.match(text)
        if found is None:
            raise ValueError(f"{text!r} is no span of a day such as 22:00-06:00")
        hours = [int(part) for part in found.groups()]
        return cls(hours[0] * 60 + hours[1], hours[2] * 60 + hours[3])

    def own(self, share: float) -> Window:
        """The part of it in which a box with this share fetches: all begin one after the other, and end together."""
        if self.minutes == _DAY_MINUTES:
            return self
        return Window((self.start + int(share * min(_SPREAD, self.minutes // 4))) % _DAY_MINUTES, self.end)

    @property
    def minutes(self) -> int:
        """How long it is."""
        return (self.end - self.start) % 1440 or 1440

    def is_open(self, now: datetime) -> bool:
        """Whether `now` (the library's time) lies in it."""
        return (now.hour * 60 + now.minute - self.start) % 1440 < self.minutes

    def opens(self, now: datetime) -> datetime:
        """When it is open next: now, if it is."""
        if self.is_open(now):
            return now
        today = now.replace(hour=self.start // 60, minute=self.start % 60, second=0, microsecond=0)
        return today if today > now else today + _DAY


def share_of(seed: bytes) -> float:
    """The share of a box, from 0 to below 1: the same for ever, and evenly spread over boxes."""
    return int.from_bytes(hashlib.sha256(seed).digest()[:6], "big") / (1 << 48)


def until_own(now: datetime, share: float, period: float = HOUR) -> float:
    """Seconds until a box's own moment in the running minute or hour, or the next: from 1 to a second above `period`.

    A moment that is nearer was meant by the last answer.

    Args:
        now: aware.
        share: of the box.
        period: seconds.
    """
    left = (share * period - now.timestamp() % period) % period
    return left if left >= 1 else left + period


def wait_after(failures: int, luck: float) -> float:
    """Seconds until the next try after so many failures in a row.

    Args:
        failures: at least 1.
        luck: a random number from 0 to below 1.
    """
    whole = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(failures - 1, 20))
    return whole * (0.5 + luck)


def month_of(now: datetime) -> str:
    """The month to which traffic counts: `2026-11`."""
    return f"{now:%Y-%m}"


def left_of_cap(cap: int, used: int) -> int | None:
    """Bytes that may still be fetched this month; None: as many as wanted.

    Args:
        cap: bytes a month; 0 for none.
        used: bytes fetched in it.
    """
    return max(0, cap - used) if cap else None


def next_month(now: datetime) -> datetime:
    """The first moment of the month after `now`."""
    first = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return (first + timedelta(days=32)).replace(day=1)
