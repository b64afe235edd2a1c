"""Headings of several indexes as one list: letters, names with counts, the rows of one name.

Which names there are, and in which order, comes from the term files alone; how many resources stand behind a name that
is shown is counted from its postings, so that what is hidden or withdrawn does not count. Results are kept: the indexes
never change.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from indexer.analysis import title_key
from indexer.codec import Ids
from indexer.codec_terms import TermFigures
from indexer.creators import Person, persons
from indexer.headings import INITIALS, Heading, folded_name, heading_of, prefix
from indexer.kept_answers import KeptAnswers
from indexer.schema import term_key
from indexer.search_collector import PartIndex

_BLOCK = 20_000
"""Terms that are read at a time."""

_CANDIDATES = 300
"""Of each index so many of the most used terms are looked at for the names most used of all letters."""

MOST_VARIANTS = 64
"""Ways of writing one name that are heeded."""

_KEPT_ORDERS, _KEPT_PAGES, _KEPT_NAMES = 1_000_000, 256, 64
"""Names whose place in a letter's order is kept, 12 bytes each; pages; single names with their rows."""

_MOST_LIKE = 24
"""Names like another that are counted."""

_LONGEST_LIKE = 8
_ALL_LETTERS = ""
Rows = tuple[Ids, ...]
"""Rows of each part, ascending, that lists show."""


@dataclass(frozen=True, slots=True)
class CountedHeading:
    """A name in a list: as it is mostly written, and how many lines of a result stand behind it."""

    name: str
    count: int


@dataclass(frozen=True, slots=True)
class HeadingList:
    """A page of a list of names. `total`: names of the letter, some perhaps with nothing that is shown now."""

    headings: tuple[CountedHeading, ...]
    total: int


@dataclass(frozen=True, slots=True)
class NamedPerson:
    """A person or subject of a name.

    Attributes:
        person: what tells the person from others of the name. rows: of each part. count: lines.
    """

    person: Person
    rows: Rows
    count: int


@dataclass(frozen=True, slots=True)
class NamedHeading:
    """All that stands under one folded name.

    Attributes:
        name: as it is mostly written. others: further ways of writing it. rows: of each part. count: lines.
        persons: those whom the records tell apart, the most first; one for a subject.
    """

    name: str
    others: tuple[str, ...]
    rows: Rows
    count: int
    persons: tuple[NamedPerson, ...]


