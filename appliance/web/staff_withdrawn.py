"""The rows of staff's list of withdrawn resources, and of those that were given back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from appliance.web.context import library


@dataclass(frozen=True, slots=True)
class WithdrawnRow:
    """One withdrawn resource; its issues and parts, which go with it, are counted and not listed.

    Attributes:
        title: as far as it is known, else its id. reason: empty when none was given.
        since: day of the notice, None when it is not known here.
        parts: how many issues, volumes and parts are withdrawn with it.
    """

    title: str
    reason: str
    since: dt.date | None
    parts: int


@dataclass(frozen=True, slots=True)
class LiftedRow:
    """One resource that was given back. id: empty when the library does not hold it; at: ISO time in UTC."""

    id: str
    title: str
    at: str


def withdrawn_rows() -> list[WithdrawnRow]:
    """What the issuer withdraws, with title, reason and day as far as they are known."""
    view = library()
    known = {entry.id: entry for entry in view.holdings.withdrawals}
    rows = []
    for name in view.holdings.withdrawn:
        entry, held = known.get(name), view.resource(name)
        if held is not None and view.is_withdrawn(held.resource.parent):
            continue
        title = held.resource.title if held else entry.title if entry else ""
        reason, since = (entry.reason, _day_of(entry.since)) if entry else ("", None)
        rows.append(WithdrawnRow(title or name, reason, since, view.withdrawn_below(name)))
    return rows


def lifted_rows() -> list[LiftedRow]:
    """What was withdrawn here and is no longer, the last one first; with a serial its issues are not listed."""
    view = library()
    back = {entry.id for entry in view.holdings.lifted}
    rows = []
    for entry in view.holdings.lifted:
        held = view.resource(entry.id)
        if view.is_withdrawn(entry.id) or (held is not None and held.resource.parent in back):
            continue
        title = held.resource.title if held else entry.title
        rows.append(LiftedRow(entry.id if held else "", title or entry.id, entry.at))
    return rows


def _day_of(text: str) -> dt.date | None:
    """The ISO date, None when it is none: notices are checked, the document that tells of them is our own."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None
