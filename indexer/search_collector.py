"""Rows of one index that hold terms, and their scores, in numpy; `indexer.search_evaluate` makes answers of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray
from whoosh.util.numeric import byte_to_length

from indexer.analysis import units
from indexer.codec import Ids, Weights
from indexer.codec_index import LENGTHS, IndexFiles
from indexer.codec_terms import TermFigures
from indexer.schema import TITLE_WEIGHT, term_key
from indexer.search_collapse import Families
from indexer.search_facets import FacetColumns
from indexer.search_orders import RowOrders
from indexer.search_postings import COMMON, KeptPostings
from indexer.search_readable import ReadableRows
from indexer.search_rows import Rows, distinct, kept, mark, pieces, rows_of, taken

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

_GAIN = {"title": np.float32(TITLE_WEIGHT), "creator": np.float32(TITLE_WEIGHT)}

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
        there: by row whether it is one of them, where that is known.
        certain: which of them match; the texts of the others must be compared. None: all.
        inside: those of the rows that only the texts inside resources hold (`indexer.search_inside`); None: none.
        alike: those that only words of like meaning find (`indexer.search_alike`); None: none.
    """

    rows: Rows
    scores: Scores
    whole: Mask
    certain: Mask | None = None
    inside: Ids | None = None
    alike: Ids | None = None
    there: Mask | None = None

    @property
    def uncertain(self) -> int:
        """How many rows must be compared."""
        return 0 if self.certain is None else len(self.rows) - int(np.count_nonzero(self.certain))

    def keep(self, mask: Mask) -> None:
        """Keep some of the rows."""
        self.rows, self.scores, self.whole = kept(self.rows, mask), kept(self.scores, mask), kept(self.whole, mask)
        self.certain, self.there = None if self.certain is None else kept(self.certain, mask), None


