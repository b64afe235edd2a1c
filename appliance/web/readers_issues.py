"""Journals and newspapers by date: years, then a calendar of the days that have an issue, or a list of issues.

Issues are resources of their own whose parent the serial is, or the parts of one resource (a bound volume). Lists of
a daily paper are long: what is shown of one year is all that is made into links.
"""

from __future__ import annotations

import calendar
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, request, url_for

from appliance.web.context import gate, library, listed, words
from appliance.web.errors import Refused
from appliance.web.readers_work import POLICY, SERIALS, answer_plain
from indexer.model import is_resource_id
from indexer.part_order import year_in

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from werkzeug.wrappers import Response

    from appliance.library.model import Held
    from appliance.library.parts import Part
    from appliance.web.readers_work import Work
    from indexer.model import Item, Resource

MAX_ISSUES = 20_000
"""Parts of one resource that are looked at as issues."""
_DATED = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?:[-._/年 ]*(?:第)?(\d{1,2}))?(?:[-._/月 ]*(\d{1,2}))?(?!\d)")
_PACKED = re.compile(r"(?<!\d)((?:1[5-9]|20)\d\d)(\d\d)(\d\d)(?!\d)")
_NUMBERED = re.compile(r"第\s*[\d〇零一二三四五六七八九十百、,\-—至]+\s*[期号]")


@dataclass(frozen=True, slots=True)
class Issue:
    """One issue.

    Attributes:
        name: what it is called: 2019年第3期. url: where it is read.
        year, month, day: 0 when not known.
        state: why there is nothing to read, in a word: 仅有目录, 这里打不开; empty when there is.
    """

    name: str
    url: str
    year: int
    month: int
    day: int
    state: str = ""


@dataclass(frozen=True, slots=True)
class Month:
    """One month of the calendar: weeks of seven (day or 0, its issues), Monday first."""

    number: int
    weeks: tuple[tuple[tuple[int, tuple[Issue, ...]], ...], ...]
    several: tuple[Issue, ...]
    """Issues of days that have more than one."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The issues before and after the open one; None at the ends. all_url: where all of them are listed."""

    before: Issue | None
    after: Issue | None
    all_url: str


class Issues:
    """The issues of a serial that this reader may see, in the order in which people count."""

    def __init__(self, held: Held) -> None:
        """Ask the library for them; files of one resource count as issues when it has several."""
        self.resource = held.resource
        self._parts: Sequence[Part] = listed(library().parts(held.resource.id))
        self._items: list[Item] = []
        if not self._parts and held.resource.type in SERIALS:
            items = [item for item in held.resource.items if item.role == "part"][:MAX_ISSUES]
            self._items = items if len(items) > 1 else []

    def __len__(self) -> int:
        """How many there are."""
        return len(self._parts) or len(self._items)

    @property
    def parts(self) -> Sequence[Part]:
        """Those that are resources of their own."""
        return self._parts

    def years(self) -> list[int]:
        """The years that have issues, rising; 0 first for those without a year."""
        return sorted({when[0] for when in self._dates()})

    def of_year(self, year: int) -> list[Issue]:
        """Those of one year, in order."""
        return [self[n] for n, when in enumerate(self._dates()) if when[0] == year]

    def __getitem__(self, n: int) -> Issue:
        """One of them, from 0."""
        if self._parts:
            return issue_of(self._parts[n])
        item = self._items[n]
        name = item.label or words().label("reader.part_n", n=n + 1)
        return Issue(name, url_for("readers.read", resource_id=self.resource.id, item=item.id), *date_in(item.label))

    def around(self, found: Callable[[Part], bool]) -> tuple[Issue | None, Issue | None]:
        """The nearest ones before and after that can be read."""
        at = next((n for n, part in enumerate(self._parts) if found(part)), None)
        if at is None:
            return None, None
        before = next((part for part in reversed(self._parts[:at]) if part.usable), None)
        after = next((part for part in self._parts[at + 1 :] if part.usable), None)
        return (issue_of(before) if before else None), (issue_of(after) if after else None)

    def _dates(self) -> list[tuple[int, int, int]]:
        return [date_of(part) for part in self._parts] or [date_in(item.label) for item in self._items]


def issues(resource_id: str) -> Response:
    """The issues of a serial in one year, `?year=`; the first year unless said otherwise."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    decision = gate(held.resource)
    if not decision.listed:
        raise Refused(decision.reason, held.resource)
    found = Issues(held)
    if not len(found):
        abort(404)
    years = [year for year in found.years() if year]
    asked = request.args.get("year", type=int)
    year = asked if asked in years else years[0] if years else 0
    shown = found.of_year(year)
    months = months_of(year, shown)
    place = years.index(year) if years else 0
    return answer_plain(
        "readers/issues.html",
        POLICY,
        resource=held.resource,
        years=years,
        year=year,
        before=years[place - 1] if place else 0,
        after=years[place + 1] if place + 1 < len(years) else 0,
        count=len(found),
        months=months,
        listed=[issue for issue in shown if not (issue.month and issue.day)],
        undated=found.of_year(0) if years else [],
    )


def issues_url(held: Held) -> str:
    """Where its issues are listed by date, empty when it is no serial or has but one."""
    if held.resource.type not in SERIALS or len(Issues(held)) < 2:
        return ""
    return url_for("readers.issues", resource_id=held.resource.id)


def neighbours(work: Work) -> Neighbours | None:
    """The issues around the open one; None of what is no issue of a serial."""
    resource = work.resource
    if resource.type not in SERIALS or not resource.parent:
        return None
    serial = library().resource(resource.parent)
    if serial is None or not gate(serial.resource).listed:
        return None
    before, after = Issues(serial).around(lambda part: part.record.id == resource.id)
    year = date_of_record(resource)[0]
    return Neighbours(before, after, url_for("readers.issues", resource_id=serial.resource.id, year=year or None))


def issue_of(part: Part) -> Issue:
    """An issue that is a resource of its own."""
    record, state = part.record, ""
    if not part.usable:
        state = words().label("tag.closed" if part.readable else "tag.catalogue")
    return Issue(
        record.designation or record.title, url_for("readers.read", resource_id=record.id), *date_of(part), state
    )


def date_of(part: Part) -> tuple[int, int, int]:
    """Year, month, day of an issue, 0 for what is not known."""
    return date_of_record(part.record)


def date_of_record(record: Resource) -> tuple[int, int, int]:
    """Year, month, day of an issue's record: its date, else what its designation or title says."""
    date = record.date
    year = date.year_from if date.year_from and 1 <= date.year_from <= 9999 else 0
    if not year:
        return date_in(record.designation or record.title)
    month = date.month or 0
    day = date.day if month and date.day and date.day <= calendar.monthrange(year, month)[1] else 0
    return year, month, day


def date_in(text: str) -> tuple[int, int, int]:
    """Year, month, day that a label names, 0 for what it does not: 2021-01, 1949年10月1日, 19491001, 2019年第3期."""
    match = _PACKED.search(text) or _DATED.search(text)
    if match is None:
        return year_in(text), 0, 0
    year, month, day = (int(group or 0) for group in match.groups())
    if _NUMBERED.search(text) or not 1 <= month <= 12:
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
