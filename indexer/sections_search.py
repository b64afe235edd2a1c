"""Which resources hold words in their texts, and where best. The work of a search is bounded by a `Budget`.

A section counts when it holds all that is asked, as it is typed. Where there is more to read or compare than the
budget lets, or what is needed does not come in time, the answer says that its count is about; where nothing true can be
said, there is none.
"""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from indexer.analysis import fold, is_exact, is_spaceless, normal_text, query_terms
from indexer.codec import Ids, Weights
from indexer.errors import LateError
from indexer.search_collector import K1, LENGTHS_OF, B
from indexer.search_inside import NOTHING_INSIDE, Inside
from indexer.search_marks import snippet_of
from indexer.search_query import MAX_QUERY, MAX_TERMS, Condition, parse
from indexer.search_request import Marks
from indexer.search_texts import holds
from indexer.sections import Section
from indexer.sections_index import SectionIndex
from indexer.sections_terms import SectionTerm

SECONDS = 0.15
"""Of one search over all indexes; what is not known then is left out."""
MAX_POSTINGS = 3_000_000
"""That one search decodes."""
MAX_COMPARED = 200
"""Sections whose text one search reads to compare."""
MOST_PLACES = 200
"""Places that finding within one resource lists."""
_SAYS_MORE = re.compile(r"[()（）|｜*＊:：]|\b(?:AND|OR|NOT)\b|(?:^|\s)(?:[-－]|[与與或非](?=\s))")
"""Signs of a query that is more than words: brackets, operators, fields, beginnings of words."""
_FEW = 64
"""Candidates below which comparing texts is cheaper than a long list of postings."""
_LONG = 1 << 18
_WAVE = 32
"""Texts that are asked of the disk together."""
_OTHERS = 4
"""Further sections of a resource that are compared when the best one does not hold what is asked."""


class Budget:
    """What a search may still take: time, postings, texts. For one search, over one index or several."""

    def __init__(self, seconds: float = SECONDS, postings: int = MAX_POSTINGS, texts: int = MAX_COMPARED) -> None:
        """Begin now."""
        self.ends = time.monotonic() + seconds
        self.postings, self.texts = postings, texts

    @property
    def is_over(self) -> bool:
        """Whether the time is up."""
        return time.monotonic() >= self.ends


@dataclass(frozen=True, slots=True)
class Excerpt:
    """A place in a text.

    Attributes:
        item: place of the text among its record's items. section: where it is, and its text.
        text: a piece of it around the first words found. marks: places to mark in the piece.
    """

    item: int
    section: Section
    text: str
    marks: Marks

    @property
    def match(self) -> str:
        """The first words found, as they stand in the text."""
        start, end = self.marks[0] if self.marks else (0, 0)
        return self.text[start:end]


def text_conditions(query: str) -> tuple[Condition, ...]:
    """What a query asks of texts: all its words; nothing when it names a field or says more than words, or is empty.

    Numbers are looked for as they are typed: that 3期 may be 第三期 is known of titles only.
    """
    parsed = parse(query)
    if parsed.nothing or any(condition.field not in {"x", "text"} for condition in parsed.conditions):
        return ()
    if parsed.tree is None:
        return parsed.conditions
    if _SAYS_MORE.search(query):
        return ()
    kept: list[Condition] = []
    budget = MAX_TERMS
    for word in dict.fromkeys(normal_text(fold(query[:MAX_QUERY])).split()):
        terms = tuple(query_terms(word)[:MAX_TERMS])
        budget -= len(terms)
        if budget < 0 and kept:
            break
        kept.append(Condition("x", word, terms, is_exact(word)))
    return tuple(kept)


def search_sections(index: SectionIndex, conditions: Sequence[Condition], budget: Budget) -> Inside:
    """The resources that hold all `conditions` in one section, with the best section of each.

    Raises:
        IndexFormatError: the index is damaged.
        LateError: nothing is known in time.
    """
    found = _matches(index, conditions, budget, range(index.sections))
    if found is None or not len(found.rows):
        return NOTHING_INSIDE
    counts = np.diff(np.searchsorted(found.rows, [*index.starts.tolist(), index.sections]))
    held = np.flatnonzero(counts)
    begins = (np.cumsum(counts) - counts)[held]
    best = np.maximum.reduceat(found.scores, begins)
    group = np.repeat(np.arange(len(held)), counts[held])
    places = np.flatnonzero(found.scores == best[group])
    places = places[np.unique(group[places], return_index=True)[1]]
    resources, exact = index.resources[held], found.exact
    if not found.open:
        return Inside(resources, best + 1, found.rows[places], exact)
    grouped = _Grouped(found, begins, counts[held])
    chosen, compared = _compared(index, grouped, best, places, budget)
    kept = chosen >= 0
    scores = (best / (1 + best)).astype("f4")
    scores[compared] = best[compared] + 1
    return Inside(resources[kept], scores[kept], found.rows[chosen[kept]], exact and bool(compared[kept].all()))


