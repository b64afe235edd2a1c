"""A query's tree over one index: which rows match, their scores, and which of them are certain.

Terms say less than texts: 人民 and 民人 do not make 人民人. Each step therefore keeps the rows that may match and which
of them certainly do; under NOT the two change places. Only what is left uncertain at the end is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.codec_terms import TermFigures
from indexer.schema import NO_YEAR
from indexer.search_budget import Budget
from indexer.search_collector import Mask, Matches, PartIndex, Scores
from indexer.search_texts import test_of
from indexer.search_tree import All, Classes, Condition, Either, Family, Node, Query, Without, Years, texts

MAX_WORDS = 200
"""Words that begin as a pattern does (comp*) and are looked for."""

COMPARED_AT_ONCE = 256
"""Rows compared between two looks at the clock."""

BY_COLUMN = np.float32(0.5)
"""Score of a row that matches by its year or class alone: after those that say so."""

TermKey = tuple[str, str]
Figures = Mapping[TermKey, "TermFigures | None"]


@dataclass(slots=True)
class _Held:
    rows: Ids
    scores: Scores
    certain: Mask | None

    def sure(self) -> Mask:
        return np.ones(len(self.rows), bool) if self.certain is None else self.certain

    def kept(self, mask: Mask) -> _Held:
        return _Held(self.rows[mask], self.scores[mask], None if self.certain is None else self.certain[mask])


def asked_terms(query: Query) -> set[TermKey]:
    """Field and term of all that a query looks up."""
    found = texts(query.root, excluded=True)
    return {(condition.index_field, term) for condition in found for term in condition.terms}


class Evaluation:
    """One query over one part."""

    def __init__(self, part: PartIndex, figures: Figures, frequencies: Mapping[TermKey, int], budget: Budget) -> None:
        """Prepare.

        Args:
            part: the index.
            figures: what its term file says of each term, see `asked_terms`.
            frequencies: how many rows of all parts hold each term.
            budget: of the whole search.
        """
        self._part, self._figures, self._frequencies, self._budget = part, figures, frequencies, budget

    def run(self, query: Query) -> Matches:
        """The visible rows that may match the query."""
        if query.nothing:
            return _matches(_nothing())
        if not query.asks:
            return _matches(self._everything())
        if query.tree is None and not any(condition.terms for condition in query.conditions):
            return _matches(self._by_parts_of_words(query.conditions))
        held = self._of(query.root, None)
        if not self._part.all_visible:
            held = held.kept(self._part.visible[held.rows])
        return Matches(held.rows, held.scores, self._part.titled(query.titles(), held.rows), held.certain)

    def compare(self, query: Query, matches: Matches) -> bool:
        """Compare the texts of the rows that are uncertain and drop those that do not match; whether all were."""
        certain = matches.certain
        if certain is None:
            return True
        kept = certain.copy()
        open_rows = np.flatnonzero(~certain)
        for start in range(0, len(open_rows), COMPARED_AT_ONCE):
            if not self._budget.has_time():
                kept[open_rows[start:]] = True
                matches.keep(kept)
                return False
            some = open_rows[start : start + COMPARED_AT_ONCE]
            kept[some] = self._part_holds(query, matches.rows[some])
        matches.keep(kept)
        matches.certain = None
        return True

    def _part_holds(self, query: Query, rows: Ids) -> Mask:
        return holding(self._part, query.root, rows)

    def _of(self, node: Node, among: Ids | None) -> _Held:
        """Rows that a node may match; rows outside `among` may be left out."""
        if isinstance(node, All):
            return self._all(node.parts, among)
        if isinstance(node, Condition):
            return self._headed(node) if node.head else self._texts([node], among)
        if isinstance(node, Either):
            return self._either(node.parts, among)
        if isinstance(node, Family):
            return self._family(node.part, among)
        if isinstance(node, Without):
            return self._without(self._rows(among), self._of(node.part, among))
        if among is None:
            found = np.flatnonzero(by_column(self._part, node, slice(None)) & self._part.visible).astype("u4")
        else:
            found = among[by_column(self._part, node, among)]
        return _Held(found, np.full(len(found), BY_COLUMN), None)

    def _all(self, parts: tuple[Node, ...], among: Ids | None) -> _Held:
        plain = [part for part in parts if isinstance(part, Condition) and not part.head]
        held = self._texts(plain, among) if plain else None
        # What is cheap over few rows comes last: unions, then families, columns and what is excluded.
        others = sorted((part for part in parts if part not in plain), key=_cost)
        for part in others:
            if held is not None and not len(held.rows):
                break
            base = among if held is None else held.rows
            if isinstance(part, Without):
                held = self._without(held or self._rows(base), self._of(part.part, base))
                continue
            found = self._of(part, base)
            held = found if held is None else _both(held, found)
        return held if held is not None else self._rows(among)

    def _either(self, parts: tuple[Node, ...], among: Ids | None) -> _Held:
        found: list[_Held] = []
        for part in parts:
            found.append(self._of(part, among))
            if self._budget.spent:
                break
        return self._union(found)

    def _union(self, found: list[_Held]) -> _Held:
        """Rows of any, with the sum of their scores."""
        found = [held for held in found if len(held.rows)]
        if len(found) < 2:
            return found[0] if found else _nothing()
        records = self._part.files.records
        # Many rows: a table of all is cheaper than sorting them.
        dense = sum(len(held.rows) for held in found) * 32 >= records
        if dense:
            there = np.zeros(records, bool)
            for held in found:
                there[held.rows] = True
            rows, size = np.flatnonzero(there).astype("u4"), records
        else:
            rows = np.unique(np.concatenate([held.rows for held in found]))
            size = len(rows)
        scores = np.zeros(size, "f4")
        certain = None if all(held.certain is None for held in found) else np.zeros(size, bool)
        for held in found:
            places = held.rows if dense else np.searchsorted(rows, held.rows)
            scores[places] += held.scores
            if certain is not None:
                certain[places] |= held.sure()
        if dense:
            scores, certain = scores[rows], None if certain is None else certain[rows]
        return _Held(rows, scores, certain)

    def _family(self, part: Node, among: Ids | None) -> _Held:
        """Rows of the part, and rows whose parent is one; a child has the score of its parent besides its own."""
        if among is None:
            own = self._of(part, None)
            there = np.zeros(self._part.files.records + 1, bool)
            there[own.rows + 1] = True
            # The column was looked at when it was opened; a disk that fails later must not end the search.
            children = np.flatnonzero(there.take(self._part.files.columns["parent"], mode="clip")).astype("u4")
            children, above = _with_parents(self._part, children)
        else:
            children, above = _with_parents(self._part, among)
            own = self._of(part, np.union1d(among, above))
        places = _places(own.rows, above)
        kept = places >= 0
        places = places[kept]
        return self._union([own, _Held(children[kept], own.scores[places], own.sure()[places])])

    def _without(self, base: _Held, out: _Held) -> _Held:
        """Rows of `base` but those that certainly are in `out`."""
        places = _places(out.rows, base.rows)
        inside = places >= 0
        if base.certain is None and out.certain is None:
            left = ~inside
            return _Held(base.rows[left], base.scores[left], None)
        surely = inside.copy()
        surely[inside] = out.sure()[places[inside]]
        left = ~surely
        return _Held(base.rows[left], base.scores[left], (base.sure() & ~inside)[left])

    def _rows(self, among: Ids | None) -> _Held:
        if among is None:
            return self._everything()
        return _Held(among, np.zeros(len(among), "f4"), None)

    def _everything(self) -> _Held:
        rows = np.flatnonzero(self._part.visible).astype("u4")
        return _Held(rows, np.zeros(len(rows), "f4"), None)

    def _texts(self, conditions: list[Condition], among: Ids | None) -> _Held:
        """Rows that hold every term of all conditions, the rarest term first."""
        known: list[tuple[TermKey, TermFigures]] = []
        for key in dict.fromkeys((c.index_field, term) for c in conditions for term in c.terms):
            found = self._figures[key]
            if found is None:
                return _nothing()
            known.append((key, found))
        # The key makes the order of additions the same every time.
        known.sort(key=lambda pair: (pair[1].documents, pair[0]))
        read = [pair for pair in known if self._budget.allows(pair[1].documents)]
        if not read:
            return _nothing()
        if among is not None and len(among) > read[0][1].documents:
            among = None
        rows, weights = self._part.intersect([found for _, found in read], among)
        scores = self._part.scores(rows, weights, [(key, self._frequencies[key]) for key, _ in read])
        exact = len(read) == len(known) and all(condition.exact for condition in conditions)
        return _Held(rows, scores, None if exact else np.zeros(len(rows), bool))

    def _headed(self, condition: Condition) -> _Held:
        """Rows with a word that begins so."""
        found, whole = self._part.words_from(condition.index_field, condition.text, MAX_WORDS)
        self._budget.spent |= not whole
        rows = self._part.union(figures for figures in found if self._budget.allows(figures.documents))
        scores = self._part.scores(rows, [np.ones(len(rows), "u1")], [((condition.index_field, ""), len(rows))])
        return _Held(rows, scores, np.zeros(len(rows), bool) if condition.field == "text" else None)

    def _by_parts_of_words(self, conditions: Iterable[Condition]) -> _Held:
        rows = self._part.with_word_parts([condition.text for condition in conditions])
        return _Held(rows, np.float32(1) / (1 + self._part.norm(rows)), np.zeros(len(rows), bool))


def holding(part: PartIndex, node: Node, rows: Ids) -> Mask:
    """Which of the rows match, by their texts and columns: always true, and dear."""
    return _holding(part, node, rows, part.files.texts(rows))


def _holding(part: PartIndex, node: Node, rows: Ids, held: list[bytes]) -> Mask:
    if isinstance(node, Condition):
        test = test_of(node)
        return np.fromiter(map(test, held), bool, len(rows))
    if isinstance(node, All):
        mask = np.ones(len(rows), bool)
        for one in node.parts:
            mask &= _holding(part, one, rows, held)
            if not mask.any():
                break
        return mask
    if isinstance(node, Either):
        mask = np.zeros(len(rows), bool)
        for one in node.parts:
            mask |= _holding(part, one, rows, held)
        return mask
    if isinstance(node, Without):
        return ~_holding(part, node.part, rows, held)
    if isinstance(node, Family):
        mask = _holding(part, node.part, rows, held)
        below, above = _with_parents(part, rows[~mask])
        mask[np.isin(rows, below)] = holding(part, node.part, above)
        return mask
    return by_column(part, node, rows)


def _with_parents(part: PartIndex, rows: Ids) -> tuple[Ids, Ids]:
    """Those of the rows that belong to a row, and that."""
    parents: Ids = part.files.columns["parent"][rows].astype("u4")
    kept = (parents > 0) & (parents <= part.files.records)
    return rows[kept], parents[kept] - np.uint32(1)


def by_column(part: PartIndex, node: Years | Classes, rows: Ids | slice) -> Mask:
    """Which of the rows have such a year or class."""
    files = part.files
    if isinstance(node, Classes):
        combinations = files.tables["class"]
        passing = np.fromiter(
            (any(code.startswith(node.prefix) for code in codes) for codes in combinations), bool, len(combinations)
        )
        # Columns were looked at when they were opened; a disk that fails later must not end the search with an error.
        return passing.take(files.columns["class"][rows], mode="clip")
    first, last = files.columns["year_from"][rows], files.columns["year_to"][rows]
    mask: Mask = first != NO_YEAR
    if node.inside:
        mask &= (first >= node.first) & (last <= node.last)
    else:
        mask &= (last >= node.first) & (first <= node.last)
    return mask


def _cost(part: Node) -> int:
    order = (Condition, Either, All, Family, Years, Classes, Without)
    return order.index(type(part))


def _nothing() -> _Held:
    return _Held(np.zeros(0, "u4"), np.zeros(0, "f4"), None)


def _matches(held: _Held) -> Matches:
    return Matches(held.rows, held.scores, np.zeros(len(held.rows), bool), held.certain)


def _places(rows: Ids, wanted: Ids) -> NDArray[np.int64]:
    """For each wanted row its place among `rows`, -1 where it is not; both ascend."""
    if not len(rows):
        return np.full(len(wanted), -1, "i8")
    places = np.searchsorted(rows, wanted)
    places[places == len(rows)] = 0
    return np.where(rows[places] == wanted, places, -1)


def _both(one: _Held, two: _Held) -> _Held:
    if len(two.rows) < len(one.rows):
        one, two = two, one
    places = _places(two.rows, one.rows)
    inside = places >= 0
    others = places[inside]
    certain = None if one.certain is None and two.certain is None else one.sure()[inside] & two.sure()[others]
    return _Held(one.rows[inside], one.scores[inside] + two.scores[others], certain)
