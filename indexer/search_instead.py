"""What is done for a query that finds little: what it may have meant, words of like meaning, fewer words."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np

from indexer.analysis import title_key
from indexer.search_alike import AlikeFound, alike, both, joined
from indexer.search_budget import Budget
from indexer.search_collector import Matches, PartIndex
from indexer.search_correct import corrected
from indexer.search_filters import CHILDREN
from indexer.search_issues import in_titles
from indexer.search_numbers import serial_in
from indexer.search_query import Query, parse
from indexer.search_request import SearchRequest
from indexer.search_sounds import Sounding
from indexer.search_wider import is_plain, wider, with_sign
from indexer.thesaurus.table import table

FEW = 20
"""Below so many hits parts of words are looked for as well, and words of like meaning; a page."""

_HARDLY = 3
"""Below so many records a query may have been meant otherwise."""
_MUCH_MORE = 5
"""So many times what it finds must be found by what it may have meant."""
ALIKE_POSTINGS, ALIKE_SECONDS = 3_000_000, 0.05
"""What words of like meaning may cost; what does not fit is not searched for."""

Match = Callable[[Query, Budget], tuple[list[Matches], bool]]
"""The matches of each part, and whether all were compared."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request came to.

    Attributes:
        request: with another query when that was searched instead. query: what of it every row of `matches` holds.
        exact: whether all of them were compared. whole: whether texts inside were, too.
        spoken: what was found by its sound. more: what words of like meaning find; its rows are among `matches`.
        suggestion, corrected: see `SearchResult`.
    """

    request: SearchRequest
    budget: Budget
    query: Query
    matches: list[Matches]
    exact: bool
    whole: bool
    spoken: Sounding
    more: AlikeFound | None
    suggestion: str
    corrected: bool


class Instead:
    """What else may be asked of the parts of one searcher."""

    def __init__(self, parts: Sequence[PartIndex], match: Match) -> None:
        """Ask these parts by `match`; the table of like meaning is read now and not in the first patron's query."""
        self._parts, self._match = parts, match
        table()

    def suggestion(self, request: SearchRequest, matches: Sequence[Matches], budget: Budget) -> str:
        """What a query that finds nothing, or hardly anything, may have meant; filters do not count."""
        found = shown(matches, self._parts, request)
        if budget.spent or not request.q.strip() or found >= _HARDLY:
            return ""

        def finds(text: str) -> int:
            return shown(self._match(parse(text), budget)[0], self._parts, request)

        return corrected(self._parts, request.q, finds, _MUCH_MORE * found, child=request.face == "child")

    def with_sign(self, request: SearchRequest, matches: Sequence[Matches], budget: Budget) -> str:
        """What is asked instead of a query that nothing holds but with a sign in it: 安娜 卡列尼娜 for 安娜卡列尼娜."""
        if shown(matches, self._parts, request):
            return ""
        for text in with_sign(request.q, self._frequency):
            if budget.spent:
                break
            if shown(self._match(parse(f'"{text}"'), budget)[0], self._parts, request):
                return text
        return ""

    def wider(self, request: SearchRequest, budget: Budget) -> str:
        """What is asked instead of a query of which nothing holds all words: words apart, fewer, or any of them."""
        for text in wider(request.q, self._frequency):
            if budget.spent:
                break
            if shown(self._match(parse(text), budget)[0], self._parts, request):
                return text
        return ""

    def serial_without(self, request: SearchRequest, query: Query, budget: Budget) -> str:
        """The serial of which an issue is asked for that no title names; empty for any other question."""
        name = serial_in(request.q) if is_plain(request.q) else ""
        titled = in_titles(query, name) if name else None
        if titled is None or budget.spent or shown(self._match(titled, budget)[0], self._parts, request):
            return ""
        return name

    def is_title(self, text: str, request: SearchRequest) -> bool:
        """Whether something that this reader's face shows is titled so."""
        found = [part.with_title(title_key(text)) for part in self._parts]
        return shown(found, self._parts, request) > 0

    def alike(
        self, request: SearchRequest, query: Query, matches: Sequence[Matches], clock: Budget, *, less: bool = False
    ) -> AlikeFound | None:
        """What words of like meaning find beside all that was found; None for nothing, or where enough was found.

        Args:
            request: what is asked.
            query: as it was understood.
            matches: all that was found, each row compared.
            clock: the budget of the search; this has a small one of its own from the same clock.
            less: ask for less than was typed, which is for where nothing holds what was.
        """
        count = shown(matches, self._parts, request)
        if clock.spent or count >= FEW:
            return None
        budget = clock.another(ALIKE_POSTINGS, ALIKE_SECONDS)
        # The first is all that was typed.
        for asked in islice(alike(request.q, table(), self._frequency), int(less), None if less else 1):
            found, exact = self._match(asked.query, budget)
            if budget.spent:
                break
            every = joined(self._parts, matches, found)
            if shown(every, self._parts, request) > count:
                return AlikeFound(both(query, asked.query), asked, every, exact)
        return None

    def _frequency(self, pair: str) -> int:
        figures = (part.files.figures("x", pair) for part in self._parts)
        return sum(found.documents for found in figures if found is not None)


def shown(matches: Sequence[Matches], parts: Sequence[PartIndex], request: SearchRequest) -> int:
    """How many records match that this reader's face shows, whatever the filters."""
    if request.face != "child":
        return sum(len(match.rows) for match in matches)
    groups = (part.files.columns["audience"][match.rows] for part, match in zip(parts, matches, strict=True))
    return sum(int(np.count_nonzero(group == CHILDREN)) for group in groups)
