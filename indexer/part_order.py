"""The order of the parts of a resource: volumes of a set, issues of a journal, days of a newspaper."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from indexer.model import CHILD_LEVELS
from indexer.text.dates import parse_date
from indexer.text.natural_order import NaturalKey, counts_in_roman, has_place, natural_key
from indexer.text.titles import title_sort

if TYPE_CHECKING:
    from indexer.model import Resource

PartKey = tuple[bool, int, int, NaturalKey, int, NaturalKey]
_SERIALS = frozenset({"journal", "newspaper"})
_YEAR = re.compile(r"(?<!\d)(1[5-9]\d\d|20\d\d)(?!\d)|([^\s·（(]{2,12}年)")
_NO_YEAR = 1 << 20
_NO_SEQ = 1 << 55
_BEFORE_CHRIST = 4096


def part_order(parts: Iterable[Resource]) -> Callable[[Resource], PartKey]:
    """The key by which parts that stand together are sorted.

    By `seq`, those without one last. Then as people count: issues by year, designations (卷二 before 卷十, 第9期 before
    第10期, a 合刊 at its first number, a 增刊 after the issues of its year), day, title. Titles that count nothing, as
    in a collection, stand as in every list, by sound.

    Args:
        parts: all of them: whether they are numbered at all, and whether I, II, III, shows only together.
    """
    parts = list(parts)
    roman = counts_in_roman(part.designation or part.title for part in parts)
    counted = 2 * sum(has_place(part.title) for part in parts) >= len(parts)

    def key(part: Resource) -> PartKey:
        year, day = _when(part) if part.type in _SERIALS or part.level == "issue" else (0, 0)
        designation = natural_key(part.designation, roman=roman)
        title = (
            natural_key(part.title, roman=roman) if counted else ((1, 0, part.title_sort or title_sort(part.title)),)
        )
        return part.seq is None, part.seq or 0, year, designation, day, title

    return key


def part_place(part: Resource) -> int:
    """Nearly the order of `part_order` as one number of 56 bits, for lists that are too long for whole keys.

    By `seq`, those without one last; then by year, the first two numbers of the designation, and the day. 0 for what
    stands for itself.
    """
    if part.seq is not None:
        return min(max(part.seq, 0), _NO_SEQ - 1)
    if part.level not in CHILD_LEVELS:
        return 0
    year, day = _when(part)
    numbers = [value for kind, value, _ in natural_key(part.designation or part.title)[1:] if kind == 0]
    if numbers[:1] == [year]:
        numbers = numbers[1:]
    first, second = (*numbers, 0, 0)[:2]
    place = min(max(year + _BEFORE_CHRIST, 0), (1 << 14) - 1)
    place = place << 20 | min(max(first, 0), (1 << 20) - 1)
    place = place << 12 | min(max(second, 0), (1 << 12) - 1)
    return _NO_SEQ | place << 9 | min(max(day // 100 * 32 + day % 100, 0), (1 << 9) - 1)


def _when(issue: Resource) -> tuple[int, int]:
    """Year, and month and day within it, of an issue; unknown years come last."""
    date = issue.date
    if date.year_from is not None:
        return date.year_from, (date.month or 0) * 100 + (date.day or 0)
    return year_in(issue.designation) or year_in(issue.title) or _NO_YEAR, 0


def year_in(text: str) -> int:
    """The year that a designation or title names: 2019年第3期, 二〇一九年, 民国二十六年一月号; 0 when it names none."""
    for match in _YEAR.finditer(text[:100]):
        year = int(match[1]) if match[1] else parse_date(match[2]).year_from
        if year is not None:
            return year
    return 0