class Headings:
    """The headings of all parts. Any thread may ask."""

    def __init__(self, parts: Sequence[PartIndex]) -> None:
        """Nothing is read before the first question."""
        self._parts = tuple(parts)
        self._letters = KeptAnswers[tuple[str, bool], list[str]](8)
        self._orders = KeptAnswers[tuple[str, bool, str], _Order](_KEPT_ORDERS, lambda order: len(order.places))
        self._pages = KeptAnswers[tuple[str, bool, str, int, int], HeadingList](_KEPT_PAGES, lambda _: 1)
        self._names = KeptAnswers[tuple[str, bool, str], NamedHeading | None](_KEPT_NAMES, lambda _: 1)

    def letters(self, kind: str, *, child: bool) -> list[str]:
        """The letters under which there is something, in order."""
        return self._letters.get((kind, child), lambda: [*self._found_letters(kind, child)])

    def _found_letters(self, kind: str, child: bool) -> Iterator[str]:
        for letter in INITIALS:
            if any(first < last for first, last in (self._range(p, kind, child, letter) for p in self._parts)):
                yield letter

    def page(self, kind: str, letter: str, number: int, size: int, *, child: bool) -> HeadingList:
        """Names of a letter, the most used first.

        Args:
            kind: `creator` or `subject`.
            letter: of `INITIALS`; empty for the most used of all letters, which have one page.
            number: of the page, from 1.
            size: names a page.
            child: whether only what is meant for children counts.
        """

        def read() -> HeadingList:
            order = self._orders.get((kind, child, letter), lambda: self._order(kind, child, letter))
            stretch = slice((number - 1) * size, number * size)
            chosen = zip(order.parts[stretch].tolist(), order.places[stretch].tolist(), strict=True)
            found = [self._shown(kind, child, self._parts[part].files.terms.key(place)) for part, place in chosen]
            # The order is by rows, issues and hidden ones among them; on the page it is by what is shown.
            counted = tuple(sorted((h for h in found if h.count), key=lambda heading: -heading.count))
            return HeadingList(counted, len(order.places) if letter else len(counted))

        return self._pages.get((kind, child, letter, number, size), read)

    def named(self, kind: str, name: str, *, child: bool) -> NamedHeading | None:
        """What stands under a name, however it is written; None when nothing does that may be shown."""
        key = title_key(name)
        if not key:
            return None
        return self._names.get((kind, child, key), lambda: self._named(kind, child, key))

    def like(self, kind: str, text: str, limit: int, *, child: bool) -> list[CountedHeading]:
        """Names that begin as a text begins, or end as it ends, by two characters at least; the most used first."""
        key = title_key(text)
        found: dict[str, CountedHeading] = {}
        for length in range(min(len(key), _LONGEST_LIKE), 1, -1):
            for name in (*self._beginning(kind, child, key[:length]), *self._ending(kind, child, key[-length:])):
                if name not in found and len(found) < _MOST_LIKE:
                    found[name] = self._counted(kind, child, name)
            if len(found) >= limit:
                break
        counted = [heading for heading in found.values() if heading.count]
        return sorted(counted, key=lambda heading: -heading.count)[:limit]

    def _beginning(self, kind: str, child: bool, head: str) -> list[str]:
        names: dict[str, None] = {}
        for part, letter in product(self._parts, self.letters(kind, child=child)):
            wanted, terms = term_key(kind, prefix(child, letter) + head).encode(), part.files.terms
            first = terms.place(wanted)
            if first == terms.count or not terms.key(first).startswith(wanted):
                continue
            for term in terms.keys(first, min(first + _MOST_LIKE, terms.count)):
                if not term.startswith(wanted):
                    break
                names[folded_name(term)[1:].decode("utf-8", "replace")] = None
        return list(names)

    def _ending(self, kind: str, child: bool, tail: str) -> list[str]:
        between = [term_key(kind, prefix(child) + letter).encode() for letter in (INITIALS[-1], "Z\x7f")]
        names: dict[str, None] = {}
        for part in self._parts:
            terms = part.files.terms
            for place in terms.places_containing((between[0], between[1]), f"{tail}\x1f".encode(), _MOST_LIKE):
                names[folded_name(terms.key(place))[1:].decode("utf-8", "replace")] = None
        return list(names)

    def documents(self, kind: str, name: str) -> int:
        """How many rows of all indexes have a name or subject, hidden ones among them: how rare it is."""
        figures = [part.files.figures(kind, "=" + title_key(name)) for part in self._parts]
        return sum(found.documents for found in figures if found is not None)

    def _named(self, kind: str, child: bool, key: str) -> NamedHeading | None:
        known: dict[Heading, list[Ids | None]] = {}
        for number, part in enumerate(self._parts):
            for heading, figures in self._variants(part, kind, child, key):
                rows = known.setdefault(heading, [None] * len(self._parts))
                rows[number] = self._visible(part, [figures])
        headings = list(known)
        rows_of = [tuple(_NONE if rows is None else rows for rows in known[heading]) for heading in headings]
        everything = self._united(rows_of)
        count = self.lines(everything)
        if not count:
            return None
        sizes = [sum(map(len, rows)) for rows in rows_of]
        names: dict[str, int] = {}
        for heading, size in zip(headings, sizes, strict=True):
            names[heading.name] = names.get(heading.name, 0) + size
        written = sorted(names, key=lambda name: -names[name])
        told = [self._person(person, rows_of) for person in persons(headings)]
        told.sort(key=lambda named: (not named.person.told, -named.count))
        return NamedHeading(
            written[0], tuple(written[1:]), everything, count, tuple(named for named in told if named.count)
        )

    def _person(self, person: Person, rows_of: Sequence[Rows]) -> NamedPerson:
        rows = self._united([rows_of[n] for n in person.headings])
        return NamedPerson(person, rows, self.lines(rows))

    def _united(self, many: Sequence[Rows]) -> Rows:
        return tuple(_union([rows[number] for rows in many]) for number in range(len(self._parts)))

    def lines(self, rows: Rows) -> int:
        """How many lines of a result these rows are: issues and volumes stand under their parent."""
        return sum(len(self.lines_of(part, held)) for part, held in zip(self._parts, rows, strict=True))

    @staticmethod
    def lines_of(part: PartIndex, rows: Ids) -> Ids:
        """Which of the rows stand for a line: of a family the parent, when it is among them, else the first."""
        keys = np.where(part.families.child[rows], 0, 1 << 40) - rows.astype("i8")
        kept = part.families.lines(rows, keys)
        lines: Ids = rows if kept is None else rows[kept]
        return lines

    def _shown(self, kind: str, child: bool, term: bytes) -> CountedHeading:
        letter, key = (text := folded_name(term).decode("utf-8", "replace"))[:1], text[1:]
        return self._counted(kind, child, key, letter)

    def _counted(self, kind: str, child: bool, key: str, letter: str = "") -> CountedHeading:
        names: dict[str, int] = {}
        count = 0
        for part in self._parts:
            variants = self._variants(part, kind, child, key, letter)
            for heading, figures in variants:
                names[heading.name] = names.get(heading.name, 0) + figures.documents
            if variants:
                count += len(self.lines_of(part, self._visible(part, [figures for _, figures in variants])))
        return CountedHeading(max(names, key=lambda name: names[name]) if names else key, count)

    @staticmethod
    def _visible(part: PartIndex, many: Sequence[TermFigures]) -> Ids:
        rows = _union([part.files.postings(figures)[0] for figures in many])
        return rows if part.all_visible else rows[part.visible[rows]]

    def _variants(
        self, part: PartIndex, kind: str, child: bool, key: str, letter: str = ""
    ) -> list[tuple[Heading, TermFigures]]:
        """All headings of a folded name, which stands under one letter; without it the letters are tried.

        Which letter a name has only makers of indexes need to know, who have the tables of sounds for it.
        """
        for tried in (letter,) if letter else self.letters(kind, child=child):
            if found := self._written(part, term_key(kind, prefix(child, tried, key)).encode("utf-8", "replace")):
                return found
        return []

    @staticmethod
    def _written(part: PartIndex, wanted: bytes) -> list[tuple[Heading, TermFigures]]:
        terms = part.files.terms
        first = terms.place(wanted)
        found: list[tuple[Heading, TermFigures]] = []
        for place in range(first, min(first + MOST_VARIANTS, terms.count)):
            term = terms.key(place)
            if not term.startswith(wanted):
                break
            try:
                found.append((heading_of(term), terms.figures_at(place)))
            except ValueError:
                continue
        return found

    @staticmethod
    def _range(part: PartIndex, kind: str, child: bool, letter: str) -> tuple[int, int]:
        wanted = term_key(kind, prefix(child, letter)).encode()
        terms = part.files.terms
        return terms.place(wanted), terms.place(wanted[:-1] + bytes([wanted[-1] + 1]))

    def _order(self, kind: str, child: bool, letter: str) -> _Order:
        """The names of a letter by how often they are used."""
        read = self._most_used if letter == _ALL_LETTERS else _names_of
        found = [read(part, *self._range(part, kind, child, letter)) for part in self._parts]
        if len(found) == 1:
            _, places, counts = found[0]
            order = np.argsort(-counts.astype("i8"), kind="stable")
            return _Order(np.zeros(len(order), "u2"), places[order])
        totals: dict[bytes, int] = {}
        firsts: dict[bytes, tuple[int, int]] = {}
        for number, (names, places, counts) in enumerate(found):
            for name, place, count in zip(names, places.tolist(), counts.tolist(), strict=True):
                totals[name] = totals.get(name, 0) + count
                firsts.setdefault(name, (number, place))
        chosen = [firsts[name] for name in sorted(totals, key=lambda name: (-totals[name], name))]
        return _Order(np.array([part for part, _ in chosen], "u2"), np.array([place for _, place in chosen], "u4"))

    @staticmethod
    def _most_used(part: PartIndex, first: int, last: int) -> _Names:
        documents = part.files.terms.documents(first, last)
        places = np.arange(first, last, dtype="u4")
        if len(places) > _CANDIDATES:
            chosen = np.sort(np.argpartition(documents, len(documents) - _CANDIDATES)[-_CANDIDATES:])
            documents, places = documents[chosen], places[chosen]
        names = [folded_name(part.files.terms.key(place)) for place in places.tolist()]
        return _grouped(names, places, documents)


