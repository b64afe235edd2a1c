"""Telling persons of one name apart by what records say of them: the dynasty, the dates of life."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from indexer.headings import Heading
from indexer.text.dynasties import find_dynasty, simplify

_YEAR = re.compile(r"(?<!\d)(\d{3,4})(?!\d)")
_GRACE = 40
"""Years by which a life may lie outside the dynasty that is named with it: 遗民 and early statesmen."""


@dataclass(frozen=True, slots=True)
class Person:
    """Headings that mean one person, as far as the records say.

    Attributes:
        dynasty, dates: what tells them from others of the name; both empty where the records say nothing.
        headings: places of their headings in what was given.
    """

    dynasty: str
    dates: str
    headings: tuple[int, ...]

    @property
    def told(self) -> bool:
        """Whether the records say which one it is."""
        return bool(self.dynasty or self.dates)


def persons(headings: Sequence[Heading]) -> list[Person]:
    """The persons that headings of one folded name mean, in the order of the first heading of each.

    Same dates are one person. A dynasty without dates belongs to the one person of that dynasty, or whose dates fall in
    it; when there are several such, or none, it stands for itself. What says nothing belongs to the only person there
    is, and stands for itself beside several.
    """
    groups: list[list[int]] = []
    by_dates: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        if dates := _key(heading.dates):
            if dates not in by_dates:
                by_dates[dates] = []
                groups.append(by_dates[dates])
            by_dates[dates].append(place)
    dated = list(groups)
    by_dynasty: dict[str, list[int]] = {}
    for place, heading in enumerate(headings):
        if heading.dates.strip() or not heading.dynasty.strip():
            continue
        name = simplify(heading.dynasty.strip())
        if name not in by_dynasty:
            fitting = [group for group in dated if _fits(name, [headings[n] for n in group])]
            by_dynasty[name] = fitting[0] if len(fitting) == 1 else []
            if len(fitting) != 1:
                groups.append(by_dynasty[name])
        by_dynasty[name].append(place)
    silent = [place for place, h in enumerate(headings) if not h.dates.strip() and not h.dynasty.strip()]
    if silent and len(groups) == 1:
        groups[0] += silent
    elif silent:
        groups.append(silent)
    made = [_person(sorted(group), headings) for group in groups]
    return sorted(made, key=lambda person: person.headings[0])


def _key(dates: str) -> str:
    """Dates as they compare: 1881-1936 however the dash and the spaces are written."""
    numbers = re.findall(r"\d+", dates)
    return "-".join(numbers) if numbers else simplify(dates.strip())


def _fits(name: str, group: Sequence[Heading]) -> bool:
    """Whether persons of these dates may be the one of that dynasty."""
    named = {simplify(heading.dynasty.strip()) for heading in group} - {""}
    if named:
        return name in named
    period = find_dynasty(name)
    years = [int(year) for year in _YEAR.findall(group[0].dates)]
    if period is None or not years:
        return False
    return period.first - _GRACE <= min(years) and min(years) <= period.last


def _person(group: Sequence[int], headings: Sequence[Heading]) -> Person:
    dynasties = [headings[n].dynasty.strip() for n in group if headings[n].dynasty.strip()]
    dates = [headings[n].dates.strip() for n in group if headings[n].dates.strip()]
    return Person(dynasties[0] if dynasties else "", dates[0] if dates else "", tuple(group))
