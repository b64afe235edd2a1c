"""What is said of reports: pure functions from the months' reports to sentences by key.

One rule for all pages: a report that is not taken or long overdue needs somebody, one that waits does not.
"""

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
    returned, late, _ = _weighed(rows, today)
    if returned is not None:
        yield state_of(Message("report.returned", {"month": returned.month, "reason": reason(returned.reason)}))
    if late:
        yield state_of(Message("report.overdue", {"month": late[-1].month}))


def report_standing(rows: Sequence[ReportRow], *, sends: bool, now: dt.datetime, today: dt.date | None) -> State | None:
    """What the page of reports says besides: nothing that needs anybody, and nothing of a report that is spoken of.

    Args:
        rows: of every month the last report, the newest first.
        sends: whether this box sends them by itself.
        now: wall time, aware.
        today: as in `report_states`.
    """
    returned, late, waiting = _weighed(rows, today)
    if waiting:
        made = as_time(waiting[0].made)
        fresh = made is not None and dt.timedelta(0) <= now - made <= SENDING
        key = "report.sending" if sends and fresh else "report.waiting_network" if sends else "report.waiting_stick"
        return state_of(Message(key, {"month": waiting[0].month}))
    if returned is not None or late:
        return None
    if rows:
        return state_of(Message("report.received", {"month": rows[0].month}))
    return state_of(Message("report.none"))


def _weighed(
    rows: Sequence[ReportRow], today: dt.date | None
) -> tuple[ReportRow | None, list[ReportRow], list[ReportRow]]:
    """The newest that is not taken, those that are long overdue, and those that may wait; the newest first."""
    waiting = [row for row in rows if not row.received]
    returned = next((row for row in waiting if row.reason in REASONS), None)
    others = [row for row in waiting if row is not returned]
    late = [row for row in others if _is_overdue(row, today)]
    return returned, late, [row for row in others if row not in late]


def _is_overdue(row: ReportRow, today: dt.date | None) -> bool:
    if today is None:
        return False
    begun = dt.date(int(row.month[:4]), int(row.month[5:]), 1)
    over = (begun + dt.timedelta(days=32)).replace(day=1)
    return (today - over).days >= OVERDUE_DAYS
