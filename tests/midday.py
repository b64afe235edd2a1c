"""A clock that reads noon wherever and whenever a test runs: what holds only at certain hours holds always."""

from __future__ import annotations

import time


def minutes_to_noon() -> int:
    """Minutes ahead of UTC with which it is about noon now, from -719 to 720: far from midnight and closing time."""
    now = time.gmtime()
    offset = 12 * 60 - (now.tm_hour * 60 + now.tm_min)
    return offset if offset > -720 else offset + 1440
