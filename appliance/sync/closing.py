"""When a library is closed, as far as its line of opening hours tells: what is staged is applied then. Pure."""

from __future__ import annotations

import re
from datetime import datetime

from appliance.sync.schedule import Window

NIGHT = Window(22 * 60, 6 * 60)
"""Where neither the opening hours nor the hours for updates say anything."""

_SPAN = re.compile(r"(\d{1,2})[:：](\d{2})\s*[-–—―~～至到]{1,3}\s*(\d{1,2})[:：](\d{2})")
_DAY = 24 * 60


def closed_hours(opening_hours: str, window: Window) -> Window:
    """The part of the day in which nobody reads: from the last closing to the first opening of any day.

    Args:
        opening_hours: the setting, words for people with times in them: 周二至周日 9:00—17:00.
        window: of updates; it counts when the words name no times, and it is not all day.
    """
    spans = [_minutes(found.groups()) for found in _SPAN.finditer(opening_hours)]
    whole = [(begin, end) for begin, end in spans if 0 <= begin < end <= _DAY]
    if whole:
        first, last = min(begin for begin, _ in whole), max(end for _, end in whole)
        if last - first < _DAY:
            return Window(last % _DAY, first)
    return window if window.minutes < _DAY else NIGHT


def closing_time(closed: Window, now: datetime) -> str:
    """When it is closed next, as people read it: `17:00`; now, if it is."""
    return f"{closed.opens(now):%H:%M}"


def _minutes(found: tuple[str, ...]) -> tuple[int, int]:
    hours = [int(text) for text in found]
    return hours[0] * 60 + hours[1], hours[2] * 60 + hours[3]