def places_in(index: SectionIndex, resource: int, conditions: Sequence[Condition], budget: Budget) -> tuple[Ids, bool]:
    """The sections of one record that hold all `conditions`, in order; whether these are all.

    Raises:
        IndexFormatError: the index is damaged.
        LateError: nothing is known in time.
    """
    found = _matches(index, conditions, budget, index.rows_of(resource))
    if found is None:
        return np.zeros(0, "u4"), True
    rows: list[int] = []
    whole = found.exact
    every = found.rows.tolist()
    for number, row in enumerate(every):
        if len(rows) >= MOST_PLACES or (found.open and (budget.texts <= 0 or budget.is_over)):
            return np.array(rows, "u4"), False
        if found.open and number % _WAVE == 0:
            index.bring(every[number : number + _WAVE])
        try:
            if not found.open or _holds(index, row, found.open, budget):
                rows.append(row)
        except LateError:
            whole = False
    return np.array(rows, "u4"), whole


def excerpts(index: SectionIndex, rows: Sequence[int], conditions: Sequence[Condition]) -> list[Excerpt | None]:
    """What to show of sections, of each that comes in time.

    Raises:
        IndexFormatError: the index is damaged.
    """
    index.bring(rows)
    found: list[Excerpt | None] = []
    for row in rows:
        try:
            found.append(excerpt(index, row, conditions))
        except LateError:
            found.append(None)
    return found


def excerpt(index: SectionIndex, row: int, conditions: Sequence[Condition]) -> Excerpt:
    """What to show of a section.

    Raises:
        IndexFormatError: the index is damaged.
        LateError: it does not come in time.
    """
    section = index.section(row)
    text, marks = snippet_of(section.text, tuple(conditions))
    return Excerpt(index.item_of(row)[1], section, text, marks)


@dataclass(slots=True)
class _Matches:
    """Sections that hold all terms that were looked at; `open`: what their texts must be compared with."""

    rows: Ids
    scores: NDArray[np.float32]
    open: tuple[Condition, ...]
    exact: bool = True


@dataclass(slots=True)
class _Grouped:
    """Matches by resource: where each begins, and how many it has."""

    found: _Matches
    begins: NDArray[np.int64]
    counts: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, "i8"))


def _matches(index: SectionIndex, conditions: Sequence[Condition], budget: Budget, within: range) -> _Matches | None:
    """Sections of `within` that hold the terms of all conditions; None when there can be none."""
    known = _known(index, conditions) if len(within) else None
    if not known:
        return None
    rows: Ids | None = None
    weights: list[Weights] = []
    asked: list[SectionTerm] = []
    left_out: set[str] = set()
    exact = True
    # The rarest first keeps every later step small.
    for term, figures in sorted(known.items(), key=lambda pair: (pair[1].documents, pair[0])):
        found = _postings(index, figures, rows, budget)
        if found is None:
            left_out.add(term)
            continue
        ids, held, whole = found
        budget.postings -= len(ids)
        exact &= whole
        if len(within) < index.sections:
            first, last = np.searchsorted(ids, [within.start, within.stop])
            ids, held = ids[first:last], held[first:last]
        if rows is None:
            rows = ids
        else:
            places = np.searchsorted(ids, rows) if len(ids) else np.zeros(len(rows), "i8")
            places[places == len(ids)] = 0
            kept = ids[places] == rows if len(ids) else np.zeros(len(rows), bool)
            rows, weights, held = rows[kept], [w[kept] for w in weights], held[places[kept]]
        weights.append(held)
        asked.append(figures)
        if not len(rows):
            return None
    assert rows is not None  # noqa: S101 - there is a term, and the first is always looked at
    if budget.is_over and any(left_out.issuperset(condition.terms) for condition in conditions):
        raise LateError  # of a whole word nothing is known: what holds the others is no answer
    open_ = tuple(c for c in conditions if not c.exact or left_out.intersection(c.terms))
    return _Matches(rows, _scores(index, rows, weights, asked), open_, exact)


