"""The order of what matches, and the first lines of it: only what can stand on the page is put in order."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids
from indexer.search_best import best_places, first_alike, floor_of
from indexer.search_collapse import Families
from indexer.search_collector import Matches, PartIndex, Scores
from indexer.search_filters import that_pass
from indexer.search_orders import DENSE, date_ranks, first_lines
from indexer.search_readable import ABLE, ANYWHERE, States
from indexer.search_rows import Rows, kept, pieces, rows_of, taken

_LEAST = 64
"""Rows that are looked at for the first lines, at least."""
_MANY = 1 << 14
"""Rows that are not all ranked if it can be helped."""
_BEHIND, _FAR_BEHIND = np.int32(1 << 29), np.int64(1) << 60
"""Taken from ranks of what comes after all others, greater than any of them: of 32 and of 64 bits."""
_DEEP = 1 << 12
"""Lines from which on a page is looked for without putting in order what stands before it."""
_ALIKE = 8
"""Rows a line that are taken where nothing but their place orders them."""
_MOST_LOOKS = 6
"""Times that is looked for the first lines without ranking all rows."""
_HIGHEST, _STEPS = 16000, 1024
"""Scores are compared up to that, and in steps of that part of one."""

Mask = NDArray[np.bool_]
Places = NDArray[np.intp]


Ranks = NDArray[np.signedinteger[Any]]
Rank = Callable[[Places], Ranks]
"""From places among rows to what orders them: the greatest comes first, of equal ones the first row."""


@dataclass(slots=True)
class Found:
    """Rows of one part that pass all filters, ascending, and what orders them.

    Attributes:
        part: place of the part. rows: all that pass.
        rank: orders them; it is asked of few.
        count: how many lines there are.
        families: of the part, where the rows of a family are one line; None when each row is a line.
        by_row: whether equal ones of different parts are ordered by their rows before their parts.
        likely: from a number of rows, and which are open, to the places of at least so many of the first open ones,
            where that is told without ranking all: nothing open that is not among them comes before them. Else none.
        order: all rows of the part as `rank` orders them, where that is kept.
        behind: which of the rows only words of like meaning find; None: none.
    """

    part: int
    rows: Rows
    rank: Rank
    count: int = 0
    families: Families | None = None
    by_row: bool = True
    likely: Callable[[int, Mask | None], Places] | None = None
    behind: Mask | None = None
    order: Callable[[], Ids] | None = None

    def lines(self) -> Places:
        """Where the rows that stand for a line are among all, in their order."""
        lines = None
        if self.families is not None:
            keys = self._all()
            if self.by_row:
                keys = (keys.astype("i8") << 32) - self.rows  # ranks may be equal, keys must not
            lines = self.families.lines(self.rows, keys)
        return np.arange(len(self.rows)) if lines is None else np.flatnonzero(lines)

    def line_keys(self) -> tuple[Rows, NDArray[np.int64]]:
        """The rows that stand for a line, and keys that ascend as the lines do, where ranks have 32 bits."""
        keys = self._all().astype("i8")
        keys <<= 32
        keys -= self.rows  # ranks may be equal, keys must not
        lines = None if self.families is None else self.families.lines(self.rows, keys)
        np.negative(keys, out=keys)
        return (self.rows, keys) if lines is None else (kept(self.rows, lines), kept(keys, lines))

    def only(self, places: Places) -> Found:
        """Those at some places, each a line of its own."""
        rank = self.rank
        return Found(
            self.part,
            self.rows.take(places),
            lambda some: rank(places.take(some)),
            count=len(places),
            by_row=self.by_row,
        )

    def first(self, wanted: int) -> Places:
        """Where among the rows the first `wanted` lines stand, in order; a family stands where its best row does."""
        alone = self.families is None or self.count == len(self.rows)
        if self.order is not None and len(self.rows) >= _MANY:
            order = self.order()
            if len(self.rows) * DENSE >= len(order):
                first = first_lines(order, self.rows, None if alone else self.families, wanted)
                return np.searchsorted(self.rows, first)
        least = wanted if alone else max(_LEAST, 2 * wanted)
        found = self._likely_lines(wanted, least, alone=alone)
        if found is not None:
            return found
        high = self._all()
        if alone:
            return best_places(high, wanted)[:wanted]
        chosen: list[Places] = []
        left: Places = np.arange(len(self.rows))
        while True:
            best = best_places(high, least)
            places = left.take(best)
            numbers = self._families(places)
            lines = places.compress(_first_of_each(numbers))
            chosen.append(lines[:wanted])
            wanted -= len(lines)
            if wanted <= 0 or len(best) == len(high):
                return np.concatenate(chosen)
            # One family may be most of what there is: what is left after it and these is looked at for the rest.
            met = np.zeros(len(self.families.parents) if self.families else 1, bool)
            met[numbers] = True
            met[0] = False
            open_ = np.ones(len(high), bool)
            open_[best] = False
            open_ &= ~met.take(self._families(left))
            left, high = kept(left, open_), kept(high, open_)
            least *= 2

    def _likely_lines(self, wanted: int, least: int, *, alone: bool) -> Places | None:
        """The same where it is told without ranking all, else None."""
        if self.likely is None or len(self.rows) < _MANY:
            return None
        chosen: list[Places] = []
        count, open_ = 0, None
        for _ in range(_MOST_LOOKS):
            places = self.likely(least, open_)
            if not len(places):
                return None
            places = places[np.argsort(-self.rank(places), kind="stable")]
            numbers = np.zeros(len(places), "u4") if alone else self._families(places)
            chosen.append(places.compress(_first_of_each(numbers)))
            count += len(chosen[-1])
            if count >= min(wanted, self.count):
                return np.concatenate(chosen)[:wanted]
            # One family may be most of what there is: what is left after it and these is looked at for the rest.
            open_ = np.ones(len(self.rows), bool) if open_ is None else open_
            open_[places] = False
            if self.families is not None:
                met = np.zeros(len(self.families.parents), bool)
                met[numbers] = True
                met[0] = False
                for piece in pieces(len(self.rows)):
                    open_[piece] &= ~met.take(self.families.family.take(self.rows[piece]))
            if not open_.any():
                return None
        return None

    def _families(self, places: Places) -> NDArray[np.uint32]:
        if self.families is None:
            return np.zeros(len(places), "u4")
        return taken(self.families.family, self.rows.take(places))

    def _all(self) -> Ranks:
        """What orders all rows."""
        found = [self.rank(np.arange(piece.start, piece.stop)) for piece in pieces(len(self.rows))]
        return np.concatenate(found) if found else np.zeros(0, "i4")


def _first_of_each(numbers: NDArray[np.uint32]) -> Mask:
    """Which of them are the first of their family; rows that are in none all are."""
    first: Mask = numbers == 0
    first[np.unique(numbers, return_index=True)[1]] = True
    return first


def alike_mask(match: Matches, rows: Rows) -> Mask:
    """Which of the rows words of like meaning only find."""
    if match.alike is None or not len(match.alike):
        return np.zeros(len(rows), bool)
    places = np.minimum(np.searchsorted(match.alike, rows), len(match.alike) - 1)
    mask: Mask = match.alike[places] == rows
    return mask


def ordered(number: int, part: PartIndex, match: Matches, passed: Mask | None, sort: str, state: States) -> Found:
    """What orders each row that passed; what only words of like meaning find comes after all others.

    By relevance what can be read now comes first, then what is on other drives, then what nobody can read: entries of
    the catalogue, and what is closed.

    Args:
        number: place of the part.
        part: the part.
        match: what matched.
        passed: which of its rows pass all filters; None: all.
        sort: see `SearchRequest.sort`.
        state: of each of its rows, see `indexer.search_readable`.
    """
    found = _ordered(number, part, match, passed, sort, state)
    if match.alike is not None:
        behind, rank = alike_mask(match, found.rows), found.rank

        def rank_behind(places: Places) -> Ranks:
            ranks = rank(places)
            ranks[behind.take(places)] -= _BEHIND if ranks.dtype == np.dtype("i4") else _FAR_BEHIND
            return ranks

        found.rank, found.behind, found.likely, found.order = rank_behind, behind, None, None
    return found


def _ordered(number: int, part: PartIndex, match: Matches, passed: Mask | None, sort: str, state: States) -> Found:
    rows, columns = that_pass(match.rows, passed), part.files.columns
    if sort == "relevance":
        scores, whole = match.scores, match.whole
        if passed is not None:
            scores, whole, state = kept(scores, passed), kept(whole, passed), kept(state, passed)
        relevance = _Relevance(scores, whole, state)
        return Found(number, rows, relevance.rank, likely=relevance.likely)
    if sort == "title":
        return Found(
            number,
            rows,
            lambda places: -columns["title_rank"].take(rows.take(places)).astype("i8"),
            by_row=False,
            order=part.orders.by_title,
        )
    if sort == "issue":
        return Found(number, rows, lambda places: -columns["part"].take(rows.take(places)).astype("i8"), by_row=False)

    newest_first = sort == "year_desc"
    return Found(
        number,
        rows,
        lambda places: date_ranks(part.files, rows.take(places), newest_first=newest_first),
        order=partial(part.orders.by_date, newest_first=newest_first),
    )


@dataclass(frozen=True, slots=True)
class _Relevance:
    """Orders rows by what can be read, by the title that was asked for, by score."""

    scores: Scores
    whole: Mask
    state: States

    def rank(self, places: Places) -> Ranks:
        """What orders some of them."""
        ranks = self.state.take(places).astype("i4")
        ranks &= ABLE | ANYWHERE
        ranks <<= 1
        ranks += self.whole.take(places)
        ranks <<= 24
        ranks += (np.minimum(self.scores.take(places), _HIGHEST) * _STEPS).astype("i4")
        return ranks

    def likely(self, least: int, open_: Mask | None = None) -> Places:
        """The first ones of those that can best be read, where these are many; else none. See `Found`."""
        tiers = self.state & np.uint8(ABLE | ANYWHERE)
        best = tiers == (tiers.max() if open_ is None else (tiers * open_).max())
        if open_ is not None:
            best &= open_
        if not (self.scores.any() or self.whole.any()):
            return first_alike(best, True, _ALIKE * least)
        many = int(np.count_nonzero(best))
        if many < least * _ALIKE:
            return np.zeros(0, np.intp)
        scores = self.scores if many == len(best) else self.scores * best
        floor = math.floor(min(float(floor_of(scores, least)), _HIGHEST) * _STEPS)
        if floor <= 0:
            return np.zeros(0, np.intp)
        # Ranks know scores by steps: of those within the step of the floor the first rows come first.
        reached = scores >= np.float32(floor / _STEPS)
        if np.count_nonzero(reached) > _ALIKE * least:
            above = (
                scores >= np.float32((floor + 1) / _STEPS) if floor < _HIGHEST * _STEPS else np.zeros(len(best), bool)
            )
            above[first_alike(reached & ~above, True, least)] = True
            reached = above
        wholes = np.flatnonzero(self.whole)
        reached[wholes] = best.take(wholes)
        return rows_of(reached).astype(np.intp)


def merged(found: Sequence[Found], wanted: int) -> list[tuple[int, int]]:
    """Part and row of the first `wanted` lines of all parts, in order."""
    candidates: list[tuple[int, int, int]] = []
    for part in found:
        places = part.first(wanted)
        rows, ranks = part.rows.take(places).tolist(), part.rank(places).tolist()
        candidates += [(-rank, row, part.part) for rank, row in zip(ranks, rows, strict=True)]
    if len(found) > 1:
        by_row = all(part.by_row for part in found)
        candidates.sort(key=None if by_row else lambda line: (line[0], line[2], line[1]))
    return [(part, row) for _, row, part in candidates[:wanted]]


def between(found: Sequence[Found], first: int, last: int) -> list[tuple[int, int]]:
    """Part and row of the lines from `first` to before `last` of all parts, in order.

    A page deep in many lines is found without putting in order what stands before it.
    """
    ranked = [part.rank(np.zeros(0, np.intp)).dtype == np.dtype("i4") and part.by_row for part in found]
    last = min(last, sum(part.count for part in found))
    if first >= last:
        return []
    if last <= _DEEP or not all(ranked):
        return merged(found, last)[first:last]
    lines = [part.line_keys() for part in found]
    keys = np.concatenate([keys for _, keys in lines])
    bounds = np.partition(keys, (first, last - 1))
    least, most = bounds[first], bounds[last - 1]
    # The same row of several parts may have the same key.
    places = np.flatnonzero((keys >= least) & (keys <= most))
    rows = np.concatenate([rows for rows, _ in lines]).take(places)
    starts = np.cumsum([len(rows) for rows, _ in lines])
    parts = np.searchsorted(starts, places, side="right")
    order = np.lexsort((parts, keys.take(places)))[first - int(np.count_nonzero(keys < least)) :][: last - first]
    return [(found[at].part, row) for at, row in zip(parts[order].tolist(), rows[order].tolist(), strict=True)]
