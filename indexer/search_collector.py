"""Rows of one index that match a query, and their scores, in numpy."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from whoosh.util.numeric import byte_to_length

from indexer.analysis import is_one_word, is_spaceless
from indexer.codec import Ids
from indexer.codec_index import LENGTHS, IndexFiles
from indexer.codec_terms import TermFigures
from indexer.schema import SECTION_MARK, SECTIONS, TITLE_WEIGHT, term_key
from indexer.search_collapse import Families
from indexer.search_facets import FacetColumns
from indexer.search_query import Condition, Query

K1 = 1.2
B = 0.75
VERIFY_LIMIT = 4000
"""Rows whose text one query may compare; beyond, the total is an upper bound."""

PART_TERMS = 200
PART_ROWS = 20_000
"""Words, and rows that hold them, that are looked at for a part of a word."""

WORDS = (term_key("x", "0").encode(), term_key("x", "\u2e80").encode())
"""The keys between which words of scripts that part words stand."""

_LENGTH = np.array([byte_to_length(code) for code in range(256)], "f4")
_GAIN = {"title": TITLE_WEIGHT, "creator": TITLE_WEIGHT}


@dataclass(frozen=True, slots=True)
class Statistics:
    """Figures over all parts, so that scores of different parts compare.

    Attributes:
        records: rows of all parts.
        average_length: mean document length.
    """

    records: int
    average_length: float


@dataclass(slots=True)
class Matches:
    """What matched in one part.

    Attributes:
        rows: ascending. scores: BM25 of each. whole: whether the title is the whole query.
        open: conditions that the rows' texts were not compared with yet.
    """

    rows: Ids
    scores: NDArray[np.float32]
    whole: NDArray[np.bool_]
    open: tuple[Condition, ...]


_NOTHING = np.zeros(0, "u4")


class PartIndex:
    """One part opened for searching; any thread may ask."""

    def __init__(self, files: IndexFiles, statistics: Statistics, hidden: Set[int]) -> None:
        """Prepare masks, facets and families: 8 to 14 bytes a row.

        Args:
            files: the index.
            statistics: over all parts.
            hidden: rows never shown.
        """
        self.files = files
        self._lengths = files.columns[LENGTHS]
        self._norms = (K1 * (1 - B + B * _LENGTH / max(1.0, statistics.average_length))).astype("f4")
        self.visible = files.columns["listed"] == 1
        rid = files.columns["rid"]
        if hidden:
            self.visible &= ~np.isin(rid, np.fromiter(hidden, "u4", len(hidden)))
        self._records = statistics.records
        self.facets = FacetColumns(files)
        self.families = Families(files, self.visible)
        self.all_visible = bool(self.visible.all())

    def figures(self, query: Query) -> dict[tuple[str, str], TermFigures | None]:
        """What the term file says of each term of the query."""
        asked = {(condition.field, term) for condition in query.conditions for term in condition.terms}
        return {(field, term): self.files.figures(field, term) for field, term in asked}

    def match(
        self, query: Query, figures: dict[tuple[str, str], TermFigures | None], frequencies: dict[tuple[str, str], int]
    ) -> Matches:
        """The visible rows that hold every term of the query.

        Args:
            query: what is asked.
            figures: from `figures`.
            frequencies: how many rows of all parts hold each term.
        """
        if query.nothing:
            return _no_matches()
        if not query.conditions:
            rows = np.flatnonzero(self.visible).astype("u4")
            return Matches(rows, np.zeros(len(rows), "f4"), np.zeros(len(rows), bool), ())
        if not figures:
            rows = self._with_word_parts([condition.text for condition in query.conditions])
            return Matches(rows, np.float32(1) / (1 + self._norm(rows)), np.zeros(len(rows), bool), query.conditions)
        known: list[tuple[tuple[str, str], TermFigures]] = []
        for key, found in figures.items():
            if found is None:
                return _no_matches()
            known.append((key, found))
        # The rarest first keeps every later step small; the key makes the order of additions the same every time.
        known.sort(key=lambda pair: (pair[1].documents, pair[0]))
        rows, weights = self._intersect([found for _, found in known])
        if not self.all_visible:
            kept = self.visible[rows]
            rows, weights = rows[kept], [w[kept] for w in weights]
        scores = self._scores(rows, weights, [(key, frequencies[key]) for key, _ in known])
        return Matches(rows, scores, self._whole(query, rows), tuple(c for c in query.conditions if not c.exact))

    def _with_word_parts(self, texts: list[str]) -> Ids:
        """Visible rows with a word that holds the longest part asked for; at most `PART_ROWS` are looked at."""
        longest = max((word for text in texts for word in text.split()), key=len)
        rows: list[Ids] = []
        budget = PART_ROWS
        for figures in self.files.terms.containing(WORDS, longest.encode(), PART_TERMS):
            budget -= figures.documents
            if budget < 0:
                break
            rows.append(self.files.postings(figures)[0])
        found = np.unique(np.concatenate(rows)) if rows else _NOTHING
        kept: Ids = found[self.visible[found]]
        return kept

    def _intersect(self, known: Sequence[TermFigures]) -> tuple[Ids, list[NDArray[np.uint8]]]:
        rows, first = self.files.postings(known[0])
        weights = [first]
        for found in known[1:]:
            if not len(rows):
                break
            others, held = self.files.postings(found)
            if len(rows) * 16 < len(others):
                places = np.searchsorted(others, rows)
                places[places == len(others)] = 0
                kept = others[places] == rows
                held = held[places[kept]]
            else:
                there = np.zeros(self.files.records, bool)
                there[others] = True
                kept = there[rows]
                there[others] = False
                there[rows] = True
                held = held[there[others]]
            rows = rows[kept]
            weights = [w[kept] for w in weights]
            weights.append(held)
        return rows, weights

    def _scores(
        self, rows: Ids, weights: list[NDArray[np.uint8]], terms: list[tuple[tuple[str, str], int]]
    ) -> NDArray[np.float32]:
        scores = np.zeros(len(rows), "f4")
        if not len(rows):
            return scores
        norm = self._norm(rows)
        for held, ((field, _), frequency) in zip(weights, terms, strict=True):
            rarity = np.float32(np.log(1 + (self._records - frequency + 0.5) / (frequency + 0.5)))
            often = held.astype("f4")
            if field in _GAIN:
                often *= _GAIN[field]
            scores += rarity * np.float32(K1 + 1) * often / (often + norm)
        return scores

    def _norm(self, rows: Ids) -> NDArray[np.float32]:
        """What the length of each row's text does to its scores."""
        norm: NDArray[np.float32] = self._norms[self._lengths[rows]]
        return norm

    def _whole(self, query: Query, rows: Ids) -> NDArray[np.bool_]:
        whole = np.zeros(len(rows), bool)
        wanted = [query.whole] if query.whole else []
        wanted += [c.text.replace(" ", "") for c in query.conditions if c.field == "title"]
        for title in wanted:
            found = self.files.figures("title", "=" + title)
            if found is not None:
                whole |= np.isin(rows, self.files.postings(found)[0], assume_unique=True)
        return whole

    def verify(self, rows: Ids, conditions: Sequence[Condition]) -> NDArray[np.bool_]:
        """Which of the rows hold the texts of all `conditions` as they are typed."""
        tests = [_test(condition) for condition in conditions]
        text = self.files.text
        return np.fromiter((all(test(held) for test in tests) for held in map(text, rows.tolist())), bool, len(rows))


