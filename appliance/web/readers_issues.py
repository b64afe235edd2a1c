"""Journals and newspapers by date: years, then a calendar of the days that have an issue, or a list of issues."""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, request, url_for

from appliance.web.context import gate, library, words
from appliance.web.errors import Refused
from appliance.web.readers_work import POLICY, SERIALS, answer_plain
from indexer.model import is_resource_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from werkzeug.wrappers import Response

    from appliance.library.model import Held
    from indexer.model import Resource

MAX_ISSUES = 20_000
"""Issues of one serial that are looked at: a daily paper of fifty years."""
_DATED = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?:[-._/年 ]*(?:第)?(\d{1,2}))?(?:[-._/月 ]*(\d{1,2}))?(?!\d)")
_NUMBERED = re.compile(r"第\s*\d+\s*[期号]")


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue.

    Attributes:
        name: what it is called: 2019年第3期. url: where it is read.
        year, month, day: 0 when not known. readable: whether there is more than its catalogue entry.
    """

    name: str
    url: str
    year: int
    month: int
    day: int
    readable: bool


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the calendar: weeks of seven (day or 0, its issues), Monday first."""

    number: int
    weeks: tuple[tuple[tuple[int, tuple[Issue, ...]], ...], ...]
    several: tuple[Issue, ...]
    """Issues of days that have more than one."""


def issues(resource_id: str) -> Response:
    """The issues of a serial in one year, `?year=`; the first year unless said otherwise."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    decision = gate(held.resource)
    if not decision.listed:
        raise Refused(decision.reason, held.resource)
    found = issues_of(held)
    if not found:
        abort(404)
    years = sorted({issue.year for issue in found if issue.year})
    asked = request.args.get("year", type=int)
    year = asked if asked in years else years[0] if years else 0
    shown = sorted((i for i in found if i.year == year), key=lambda i: (i.month, i.day))
    return answer_plain(
        "readers/issues.html",
        POLICY,
        resource=held.resource,
        years=years,
        year=year,
        count=len(found),
        months=months_of(year, shown),
        listed=[issue for issue in shown if not (issue.month and issue.day)],
        undated=[issue for issue in found if not issue.year] if years else [],
    )


def issues_of(held: Held) -> list[Issue]:
    """The issues of a serial in their order: resources whose parent it is, else its own parts."""
    resource = held.resource
    children = library().children(resource.id)[:MAX_ISSUES]
    out = [_child(child.resource) for child in children if gate(child.resource).listed]
    if out or resource.type not in SERIALS:
        return out
    parts = [item for item in resource.items if item.role == "part"][:MAX_ISSUES]
    return [
        Issue(
            part.label or words().label("reader.part_n", n=number),
            url_for("readers.read", resource_id=resource.id, item=part.id),
            *date_in(part.label),
            readable=True,
        )
        for number, part in enumerate(parts, 1)
        if len(parts) > 1
    ]


def issues_url(held: Held) -> str:
    """Where its issues are listed by date, empty when it is no serial or has but one."""
    if held.resource.type not in SERIALS or len(issues_of(held)) < 2:
        return ""
    return url_for("readers.issues", resource_id=held.resource.id)


def date_in(text: str) -> tuple[int, int, int]:
    """Year, month, day that a label names, 0 for what it does not: 2021-01, 1949年10月1日, 19491001, 2019年第3期."""
    packed = re.search(r"(?<!\d)((?:1[5-9]|20)\d\d)(\d\d)(\d\d)(?!\d)", text)
    match = packed or _DATED.search(text)
    if match is None:
        return 0, 0, 0
    year, month, day = (int(group or 0) for group in match.groups())
    if _NUMBERED.search(text):
        return year, 0, 0
    if not 1 <= month <= 12:
        return year, 0, 0
    return year, month, day if 1 <= day <= calendar.monthrange(year, month)[1] else 0


def months_of(year: int, found: Sequence[Issue]) -> list[Month]:
    """The months of a year in which days have issues."""
    days: dict[tuple[int, int], tuple[Issue, ...]] = {}
    for issue in found:
        if issue.month and issue.day:
            days[issue.month, issue.day] = (*days.get((issue.month, issue.day), ()), issue)
    return [_month(year, number, days) for number in sorted({month for month, _ in days})]


def _month(year: int, number: int, days: dict[tuple[int, int], tuple[Issue, ...]]) -> Month:
    weeks = calendar.Calendar().monthdayscalendar(year, number)
    several = [
        issue for (month, _), many in sorted(days.items()) if month == number and len(many) > 1 for issue in many
    ]
    return Month(
        number,
        tuple(tuple((day, days.get((number, day), ())) for day in week) for week in weeks),
        tuple(several),
    )


def _child(resource: Resource) -> Issue:
    date = resource.date
    year = date.year_from if date.year_from and 1 <= date.year_from <= 9999 else 0
    month = date.month or 0 if year else 0
    day = date.day if month and date.day and date.day <= calendar.monthrange(year, month)[1] else 0
    if not year:
        year, month, day = date_in(resource.designation or resource.title)
    return Issue(
        resource.designation or resource.title,
        url_for("readers.read", resource_id=resource.id),
        year,
        month,
        day,
        readable=bool(resource.readable_items),
    )
