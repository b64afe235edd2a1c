"""The places of one page; where not all that matches was compared with its text, only lines that hold the query."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np

from indexer.search_alike import apart
from indexer.search_collector import VERIFY_LIMIT, Mask, Matches, PartIndex
from indexer.search_evaluate import holding
from indexer.search_instead import Asked
from indexer.search_order import Found, between, merged
from indexer.search_rows import Rows
from indexer.search_titles import TitleOrder
from indexer.search_tree import Node

Place = tuple[int, int]
"""Part and row."""

Inside = Mapping[int, Set[int]]
"""Part → rows of it that only the texts inside resources hold."""

_INSTEAD = 50
"""Rows of a family that are compared with the text asked for, when the best one does not hold it."""
_AT_ONCE = 128
"""Lines that are compared between two looks at the clock."""
_FIRST_TRIED = 6
"""Rows of a family that are compared before its others: mostly one of them holds what is asked for."""


class Pages:
    """Finds the lines of pages over the parts of one searcher; any thread may ask."""

    def __init__(self, parts: Sequence[PartIndex], titles: TitleOrder) -> None:
        """Look into these parts, whose titles stand in this order."""
        self._parts, self._titles = parts, titles

    def places(self, found: list[Found], asked: Asked, inside: Inside) -> list[Place]:
        """Where what stands on the page is, in order.

        Args:
            found: what passes the filters.
            asked: what the request came to.
            inside: rows that need no comparing.

        Raises:
            IndexFormatError: a file turned out to be damaged.
        """
        request = asked.request
        first, last = (request.page - 1) * request.size, request.page * request.size
        if first >= sum(part.count for part in found):
            return []
        if not asked.exact:
            return self._verified(found, last, asked, inside)[first:] if first < VERIFY_LIMIT else []
        if request.sort == "title":
            return self._by_title(found, first, last, alike=asked.more is not None)
        return between(found, first, last)

    def _by_title(self, found: list[Found], first: int, last: int, *, alike: bool) -> list[Place]:
        if not alike:
            return self._titles.page(found, first, last)
        typed, more = apart(found)
        count = sum(part.count for part in typed)
        before = self._titles.page(typed, first, last) if first < count else []
        return before + self._titles.page(more, max(0, first - count), max(0, last - count))

    def _verified(self, found: list[Found], wanted: int, asked: Asked, inside: Inside) -> list[Place]:
        """The first `wanted` lines of which a row holds what is asked for, comparing at most `VERIFY_LIMIT`.

        A spent budget leaves them a page's time: what is shown is true, however little it is.
        """
        sure = _Sure(self._parts, asked, inside)
        by_part = {part.part: part for part in found}
        kept: list[Place] = []
        left, showing = VERIFY_LIMIT, asked.budget.for_a_page()
        lines = merged(found, min(VERIFY_LIMIT, wanted * 20))
        at, size = 0, min(_AT_ONCE, wanted)
        while at < len(lines) and len(kept) < wanted and left > 0:
            some = lines[at : at + min(size, left)]
            left -= sure.look(some)
            at, size = at + len(some), _AT_ONCE
            for part, row in some:
                if sure.holds((part, row)):
                    kept.append((part, row))
                    continue
                families = by_part[part].families
                if families is None or left <= 0 or not showing.has_time():
                    continue
                others = families.others(row, by_part[part].rows, by_part[part].rank, _INSTEAD)
                for tried in (others[:_FIRST_TRIED], others[_FIRST_TRIED:]):
                    places = [(part, other) for other in tried]
                    left -= sure.look(places)
                    held = next(filter(sure.holds, places), None)
                    if held is not None:
                        kept.append(held)
                        break
            if not showing.has_time():
                break
        return kept[:wanted]


class _Sure:
    """Which rows hold what is asked for: known from the search, or compared."""

    def __init__(self, parts: Sequence[PartIndex], asked: Asked, inside: Inside) -> None:
        self._parts, self._inside = parts, inside
        self._root: Node = (asked.more.query if asked.more else asked.query).root
        # What a spent budget left out may be what excludes a row.
        self._matches: Sequence[Matches | None] = [None if asked.budget.spent else match for match in asked.matches]
        self._holds: dict[Place, bool] = {}

    def holds(self, place: Place) -> bool:
        """Whether a row that was looked at holds it."""
        return self._holds.get(place, False)

    def look(self, places: Sequence[Place]) -> int:
        """Look at rows; how many had to be compared."""
        compared = 0
        for part in sorted({part for part, _ in places}):
            mine = self._inside.get(part, frozenset())
            rows = np.array(sorted(row for number, row in places if number == part), "u4")
            known = self._known(part, rows) | np.isin(rows, np.fromiter(mine, "u4", len(mine)))
            self._holds.update(((part, row), True) for row in rows[known].tolist())
            open_ = rows[~known]
            if len(open_):
                held = holding(self._parts[part], self._root, open_)
                self._holds.update(zip(((part, row) for row in open_.tolist()), held.tolist(), strict=True))
                compared += len(open_)
        return compared

    def _known(self, part: int, rows: Rows) -> Mask:
        """Which of the rows the search is certain of."""
        match = self._matches[part]
        if match is None:
            return np.zeros(len(rows), bool)
        places = np.searchsorted(match.rows, rows)
        return np.ones(len(rows), bool) if match.certain is None else match.certain.take(places, mode="clip")