def _no_matches() -> Matches:
    return Matches(_NOTHING, np.zeros(0, "f4"), np.zeros(0, bool), ())


def _test(condition: Condition) -> Callable[[bytes], bool]:
    """Whether a row's text holds what the condition asks; words must stand alone: `art` is not in `start`."""
    needle = condition.text.encode()
    section = SECTIONS.index(condition.field) if condition.field != "x" else -1
    mark = SECTION_MARK.encode()

    def part_of(text: bytes) -> bytes:
        return text if section < 0 else text.split(mark)[section]

    if condition.part or (is_spaceless(condition.text[0]) and is_spaceless(condition.text[-1])):
        return lambda text: needle in part_of(text)
    return lambda text: (
        needle in text and find_text(part_of(text).decode("utf-8", "replace"), condition.text) is not None
    )


def find_text(text: str, wanted: str, start: int = 0, *, part: bool = False) -> int | None:
    """Where `wanted` stands in a normal text as whole words from `start` on, None when it does not.

    With `part` it may begin and end inside words.
    """
    place = text.find(wanted, start)
    while place >= 0:
        if part:
            return place
        end = place + len(wanted)
        cut = (place > 0 and is_one_word(text[place - 1 : place + 1])) or is_one_word(text[end - 1 : end + 1])
        if not cut:
            return place
        place = text.find(wanted, place + 1)
    return None