_NOTHING = np.zeros(0, "u4")
_DENSE = 16
"""Rows a posting from which looking each up among the others is dearer than a table of all rows."""
_FEW = 2048
"""Rows below which working out each score is cheaper than a table of them."""


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
        self.readable = ReadableRows(files)
        self.orders = RowOrders(files)
        self.all_visible = bool(self.visible.all())
        self._postings = KeptPostings(files)

    def close(self) -> None:
        """Let go what looks at the files."""
        self._postings.clear()

    def figures(self, asked: Iterable[tuple[str, str]]) -> dict[tuple[str, str], TermFigures | None]:
        """What the term file says of each field and term."""
        return {(field, term): self.files.figures(field, term) for field, term in asked}

    def intersect(self, known: Sequence[TermFigures], among: Rows | None = None) -> tuple[Rows, list[Weights]]:
        """The rows that hold all terms, and the weights of each term in them.

        Args:
            known: the terms, the rarest first.
            among: rows to look at, None for all.
        """
        weights: list[Weights] = []
        rows = among
        if rows is None:
            first = self._postings.get(known[0])
            rows, weights, known = first.rows, [first.weights], known[1:]
        for found in known:
            if not len(rows):
                break
            other = self._postings.get(found)
            others, held = other.rows, other.weights
            if len(rows) * _DENSE < len(others):
                places = np.searchsorted(others, rows)
                places[places == len(others)] = 0
                met = others.take(places) == rows
                held = held.take(places.compress(met))
            else:
                table = np.zeros(self.files.records, "u2")
                mark(table, others, held + np.uint16(256))
                mine = taken(table, rows)
                met = mine > 0
                held = kept(mine, met).astype("u1")
            rows = kept(rows, met)
            weights = [kept(w, met) for w in weights]
            weights.append(held)
        return rows, weights

    def union(self, known: Iterable[TermFigures]) -> Rows:
        """The rows that hold any of the terms."""
        there: Mask | None = None
        for found in known:
            if there is None:
                there = np.zeros(self.files.records, bool)
            mark(there, self._postings.get(found).rows)
        return _NOTHING if there is None else rows_of(there)

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

    def with_word_parts(self, texts: list[str]) -> Rows:
        """Visible rows with a word that holds the longest part asked for; at most `PART_ROWS` are looked at."""
        longest = max((word for text in texts for word in text.split()), key=len)
        rows: list[Rows] = []
        budget = PART_ROWS
        for figures in self.files.terms.containing(WORDS, longest.encode(), PART_TERMS):
            budget -= figures.documents
            if budget < 0:
                break
            rows.append(self.files.postings(figures)[0])
        found = distinct(rows)
        mine: Rows = found[self.visible[found]]
        return mine

    def scores(self, rows: Rows, weights: list[Weights], terms: list[tuple[tuple[str, str], int]]) -> Scores:
        """BM25 of rows.

        Args:
            rows: what matches.
            weights: of each term in each row.
            terms: field and term, and how many rows of all parts hold it.
        """
        scores = np.zeros(len(rows), "f4")
        if not len(rows):
            return scores
        ways = [self._way(field, frequency) for (field, _), frequency in terms]
        if len(rows) < _FEW:
            norm = self.norm(rows)
            for held, way in zip(weights, ways, strict=True):
                scores += way(held.astype("f4"), norm)
            return scores
        tables = [self._table(way, held) for way, held in zip(ways, weights, strict=True)]
        for piece in pieces(len(rows)):
            lengths = self._lengths.take(rows[piece])
            for held, table in zip(weights, tables, strict=True):
                cells = held[piece].astype(np.intp)
                cells <<= 8
                cells += lengths
                scores[piece] += table.take(cells)
        return scores

    def of_term(self, figures: TermFigures, field: str, frequency: int) -> tuple[Rows, Scores]:
        """All rows that hold a term, and their scores; rows must not be changed.

        Args:
            figures: of the term.
            field: that it is of.
            frequency: how many rows of all parts hold it.
        """
        found = self._postings.get(figures)
        if len(found.rows) < COMMON:
            return found.rows, self.scores(found.rows, [found.weights], [((field, ""), frequency)])
        if found.cells is None:
            found.cells = np.empty(len(found.rows), "u2")
            for piece in pieces(len(found.rows)):
                cells = found.weights[piece].astype("u2")
                cells <<= 8
                cells += self._lengths.take(found.rows[piece])
                found.cells[piece] = cells
        return found.rows, taken(self._table(self._way(field, frequency), found.weights), found.cells)

    def _way(self, field: str, frequency: int) -> Callable[[Scores, Scores], Scores]:
        rarity = np.float32(np.log(1 + (self._records - frequency + 0.5) / (frequency + 0.5)))
        return partial(_score, rarity, _GAIN.get(field, np.float32(1)))

    def _table(self, way: Callable[[Scores, Scores], Scores], weights: Weights) -> Scores:
        """What a term adds to a score by its weight, times 256, and the row's length: of these only few occur."""
        return way(np.arange(int(weights.max()) + 1, dtype="f4").reshape(-1, 1), self._norms).reshape(-1)

    def norm(self, rows: Rows) -> Scores:
        """What the length of each row's text does to its scores."""
        return self._norms.take(self._lengths.take(rows))

    def with_title(self, title: str) -> Matches:
        """The visible rows with a title (see `title_key`), whole; unscored."""
        found = self.files.figures("title", "=" + title) if title else None
        rows = _NOTHING if found is None else self.files.postings(found)[0]
        rows = kept(rows, self.visible.take(rows))
        return Matches(rows, np.zeros(len(rows), "f4"), np.ones(len(rows), bool))

    def titled(self, titles: Iterable[str], rows: Rows) -> Mask:
        """Which of the rows have one of these titles (see `title_key`), whole."""
        whole = np.zeros(len(rows), bool)
        for title in titles:
            found = self.files.figures("title", "=" + title)
            if found is not None and len(rows):
                wanted = self.files.postings(found)[0]
                places = np.searchsorted(rows, wanted)
                places[places == len(rows)] = 0
                whole[places.compress(rows.take(places) == wanted)] = True
        return whole


def none_of(parts: Sequence[PartIndex]) -> list[Matches]:
    """What is found where nothing is."""
    return [Matches(_NOTHING, np.zeros(0, "f4"), np.zeros(0, bool)) for _ in parts]


def _score(rarity: np.float32, gain: np.float32, often: Scores, norm: Scores) -> Scores:
    many = often * gain
    score: Scores = rarity * np.float32(K1 + 1) * many / (many + norm)
    return score
