"""Rows of one index that hold terms, and their scores, in numpy; `indexer.search_evaluate` makes answers of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from whoosh.util.numeric import byte_to_length

from indexer.analysis import units
from indexer.codec import Ids
from indexer.codec_index import LENGTHS, IndexFiles
from indexer.codec_terms import TermFigures
from indexer.schema import TITLE_WEIGHT, term_key
from indexer.search_collapse import Families
from indexer.search_facets import FacetColumns

K1 = 1.2
B = 0.75
VERIFY_LIMIT = 4000
"""Rows whose text one query may compare; beyond, the total is an upper bound."""

PART_TERMS = 200
PART_ROWS = 20_000
"""Words, and rows that hold them, that are looked at for a part of a word."""

WORDS = (term_key("x", "0").encode(), term_key("x", "\u2e80").encode())
"""The keys between which words of scripts that part words stand."""

LENGTHS_OF = np.array([byte_to_length(code) for code in range(256)], "f4")
"""Length byte → how many different terms."""

_GAIN = {"title": TITLE_WEIGHT, "creator": TITLE_WEIGHT}

Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]


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
        rows: ascending, visible ones only. scores: BM25 of each. whole: whether the title is what was asked for.
        certain: which of them match; the texts of the others must be compared. None: all.
        inside: those of the rows that only the texts inside resources hold (`indexer.search_inside`); None: none.
        alike: those that only words of like meaning find (`indexer.search_alike`); None: none.
    """

    rows: Ids
    scores: Scores
    whole: Mask
    certain: Mask | None = None
    inside: Ids | None = None
    alike: Ids | None = None

    @property
    def uncertain(self) -> int:
        """How many rows must be compared."""
        return 0 if self.certain is None else len(self.rows) - int(np.count_nonzero(self.certain))

    def keep(self, kept: Mask) -> None:
        """Keep some of the rows."""
        self.rows, self.scores, self.whole = self.rows[kept], self.scores[kept], self.whole[kept]
        self.certain = None if self.certain is None else self.certain[kept]


_NOTHING = np.zeros(0, "u4")


class PartIndex:
    """One part opened for searching; any thread may ask."""

    def __init__(
        self, files: IndexFiles, statistics: Statistics, hidden: Set[int], parents: Mapping[str, str] | None = None
    ) -> None:
        """Prepare masks, facets and families: 8 to 14 bytes a row.

        Args:
            files: the index.
            statistics: over all parts.
            hidden: rows never shown.
            parents: see `Part`.
        """
        self.files = files
        self._lengths = files.columns[LENGTHS]
        self._norms = (K1 * (1 - B + B * LENGTHS_OF / max(1.0, statistics.average_length))).astype("f4")
        self.visible = files.columns["listed"] == 1
        rid = files.columns["rid"]
        if hidden:
            self.visible &= ~np.isin(rid, np.fromiter(hidden, "u4", len(hidden)))
        self._records = statistics.records
        self.facets = FacetColumns(files, parents)
        self.families = Families(files, self.visible)
        self.all_visible = bool(self.visible.all())

    def figures(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], TermFigures | None]:
        """What the term file says of each field and term."""
        return {(field, term): self.files.figures(field, term) for field, term in asked}

    def intersect(self, known: Sequence[TermFigures], among: Ids | None = None) -> tuple[Ids, list[NDArray[np.uint8]]]:
        """The rows that hold all terms, and the weights of each term in them.

        Args:
            known: the terms, the rarest first.
            among: rows to look at, None for all.
        """
        weights: list[NDArray[np.uint8]] = []
        rows = among
        if rows is None:
            rows, first = self.files.postings(known[0])
            weights, known = [first], known[1:]
        for found in known:
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

    def union(self, known: Iterable[TermFigures]) -> Ids:
        """The rows that hold any of the terms."""
        there: NDArray[np.bool_] | None = None
        for found in known:
            if there is None:
                there = np.zeros(self.files.records, bool)
            there[self.files.postings(found)[0]] = True
        return _NOTHING if there is None else np.flatnonzero(there).astype("u4")

    def words_from(self, field: str, head: str, most: int) -> tuple[list[TermFigures], bool]:
        """What is said of the words of a field that begin with `head`, in order; pairs of units are no words.

        Args:
            field: the field.
            head: how they begin.
            most: how many at most; sixteen times as many keys are looked at.

        Returns:
            The words, and whether these are all.
        """
        start = term_key(field, head).encode()
        terms = self.files.terms
        first = terms.place(start)
        found: list[TermFigures] = []
        for place in range(first, min(terms.count, first + 16 * most)):
            key = terms.key(place)
            if not key.startswith(start):
                return found, True
            if len(units(key[1:].decode("utf-8", "replace"))) == 1:
                if len(found) == most:
                    return found, False
                found.append(terms.figures_at(place))
        return found, first + 16 * most >= terms.count

    def with_word_parts(self, texts: list[str]) -> Ids:
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

    def scores(
        self, rows: Ids, weights: list[NDArray[np.uint8]], terms: list[tuple[tuple[str, str], int]]
    ) -> NDArray[np.float32]:
        """BM25 of rows.

        Args:
            rows: what matches.
            weights: of each term in each row.
            terms: field and term, and how many rows of all parts hold it.
        """
        scores = np.zeros(len(rows), "f4")
        if not len(rows):
            return scores
        norm = self.norm(rows)
        for held, ((field, _), frequency) in zip(weights, terms, strict=True):
            rarity = np.float32(np.log(1 + (self._records - frequency + 0.5) / (frequency + 0.5)))
            often = held.astype("f4")
            if field in _GAIN:
                often *= _GAIN[field]
            scores += rarity * np.float32(K1 + 1) * often / (often + norm)
        return scores

    def norm(self, rows: Ids) -> NDArray[np.float32]:
        """What the length of each row's text does to its scores."""
        norm: NDArray[np.float32] = self._norms[self._lengths[rows]]
        return norm

    def titled(self, titles: Iterable[str], rows: Ids) -> NDArray[np.bool_]:
        """Which of the rows have one of these titles (see `title_key`), whole."""
        whole = np.zeros(len(rows), bool)
        for title in titles:
            found = self.files.figures("title", "=" + title)
            if found is not None:
                whole |= np.isin(rows, self.files.postings(found)[0], assume_unique=True)
        return whole
