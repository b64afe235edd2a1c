"""What is said of how the box started and what it stands on: pure functions from what is known to sentences by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from appliance.store.holdings import Message
from appliance.store.starts import POWER, RESTART
from appliance.web.status import State, as_time, state_of

if TYPE_CHECKING:
    from appliance.store.holdings import Holdings
    from appliance.store.starts import Starts

SHOWN = dt.timedelta(minutes=30)
"""So long "just now" is said."""
OFTEN = 3
"""So many cuts in a week, or restarts in a day, need somebody."""
WEEK = dt.timedelta(days=7)
_SINCE_OFTEN = dt.timedelta(days=1)
_MAKING = frozenset({"waiting", "rebuilding"})
FULL = "full"


def start_states(starts: Starts, holdings: Holdings, degraded: str, *, now: dt.datetime, task: str) -> Iterator[State]:
    """Everything that is to be said, in no order.

    Args:
        starts: after ends that nobody wanted.
        holdings: what goes on, and whether a sentence about a cut stands there already.
        degraded: why the box's own disk cannot be relied upon; empty: it can.
        now: the library's time, aware.
        task: how the making of an index is called.
    """
    if degraded:
        yield state_of(Message("space.full" if degraded == FULL else "box.degraded"))
    yield from _after_power(starts, holdings, now, task)
    yield from _after_restart(starts, now)


def _after_power(starts: Starts, holdings: Holdings, now: dt.datetime, task: str) -> Iterator[State]:
    cuts = [at for start in starts.unwanted if start.kind == POWER and (at := as_time(start.at)) and at <= now]
    if not cuts:
        return
    last, recent = cuts[-1], sum(now - at <= WEEK for at in cuts)
    since = last.isoformat()
    if recent >= OFTEN and now - last <= _SINCE_OFTEN:
        yield state_of(Message("power.recovered.often", {"count": recent}), since=since)
    elif now - last <= SHOWN and not any(m.key.startswith("power.recovered") for m in holdings.notices):
        making = any(
            part.state in _MAKING for release in holdings.live() for part in (release.search, release.catalogue)
        )
        key, params = ("power.recovered.continues", {"task": task}) if making else ("power.recovered", {})
        yield state_of(Message(key, params), since=since)


def _after_restart(starts: Starts, now: dt.datetime) -> Iterator[State]:
    again = [at for start in starts.unwanted if start.kind == RESTART and (at := as_time(start.at)) and at <= now]
    if not again:
        return
    today = sum(at.astimezone(now.tzinfo).date() == now.date() for at in again)
    since = again[-1].isoformat()
    if today >= OFTEN:
        yield state_of(Message("box.restarted.often", {"count": today}), since=since)
    elif now - again[-1] <= SHOWN:
        yield state_of(Message("box.restarted"), since=since)
