"""What is said of reports: pure functions from the months' reports to sentences by key."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from appliance.store.holdings import Message
from appliance.web.status import State, as_time, state_of

if TYPE_CHECKING:
    from appliance.store.outbox import ReportRow

OVERDUE_DAYS = 10
"""So long after a month its report may wait until it is said everywhere."""
SENDING = dt.timedelta(hours=1)
"""So long a report that has just been made counts as on its way."""
REASONS = frozenset({"report", "format", "report-signature", "report-unknown", "report-time", "too-large"})
"""Why a report is not taken, as receivers say it, where somebody must do something about it."""


def report_states(rows: Sequence[ReportRow], *, today: dt.date | None, reason: Callable[[str], str]) -> Iterator[State]:
    """What is said on every page of the staff: one that is not taken, and one that is long overdue.

    Args:
        rows: of every month the last report, the newest first.
        today: the day at the library, None when the clock cannot be believed.
        reason: words for one of `REASONS`.
    """
    waiting = [row for row in rows if not row.received]
    returned = next((row for row in waiting if row.reason in REASONS), None)
    if returned is not None:
        yield state_of(Message("report.returned", {"month": returned.month, "reason": reason(returned.reason)}))
    late = [row for row in waiting if row is not returned and _is_overdue(row, today)]
    if late:
        yield state_of(Message("report.overdue", {"month": late[-1].month}))


def report_standing(rows: Sequence[ReportRow], *, sends: bool, now: dt.datetime) -> State:
    """What is said on the page of reports when there is nothing else.

    Args:
        rows: of every month the last report, the newest first.
        sends: whether this box sends them by itself.
        now: wall time, aware.
    """
    waiting = [row for row in rows if not row.received]
    if waiting:
        made = as_time(waiting[0].made)
        fresh = made is not None and dt.timedelta(0) <= now - made <= SENDING
        key = "report.sending" if sends and fresh else "report.waiting_network" if sends else "report.waiting_stick"
        return state_of(Message(key, {"month": waiting[0].month}))
    if rows:
        return state_of(Message("report.received", {"month": rows[0].month}))
    return state_of(Message("report.none"))


def _is_overdue(row: ReportRow, today: dt.date | None) -> bool:
    if today is None:
        return False
    begun = dt.date(int(row.month[:4]), int(row.month[5:]), 1)
    over = (begun + dt.timedelta(days=32)).replace(day=1)
    return (today - over).days >= OVERDUE_DAYS
