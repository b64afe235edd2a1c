"""A query's tree over one index: which rows match, their scores, and which of them are certain.

Terms say less than texts: 人民 and 民人 do not make 人民人. Each step therefore keeps the rows that may match and which
of them certainly do; under NOT the two change places. Only what is left uncertain at the end is compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from indexer.codec_terms import TermFigures
from indexer.schema import NO_YEAR
from indexer.search_best import best_places
from indexer.search_budget import Budget
from indexer.search_collector import VERIFY_LIMIT, Mask, Matches, PartIndex
from indexer.search_held import Held, Union, both, nothing, places_of
from indexer.search_rows import Rows, distinct, kept, mark, marked, rows_of, taken
from indexer.search_texts import test_of
from indexer.search_tree import All, Classes, Condition, Either, Family, Node, Query, Without, Years, texts

MAX_WORDS = 200
"""Words that begin as a pattern does (comp*) and are looked for."""

COMPARED_AT_ONCE = 256
"""Rows compared between two looks at the clock."""

BY_COLUMN = np.float32(0.5)
"""Score of a row that matches by its year or class alone: after those that say so."""

LOOKED_AT_FIRST = 8
"""Of many that may match one of the first mostly does."""

TermKey = tuple[str, str]
Figures = Mapping[TermKey, "TermFigures | None"]


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
        self._unscored = 0

    def run(self, query: Query) -> Matches:
        """The visible rows that may match the query."""
        if query.nothing:
            return _matches(nothing())
        if not query.asks:
            return _matches(self._everything())
        if query.tree is None and not any(condition.terms for condition in query.conditions):
            return _matches(self._by_parts_of_words(query.conditions))
        held = self._of(query.root, None)
        if not self._part.all_visible:
            held = held.kept(self._part.visible[held.rows])
        whole = self._part.titled(query.titles(), held.rows)
        return Matches(held.rows, held.scores, whole, held.certain, there=held.there)

    def compare(self, query: Query, matches: Matches) -> bool:
        """Compare the texts of the rows that are uncertain and drop those that do not match; whether all were."""
        certain = matches.certain
        if certain is None:
            return True
        passed = certain.copy()
        open_rows = np.flatnonzero(~certain)
        for start in range(0, len(open_rows), COMPARED_AT_ONCE):
            if not self._budget.has_time():
                passed[open_rows[start:]] = True
                matches.keep(passed)
                return False
            some = open_rows[start : start + COMPARED_AT_ONCE]
            passed[some] = self._part_holds(query, matches.rows[some])
        matches.keep(passed)
        matches.certain = None
        return True

    def some_hold(self, query: Query, matches: Matches) -> bool:
        """Whether one of the best `VERIFY_LIMIT` rows holds what is asked for; yes, when there is no time to tell."""
        if matches.certain is None or matches.certain.any():
            return len(matches.rows) > 0
        start, size = 0, LOOKED_AT_FIRST
        best = best_places(matches.scores, size)[:size]
        while start < len(best):
            rows = np.sort(matches.rows[best[start : start + size]])
            if not self._budget.has_time() or self._part_holds(query, rows).any():
                return True
            if not start:
                best = best_places(matches.scores, VERIFY_LIMIT)[:VERIFY_LIMIT]
            start, size = start + size, COMPARED_AT_ONCE
        return False

    def _part_holds(self, query: Query, rows: Rows) -> Mask:
        return holding(self._part, query.root, rows)

    def _of(self, node: Node, among: Rows | None) -> Held:
        """Rows that a node may match; rows outside `among` may be left out."""
        if isinstance(node, All):
            return self._all(node.parts, among)
        if isinstance(node, Condition):
            return self._headed(node) if node.head else self._texts([node], among)
        if isinstance(node, Either):
            return self._union(node.parts, among).result()
        if isinstance(node, Family):
            return self._family(node.part, among)
        if isinstance(node, Without):
            return self._without(self._rows(among), self._left_out(node.part, among))
        if not self._budget.has_time():
            return nothing()
        if among is None:
            found = rows_of(by_column(self._part, node, slice(None)) & self._part.visible)
        else:
            found = kept(among, by_column(self._part, node, among))
        return Held(found, np.full(len(found), BY_COLUMN), None)

    def _all(self, parts: tuple[Node, ...], among: Rows | None) -> Held:
        plain = [part for part in parts if isinstance(part, Condition) and not part.head]
        held = self._texts(plain, among) if plain else None
        # What is cheap over few rows comes last: unions, then families, columns and what is excluded.
        others = sorted((part for part in parts if part not in plain), key=_cost)
        if held is None and len(others) > 1 and all(map(_is_plainly_out, others[1:])) and isinstance(others[0], Either):
            union = self._union(others[0].parts, among)
            while others[1:] and self._leave_out(union, others[1], among):
                del others[1]
            held = union.result()
            del others[0]
        for part in others:
            if held is not None and (self._budget.spent or not len(held.rows)):
                break
            base = among if held is None else held.rows
            if isinstance(part, Without):
                held = self._without(held or self._rows(base), self._left_out(part.part, base))
                continue
            found = self._of(part, base)
            if held is None:
                held = found
            elif not self._budget.spent:
                held = both(held, found, self._part.files.records)
        if self._budget.spent and held is not None:
            # What the time did not reach takes nothing away: what may match is compared before it is shown.
            held = Held(held.rows, held.scores, np.zeros(len(held.rows), bool))
        return held if held is not None else self._rows(among)

    def _union(self, parts: tuple[Node, ...], among: Rows | None) -> Union:
        union = Union(self._part.files.records)
        for part in parts:
            union.add(self._of(part, among))
            if self._budget.spent:
                break
        return union

    def _leave_out(self, union: Union, part: Node, among: Rows | None) -> bool:
        """Leave the rows of a term under NOT out of many, before they are put together; whether that was done."""
        if not union.is_table or not isinstance(part, Without):
            return False
        union.leave_out(self._left_out(part.part, among).rows)
        return True

    def _family(self, part: Node, among: Rows | None) -> Held:
        """Rows of the part, and rows whose parent is one; a child has the score of its parent besides its own."""
        if among is None:
            own = self._of(part, None)
            there = np.zeros(self._part.files.records + 1, bool)
            there[own.rows + 1] = True
            # The column was looked at when it was opened; a disk that fails later must not end the search.
            children = rows_of(there.take(self._part.files.columns["parent"], mode="clip"))
            children, above = _with_parents(self._part, children)
        else:
            children, above = _with_parents(self._part, among)
            own = self._of(part, distinct([among, above]))
        places = places_of(own.rows, above, self._part.files.records)
        known = places >= 0
        places = places[known]
        union = Union(self._part.files.records)
        union.add(own)
        union.add(Held(children[known], own.scores[places], own.sure()[places]))
        return union.result()

    def _without(self, base: Held, out: Held) -> Held:
        """Rows of `base` but those that certainly are in `out`."""
        if base.certain is None and out.certain is None:
            left = base.kept(~self._among(out.rows, base.rows))
            if base.there is not None:
                left.there = base.there.copy()
                mark(left.there, out.rows, value=False)
            return left
        inside = self._among(out.rows, base.rows)
        surely = inside if out.certain is None else self._among(kept(out.rows, out.certain), base.rows)
        base = Held(base.rows, base.scores, base.sure() & ~inside)
        return base.kept(~surely)

    def _left_out(self, part: Node, among: Rows | None) -> Held:
        """Rows that a part under NOT may match: what they would score does not matter."""
        self._unscored += 1
        held = self._of(part, among)
        self._unscored -= 1
        return held

    def _among(self, rows: Rows, wanted: Rows) -> Mask:
        """Which of the wanted rows are among others; both ascend."""
        if (len(rows) + len(wanted)) * 32 >= self._part.files.records:
            return taken(marked(self._part.files.records, rows), wanted)
        return places_of(rows, wanted, self._part.files.records) >= 0

    def _rows(self, among: Rows | None) -> Held:
        if among is None:
            return self._everything()
        return Held(among, np.zeros(len(among), "f4"), None)

    def _everything(self) -> Held:
        rows = rows_of(self._part.visible)
        return Held(rows, np.zeros(len(rows), "f4"), None)

    def _texts(self, conditions: list[Condition], among: Rows | None) -> Held:
        """Rows that hold every term of all conditions, the rarest term first."""
        known: list[tuple[TermKey, TermFigures]] = []
        for key in dict.fromkeys((c.index_field, term) for c in conditions for term in c.terms):
            found = self._figures[key]
            if found is None:
                return nothing()
            known.append((key, found))
        # The key makes the order of additions the same every time.
        known.sort(key=lambda pair: (pair[1].documents, pair[0]))
        read = [pair for pair in known if self._budget.allows(pair[1].documents)]
        if not read:
            return nothing()
        if among is not None and len(among) > read[0][1].documents:
            among = None
        if self._unscored:
            rows, _ = self._part.intersect([found for _, found in read], among)
            scores = np.zeros(len(rows), "f4")
        elif len(read) == 1 and among is None:
            [(key, found)] = read
            rows, scores = self._part.of_term(found, key[0], self._frequencies[key])
        else:
            rows, weights = self._part.intersect([found for _, found in read], among)
            scores = self._part.scores(rows, weights, [(key, self._frequencies[key]) for key, _ in read])
        exact = len(read) == len(known) and all(condition.exact for condition in conditions)
        return Held(rows, scores, None if exact else np.zeros(len(rows), bool))

    def _headed(self, condition: Condition) -> Held:
        """Rows with a word that begins so."""
        found, whole = self._part.words_from(condition.index_field, condition.text, MAX_WORDS)
        self._budget.spent |= not whole
        rows = self._part.union(figures for figures in found if self._budget.allows(figures.documents))
        scores = self._part.scores(rows, [np.ones(len(rows), "u1")], [((condition.index_field, ""), len(rows))])
        return Held(rows, scores, np.zeros(len(rows), bool) if condition.field == "text" else None)

    def _by_parts_of_words(self, conditions: Iterable[Condition]) -> Held:
        rows = self._part.with_word_parts([condition.text for condition in conditions])
        return Held(rows, np.float32(1) / (1 + self._part.norm(rows)), np.zeros(len(rows), bool))


def holding(part: PartIndex, node: Node, rows: Rows) -> Mask:
    """Which of the rows match, by their texts and columns: always true, and dear."""
    return _holding(part, node, rows, part.files.texts(rows))


def _holding(part: PartIndex, node: Node, rows: Rows, held: list[bytes]) -> Mask:
    if isinstance(node, Condition):
        test = test_of(node)
        return np.fromiter(map(test, held), bool, len(rows))
    if isinstance(node, All):
        return _each(part, node.parts, rows, held, leaving=False)
    if isinstance(node, Either):
        return ~_each(part, node.parts, rows, held, leaving=True)
    if isinstance(node, Without):
        return ~_holding(part, node.part, rows, held)
    if isinstance(node, Family):
        mask = _holding(part, node.part, rows, held)
        below, above = _with_parents(part, rows[~mask])
        mask[np.isin(rows, below)] = holding(part, node.part, above)
        return mask
    return by_column(part, node, rows)


def _each(part: PartIndex, nodes: tuple[Node, ...], rows: Rows, held: list[bytes], *, leaving: bool) -> Mask:
    """Which rows are left when each node takes those that match it, or do not, away; only what is left is compared."""
    mask = np.ones(len(rows), bool)
    for node in nodes:
        places = np.flatnonzero(mask)
        if not len(places):
            break
        some = held if len(places) == len(held) else [held[place] for place in places.tolist()]
        mask[places] = _holding(part, node, rows[places], some) != leaving
    return mask


def _with_parents(part: PartIndex, rows: Rows) -> tuple[Rows, Rows]:
    """Those of the rows that belong to a row, and that."""
    parents: Rows = taken(part.files.columns["parent"], rows).astype("u4")
    known = (parents > 0) & (parents <= part.files.records)
    return kept(rows, known), kept(parents, known) - np.uint32(1)


def by_column(part: PartIndex, node: Years | Classes, rows: Rows | slice) -> Mask:
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


def _is_plainly_out(part: Node) -> bool:
    """Whether it is NOT, and of a text that terms alone decide."""
    return isinstance(part, Without) and isinstance(part.part, Condition) and part.part.exact


def _cost(part: Node) -> int:
    order = (Condition, Either, All, Family, Years, Classes, Without)
    return order.index(type(part))


def _matches(held: Held) -> Matches:
    return Matches(held.rows, held.scores, np.zeros(len(held.rows), bool), held.certain)