def _known(index: SectionIndex, conditions: Sequence[Condition]) -> dict[str, SectionTerm] | None:
    """What the index says of each term that is asked for, None when no section holds one of them."""
    terms = list(dict.fromkeys(term for condition in conditions for term in condition.terms))
    known: dict[str, SectionTerm] = {}
    for term, figures in zip(terms, index.figures(terms), strict=True):
        if figures is None:
            return None
        known[term] = figures
    return known


def _postings(
    index: SectionIndex, term: SectionTerm, rows: Ids | None, budget: Budget
) -> tuple[Ids, Weights, bool] | None:
    """The postings of a term, see `SectionIndex.postings`; None when comparing the texts of `rows` is to do instead.

    Raises:
        LateError: they are those of the first term, and do not come in time.
    """
    if rows is not None:
        many = term.documents > budget.postings or (len(rows) <= _FEW and term.documents > _LONG)
        if many or budget.is_over:
            return None
    try:
        return index.postings(term, max(1, budget.postings))
    except LateError:
        if rows is None:
            raise
        return None


def _scores(index: SectionIndex, rows: Ids, weights: list[Weights], asked: list[SectionTerm]) -> NDArray[np.float32]:
    """BM25 of each row."""
    norms = (K1 * (1 - B + B * LENGTHS_OF / index.average)).astype("f4")
    norm = norms[index.lengths[rows]]
    scores = np.zeros(len(rows), "f4")
    for held, figures in zip(weights, asked, strict=True):
        rarity = np.float32(np.log(1 + (index.sections - figures.documents + 0.5) / (figures.documents + 0.5)))
        often = held.astype("f4")
        scores += rarity * np.float32(K1 + 1) * often / (often + norm)
    return scores


def _compared(
    index: SectionIndex, grouped: _Grouped, best: NDArray[np.float32], places: NDArray[np.int64], budget: Budget
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """For each resource the place of the section to show, -1 where none holds what is asked; and which were compared.

    The best resources first, as far as the budget goes.
    """
    found = grouped.found
    chosen, compared = places.astype("i8"), np.zeros(len(places), bool)
    most = min(len(best), budget.texts)
    order = np.argpartition(-best, most - 1)[:most] if 0 < most < len(best) else np.arange(len(best))
    every = order[np.argsort(-best[order], kind="stable")].tolist()
    for turn, number in enumerate(every):
        if budget.texts <= 0 or (budget.is_over and turn % _WAVE == 0):
            break
        if turn % _WAVE == 0:
            coming = every[turn : turn + min(_WAVE, budget.texts)]
            index.bring([int(found.rows[places[n]]) for n in coming])
        begin, count = int(grouped.begins[number]), int(grouped.counts[number])
        tried = [int(places[number])]
        own = np.argsort(-found.scores[begin : begin + count], kind="stable") + begin
        tried += [place for place in own[: _OTHERS + 1].tolist() if place != tried[0]]
        held = _first_held(index, found, tried, budget)
        if held is None:
            continue
        # With more sections than were compared it may hold it all the same: not shown, and the count is about.
        chosen[number] = held
        compared[number] = held >= 0 or count <= len(tried)
    return chosen, compared


def _first_held(index: SectionIndex, found: _Matches, tried: list[int], budget: Budget) -> int | None:
    """The first of these places whose text holds what is asked, -1 when none does, None when that is not known."""
    for number, place in enumerate(tried):
        if budget.texts <= 0:
            return None
        if number == 1:
            index.bring([int(found.rows[other]) for other in tried[1:]])
        try:
            if _holds(index, int(found.rows[place]), found.open, budget):
                return place
        except LateError:
            return None
    return -1


def _holds(index: SectionIndex, row: int, conditions: Sequence[Condition], budget: Budget) -> bool:
    """Whether the text of a section holds what is asked as it is typed."""
    budget.texts -= 1
    text = index.section(row).text
    normal = ""
    for condition in conditions:
        wanted = condition.text
        if is_spaceless(wanted[0]) and is_spaceless(wanted[-1]) and not condition.alone and wanted in text:
            continue
        normal = normal or normal_text(fold(text))
        if not holds(normal, condition):
            return False
    return True
