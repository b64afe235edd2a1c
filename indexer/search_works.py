"""Rows in an order that people read: works of a creator by type and time, a subject's newest, a serial's issues."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from indexer.codec import Ids
from indexer.model import TYPES
from indexer.schema import NO_YEAR
from indexer.search_collector import PartIndex
from indexer.search_headings import Headings, Rows

Places = list[tuple[int, int]]
"""Part and row of each."""

_UNDATED = 1 << 20
_UNKNOWN = len(TYPES)


@dataclass(frozen=True, slots=True)
class IssuesOf:
    """The issues of a serial.

    Attributes:
        count: those that lists show. first, last: years of the first and last; None when no issue is dated.
        latest: part and row of the latest one, None without any.
    """

    count: int
    first: int | None = None
    last: int | None = None
    latest: tuple[int, int] | None = None


def works_by_type(parts: Sequence[PartIndex], rows: Rows, most: int) -> list[tuple[str, int, Places]]:
    """Type, how many lines of it there are, and the first `most` of them, the oldest first, undated ones last.

    Types stand in the order of `TYPES`, what is of no known type last under an empty name.
    """
    found: dict[int, list[tuple[int, int, int]]] = {}
    counts: dict[int, int] = {}
    for number, (part, held) in enumerate(zip(parts, rows, strict=True)):
        lines = Headings.lines_of(part, held)
        types, years = part.files.columns["type"][lines], _years(part, lines, undated=_UNDATED)
        for type_ in np.unique(types).tolist():
            mine = lines[types == type_]
            own = years[types == type_]
            order = np.argsort(own, kind="stable")[:most]
            place = type_ - 1 if 1 <= type_ <= len(TYPES) else _UNKNOWN
            counts[place] = counts.get(place, 0) + len(mine)
            found.setdefault(place, []).extend((int(own[n]), number, int(mine[n])) for n in order.tolist())
    return [
        (TYPES[place] if place < _UNKNOWN else "", counts[place], [(p, r) for _, p, r in sorted(found[place])[:most]])
        for place in sorted(found)
    ]


def newest_first(parts: Sequence[PartIndex], rows: Rows, first: int, last: int) -> Places:
    """The lines from `first` to below `last`: what can be read before what cannot, the newest first, then by title."""
    keys: list[tuple[int, int, int]] = []
    for number, (part, held) in enumerate(zip(parts, rows, strict=True)):
        lines = Headings.lines_of(part, held)
        columns = part.files.columns
        key = (columns["readable"][lines] == 1).astype("i8") << 56
        key |= (_years(part, lines, undated=NO_YEAR) - NO_YEAR) << 32
        key -= columns["title_rank"][lines].astype("i8")
        order = np.argsort(-key, kind="stable")[:last]
        keys += [(-int(key[n]), number, int(lines[n])) for n in order.tolist()]
    return [(number, row) for _, number, row in sorted(keys)[first:last]]


def issues_of(
    parts: Sequence[PartIndex], own: Sequence[Sequence[int | None]], *, child: bool, audience: int
) -> list[IssuesOf]:
    """What issues several serials have.

    Args:
        parts: all parts.
        own: for each part the rows of the serials in it.
        child: whether only issues of that audience count.
        audience: place of the audience that children see.
    """
    found = [IssuesOf(0) for _ in own[0]] if own else []
    for number, (part, rows) in enumerate(zip(parts, own, strict=True)):
        families, columns = part.families, part.files.columns
        wanted = np.zeros(len(families.parents), bool)
        wanted[[int(families.family[row]) for row in rows if row is not None]] = True
        wanted[0] = False
        issues: Ids = np.flatnonzero(wanted[families.family] & families.child & part.visible).astype("u4")
        if child:
            issues = issues[columns["audience"][issues] == audience]
        numbers = families.family[issues]
        for at, row in enumerate(rows):
            mine = issues[numbers == families.family[row]] if row is not None and families.family[row] else issues[:0]
            if len(mine):
                found[at] = _joined(found[at], _issues(number, part, mine))
    return found


def _issues(number: int, part: PartIndex, rows: Ids) -> IssuesOf:
    years = _years(part, rows, undated=NO_YEAR)
    dated = years[years != NO_YEAR]
    last = int(dated.max()) if len(dated) else NO_YEAR
    latest = rows[years == last] if len(dated) else rows
    # Titles of issues hold their numbers and dates, and sort by value.
    key = part.files.columns["title_rank"][latest].astype("i8")
    if "day" in part.files.columns:
        key += part.files.columns["day"][latest].astype("i8") << 32
    row = int(latest[int(np.argmax(key))])
    if not len(dated):
        return IssuesOf(len(rows), latest=(number, row))
    return IssuesOf(len(rows), int(dated.min()), last, (number, row))


def _joined(one: IssuesOf, other: IssuesOf) -> IssuesOf:
    if not one.count:
        return other
    years = [year for year in (one.first, one.last, other.first, other.last) if year is not None]
    newer = other if (other.last or NO_YEAR) > (one.last or NO_YEAR) else one
    first, last = (min(years), max(years)) if years else (None, None)
    return IssuesOf(one.count + other.count, first, last, newer.latest)


def _years(part: PartIndex, rows: Ids, *, undated: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    years = part.files.columns["year_from"][rows].astype("i8")
    years[years == NO_YEAR] = undated
    return years