@dataclass(frozen=True, slots=True)
class _Order:
    """Names in order: the part and the place of the first term of each."""

    parts: NDArray[np.uint16]
    places: NDArray[np.uint32]


_NONE = np.zeros(0, "u4")
_Names = tuple[list[bytes], NDArray[np.uint32], NDArray[np.int64]]
"""Folded names in order, the place of the first term of each, and how often it is used."""


def _names_of(part: PartIndex, first: int, last: int) -> _Names:
    """The names of a stretch of terms."""
    names: list[bytes] = []
    for start, end in pairwise([*range(first, last, _BLOCK), last]):
        names += map(folded_name, part.files.terms.keys(start, end))
    return _grouped(names, np.arange(first, last, dtype="u4"), part.files.terms.documents(first, last))


def _grouped(names: list[bytes], places: NDArray[np.uint32], documents: NDArray[np.uint32]) -> _Names:
    """Each name once, with all its documents; equal names follow each other."""
    if not names:
        return [], places, documents.astype("i8")
    starts = [0, *(n for n, (before, name) in enumerate(pairwise(names), 1) if before != name)]
    return [names[n] for n in starts], places[starts], np.add.reduceat(documents.astype("i8"), starts)


def _union(many: Sequence[Ids]) -> Ids:
    if len(many) == 1:
        return many[0]
    found: Ids = np.unique(np.concatenate(many)) if many else _NONE
    return found
