"""What a query is asked as too, in words of like meaning: 糖尿病吃什么 as 糖尿病 and any of 饮食, 食疗, 营养.

What is found so stands after all that holds the words as they were typed, and the page says by which words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from indexer.analysis import fold, is_spaceless, normal_text, query_terms
from indexer.search_collector import Matches, PartIndex
from indexer.search_numbers import meant_by
from indexer.search_order import Found, alike_mask
from indexer.search_query import MAX_QUERY, MAX_TERMS, parse
from indexer.search_request import Hit
from indexer.search_tree import Either, Query
from indexer.search_wider import Frequency, cut, is_plain
from indexer.thesaurus.segments import Segment, segments, without_particles
from indexer.thesaurus.table import Table

MOST_ALSO = 6
"""Words beside one that was typed."""

MOST_WORDS = 8
"""Pieces of a query that are looked for."""

_LEAST_CUT = 4
"""Characters of a piece between words that is cut by what the collection holds."""


@dataclass(frozen=True, slots=True)
class Alike:
    """A query in words of like meaning.

    Attributes:
        text: in the query language. query: the same, read.
        typed: what of the words typed is in it.
        words: those of like meaning in it, in order.
    """

    text: str
    query: Query
    typed: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AlikeFound:
    """What a query in words of like meaning finds beside what was found already.

    Attributes:
        query: the query as typed or this one: what every row found matches.
        asked: what it was made of.
        matches: of each part, all rows.
        exact: whether each was compared with what was asked.
    """

    query: Query
    asked: Alike
    matches: list[Matches]
    exact: bool

    def words(self, hits: Iterable[Hit]) -> tuple[str, ...]:
        """The words by which some hits were found; first what of those typed was asked for, where one has only that."""
        found = [hit.alike for hit in hits if hit.alike is not None]
        named = dict.fromkeys(word for words in found for word in words)
        return tuple(named) if named and all(found) else (self.asked.typed, *named)

    def of(self, place: tuple[int, int]) -> bool:
        """Whether a row is found by words of like meaning only."""
        return bool(alike_mask(self.matches[place[0]], np.array([place[1]], "u4"))[0])


@dataclass(slots=True)
class _Piece:
    """What one piece of the query is asked for as: any of these."""

    typed: str
    ways: list[str]
    also: list[str]


def alike(text: str, table: Table, frequency: Frequency) -> Iterator[Alike]:
    """The query in words of like meaning, then with less of it; none where the table knows no other words.

    First without words that only ask and what stands between words in one character, then what the table knows, where
    those are two words at least.

    Args:
        text: the query.
        table: of words of like meaning.
        frequency: how many records hold a pair of characters.
    """
    words = text[:MAX_QUERY].split()
    if not is_plain(text) or not words:
        return
    pieces = [piece for word in words for piece in _cut(word, table, frequency)]
    known = [piece for piece in pieces if piece.entry is not None and not piece.entry.asks]
    sure = len(known) > 1 or any(piece.entry is not None and piece.entry.asks for piece in pieces)
    some = (
        [piece for piece in pieces if piece in known or (piece.entry is None and len(piece.text) > 1)] if sure else []
    )
    before: set[str] = set()
    for chosen in (pieces, some, known if len(known) > 1 else []):
        made = _made(chosen, less=len(chosen) < len(pieces))
        if made is not None and made.text not in before:
            before.add(made.text)
            yield made


def _cut(word: str, table: Table, frequency: Frequency) -> list[Segment]:
    """The pieces of a word; one that the table knows nothing of as it was typed."""
    normal = normal_text(fold(word))
    found = segments(normal, table) if normal and " " not in normal else []
    if not any(piece.entry for piece in found):
        return [Segment(word)]
    pieces: list[Segment] = []
    for piece in found:
        if piece.entry is not None:
            pieces.append(piece)
            continue
        rest = without_particles(piece.text)
        whole = len(rest) < _LEAST_CUT or not all(map(is_spaceless, rest)) or meant_by(rest) is not None
        pieces += map(Segment, [rest] if whole and rest else cut(rest, frequency) if rest else [])
    return pieces


def _made(pieces: Sequence[Segment], *, less: bool) -> Alike | None:
    """The query of some pieces, with as many other words as one query may look up; `less`: something is left out."""
    asked: list[_Piece] = []
    every = {piece.text for piece in pieces}
    for segment in dict.fromkeys(pieces):
        entry = segment.entry
        if entry is not None and entry.asks and not entry.also:
            less = True
            continue
        bare = entry is not None and len(segment.text) == 1
        # Not as another piece, which must be there anyway: 朱自清 for 背影 in 朱自清背影.
        also = [other for other in entry.also if other not in every][:MOST_ALSO] if entry is not None else []
        asked.append(_Piece(segment.text, [] if bare else [segment.text], also))
    if not 0 < len(asked) <= MOST_WORDS:
        return None
    left = MAX_TERMS - sum(_cost(way) for piece in asked for way in piece.ways)
    added: list[str] = []
    for place in range(MOST_ALSO):
        for piece in asked:
            if place < len(piece.also) and (cost := _cost(piece.also[place])) <= left:
                left -= cost
                piece.ways.append(piece.also[place])
                added.append(piece.also[place])
    if left < 0 or not (less or added) or not all(piece.ways for piece in asked):
        return None
    text = " ".join(_any_of(piece.ways) for piece in asked)
    query = parse(text)
    # Numbers may be read in more terms than they were counted as; what is cut would ask for something else.
    if len(text) > MAX_QUERY or query.cut:
        return None
    return Alike(text, query, " ".join(piece.typed for piece in asked), tuple(dict.fromkeys(added)))


def _cost(text: str) -> int:
    return sum(len(query_terms(stretch)) for stretch in normal_text(fold(text)).split())


def _any_of(ways: Sequence[str]) -> str:
    grouped = [f"({way})" if " " in way and len(ways) > 1 else way for way in ways]
    return grouped[0] if len(grouped) == 1 else f"({' 或 '.join(grouped)})"


def joined(parts: Sequence[PartIndex], matches: Sequence[Matches], more: Sequence[Matches]) -> list[Matches]:
    """The matches with what others add, which is known as found by words of like meaning only."""
    return [_joined(part, first, other) for part, first, other in zip(parts, matches, more, strict=True)]


def _joined(part: PartIndex, first: Matches, other: Matches) -> Matches:
    known = np.zeros(part.files.records, bool)
    known[first.rows] = True
    new = ~known[other.rows]
    every = np.concatenate([first.rows, other.rows[new]])
    order = np.argsort(every, kind="stable")
    certain = None
    if first.certain is not None or other.certain is not None:
        certain = np.concatenate([_sure(first), _sure(other)[new]])[order]
    return replace(
        first,
        rows=every[order],
        scores=np.concatenate([first.scores, other.scores[new]])[order],
        whole=np.concatenate([first.whole, other.whole[new]])[order],
        certain=certain,
        alike=other.rows[new],
        there=None,
    )


def _sure(match: Matches) -> NDArray[np.bool_]:
    return np.ones(len(match.rows), bool) if match.certain is None else match.certain


def lines_behind(found: Sequence[Found]) -> int:
    """How many lines only words of like meaning find."""
    return sum(part.count for part in apart(found)[1])


def apart(found: Sequence[Found]) -> tuple[list[Found], list[Found]]:
    """The lines that hold the words as typed, and those that only words of like meaning find."""
    typed: list[Found] = []
    more: list[Found] = []
    for part in found:
        places = part.lines()
        behind = np.zeros(len(places), bool) if part.behind is None else part.behind.take(places)
        typed.append(part.only(places.compress(~behind)))
        more.append(part.only(places.compress(behind)))
    return typed, more


def both(typed: Query, other: Query) -> Query:
    """Either of two queries; the texts of both are marked."""
    conditions = tuple(dict.fromkeys((*typed.conditions, *other.conditions)))
    return replace(typed, conditions=conditions, tree=Either((typed.root, other.root)), nothing=False)


def by_alike(hit: Hit, text: str, found: AlikeFound) -> Hit:
    """The hit, saying by which words it was found; `text` is the row's in the index."""
    held = [word for word in found.asked.words if all(stretch in text for stretch in word.split())]
    return replace(hit, alike=tuple(held[:2]))
