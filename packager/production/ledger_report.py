"""How many drives are where: by state, by province, by county."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from packager.production.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from packager.production.ledger import Line

GROUPS = {"状态": "state", "省": "province", "馆": "county"}
"""How drives can be grouped."""
_PROVINCE = 2


@dataclass(frozen=True, slots=True)
class Row:
    """A group. key: code of county or province, empty for drives that are nobody's yet; name: of the library."""

    key: str
    name: str
    counts: dict[State, int]

    @property
    def total(self) -> int:
        """Drives of the group."""
        return sum(self.counts.values())


def report_rows(drives: Iterable[Line], group: str) -> list[Row]:
    """The groups, sorted by key.

    Args:
        drives: every drive as it is now.
        group: `state` (one row for all), `province` or `county`.
    """
    counts: dict[str, Counter[State]] = {}
    names: dict[str, str] = {}
    for drive in drives:
        key = {"state": "", "county": drive.county, "province": drive.county[:_PROVINCE]}[group]
        counts.setdefault(key, Counter())[drive.state] += 1
        if group == "county" and drive.library:
            names[key] = drive.library
    return [Row(key, names.get(key, ""), dict(counts[key])) for key in sorted(counts)]


def report_table(rows: Sequence[Row], group: str) -> str:
    """The groups as a table for the terminal, with a row of sums."""
    sums: Counter[State] = Counter()
    for row in rows:
        sums.update(row.counts)
    if group == "state":
        lines = [f"{_padded(state.word, 8)}{sums[state]:>8,}" for state in State]
        return "\n".join([*lines, f"{_padded('合计', 8)}{sums.total():>8,}"])
    heading = {"province": "省（代码）", "county": "馆代码"}[group]
    table = [[heading, "馆名" if group == "county" else "", *(state.word for state in State), "合计"]]
    table += [[row.key or "未发出", row.name, *_numbers(row.counts), f"{row.total:,}"] for row in rows]
    table.append(["合计", "", *_numbers(sums), f"{sums.total():,}"])
    widths = [max(map(_width, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(_padded(text, width) for text, width in zip(line, widths, strict=True) if width).rstrip()
        for line in table
    )


def _numbers(counts: Mapping[State, int]) -> list[str]:
    return [f"{counts.get(state, 0):,}" for state in State]


def _width(text: str) -> int:
    return sum(2 if east_asian_width(character) in "WF" else 1 for character in text)


def _padded(text: str, width: int) -> str:
    return text + " " * (width - _width(text))
