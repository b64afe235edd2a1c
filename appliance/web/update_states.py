"""What is said of updates: pure functions from what is known to sentences by key.

What became of the last try stands in the holdings document (`Holdings.notices`); here is what follows from the editions
that are here, from what is being fetched, and from the day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import TYPE_CHECKING

from appliance.store.editions import STAGED, edition_undone
from appliance.store.holdings import Message
from appliance.web.status import State, as_time, state_of

if TYPE_CHECKING:
    from appliance.store.holdings import HeldRelease, Holdings
    from appliance.store.updating import UpdateState

SHOWN = dt.timedelta(days=3)
"""So long it is told that an edition was applied, or that staff went back."""
STALE_MONTHS, OLD_MONTHS = 3, 6
"""Content that is so old is told, and then asks for somebody."""
UNREACHABLE_DAYS = 7
_MOST_DAYS = 3650
"""More days than this are a clock that was wrong."""
_MAKING = frozenset({"waiting", "rebuilding"})


def update_states(
    holdings: Holdings, state: UpdateState, *, now: dt.datetime, today: dt.date | None, origins: bool
) -> Iterator[State]:
    """Everything that is to be said besides what became of the last try, in no order.

    Args:
        holdings: the editions that are here.
        state: how updates stand.
        now: wall time, aware.
        today: the day at the library, None when the clock cannot be believed.
        origins: whether this box asks origins at all.
    """
    staged = [release for release in holdings.releases if release.held_back == STAGED]
    if staged:
        newest = max(staged, key=lambda release: (release.issued, release.seq))
        yield state_of(Message("sync.staged", _counts(state, newest)))
    if state.fetching:
        yield state_of(_fetching(state))
    yield from _turned(holdings, state, now)
    if origins and (days := _days_away(state, now, today)) >= UNREACHABLE_DAYS:
        yield state_of(Message("sync.unreachable.days", {"days": days}))
    yield from _stale(holdings, today)


def standing(holdings: Holdings, state: UpdateState, *, origins: bool, now: dt.datetime) -> State:
    """What is said when there is nothing else to say. now: the library's time."""
    live = sorted(holdings.live(), key=lambda release: release.issued)
    if not live:
        return state_of(Message("home.no_drive"))
    month = {"month": live[-1].issued[:7]}
    if not origins:
        return state_of(Message("sync.here", month))
    checked = as_time(state.checked)
    if checked is None:
        return state_of(Message("sync.checking") if not state.failing else Message("sync.unreachable"))
    moment = checked.astimezone(now.tzinfo)
    return state_of(Message("sync.current", {**month, "date": f"{moment:%Y-%m-%d}", "time": f"{moment:%H:%M}"}))


def months_between(before: dt.date, after: dt.date) -> int:
    """Whole months from one day to another, 0 at least."""
    months = 12 * (after.year - before.year) + after.month - before.month - (after.day < before.day)
    return max(0, months)


def _counts(state: UpdateState, release: HeldRelease) -> dict[str, str | int]:
    added, changed, gone = state.counts.get(release.folder, (0, 0, 0))
    return {"edition": release.edition, "added": added, "changed": changed, "withdrawn": gone}


def _fetching(state: UpdateState) -> Message:
    if not state.rate or not state.left:
        return Message("sync.downloading.slow", {"percent": state.percent})
    values: dict[str, str | int] = {"rate": state.rate, "duration": state.left}
    return Message("sync.downloading", {**values, "percent": state.percent, "size": state.size})


def _turned(holdings: Holdings, state: UpdateState, now: dt.datetime) -> Iterator[State]:
    """What was applied of late, or is about to be; what staff went back to of late."""
    newest = next((r for r in holdings.releases if state.applied and r.folder == state.applied), None)
    if newest is not None and not newest.held_back:
        parts = (newest.catalogue, newest.search)
        if newest.live and all(part.state == "ready" for part in parts):
            since = state.lives.get(newest.folder, state.applied_at)
            if _is_recent(since, now):
                counts = _counts(state, newest)
                key = "sync.applied" if counts["added"] else "sync.applied.none"
                yield state_of(Message(key, counts), since=since)
        elif not newest.live and any(part.state in _MAKING for part in parts):
            left = max(part.seconds_left for part in parts)
            yield state_of(Message("sync.applying", {"minutes": max(1, -(-left // 60))}))
    for release in holdings.live():
        undone = edition_undone(holdings.releases, release.bundle)
        since = state.lives.get(release.folder, "")
        if undone is not None and _is_recent(since, now):
            yield state_of(Message("sync.undone", {"edition": release.edition}), since=since)


def _stale(holdings: Holdings, today: dt.date | None) -> Iterator[State]:
    """Content that nobody renewed for months; nothing depends on it but this sentence."""
    issued = max((release.issued for release in holdings.live()), default="")
    try:
        day = dt.date.fromisoformat(issued[:10])
    except ValueError:
        return
    months = months_between(day, today) if today is not None else 0
    if months >= OLD_MONTHS:
        yield state_of(Message("sync.stale.attention", {"month": issued[:7]}))
    elif months >= STALE_MONTHS:
        yield state_of(Message("sync.stale.notice", {"month": issued[:7], "months": months}))


def _days_away(state: UpdateState, now: dt.datetime, today: dt.date | None) -> int:
    """Days since which no origin was reached; 0 while that is not known."""
    failing = as_time(state.failing)
    if failing is None or today is None:
        return 0
    days = (now - failing).days
    return days if 0 <= days <= _MOST_DAYS else 0


def _is_recent(since: str, now: dt.datetime) -> bool:
    at = as_time(since)
    return at is not None and dt.timedelta(0) <= now - at <= SHOWN
