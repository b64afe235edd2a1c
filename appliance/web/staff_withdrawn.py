"""The rows of staff's list of withdrawn resources, and of those that were given back."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from flask import request, url_for

from appliance.library.library import Library
from appliance.web.context import library
from appliance.web.paging import Pages, pages

PAGE = 200
"""Resources on a page of the list."""
_DEEP = 8
"""Levels of parents that are looked at."""


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


def withdrawn_list() -> tuple[list[WithdrawnRow], int, Pages]:
    """What the issuer withdraws, with title, reason and day as far as they are known: the page that the address names.

    Returns:
        (rows, how many resources are withdrawn with all their parts or, on the only page, rows; ways to the pages).
    """
    view = library()
    known = {entry.id: entry for entry in view.holdings.withdrawals}
    names = view.holdings.withdrawn
    number = min(max(request.args.get("page", default=1, type=int), 1), max(1, -(-len(names) // PAGE)))
    rows = []
    for name in names[(number - 1) * PAGE : number * PAGE]:
        entry, held = known.get(name), view.resource(name)
        if held is not None and _goes_along(held.resource.id, held.resource.parent, view):
            continue
        title = held.resource.title if held else entry.title if entry else ""
        reason, since = (entry.reason, _day_of(entry.since)) if entry else ("", None)
        rows.append(WithdrawnRow(title or name, reason, since, view.withdrawn_below(name)))

    def url(page: int) -> str:
        return url_for("staff.withdrawn", page=page if page > 1 else None)

    links = pages(number, len(names), PAGE, url, most=len(names))
    return rows, len(names) if links.count > 1 else len(rows), links


def _goes_along(name: str, parent: str, view: Library) -> bool:
    """Whether it goes with a withdrawn resource in the list; of parents in a ring each stands for itself."""
    if not view.is_withdrawn(parent):
        return False
    seen = {name}
    while parent and len(seen) < _DEEP:
        if parent in seen:
            return False
        seen.add(parent)
        held = view.resource(parent)
        parent = held.resource.parent if held else ""
    return True


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
