"""What is related to a resource, and why: computed from what records say, within a bound of work.

The reasons, the strongest first: the same work in another edition or form, the same parent, the same creator, a shared
subject (the rarer, the more it says), the same class and time. Names and subjects that very many resources share say
little and are left out.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log

import numpy as np
from numpy.typing import NDArray

from indexer.analysis import title_key
from indexer.codec import Ids
from indexer.model import AUDIENCES, Resource
from indexer.schema import NO_YEAR, SECTION_MARK
from indexer.search_collector import PartIndex

REASONS = ("edition", "parent", "creator", "subject", "class")
MOST_SHARED = 4_000
"""Rows of a name or subject in one index that are looked at; one that more have is left out."""

BUDGET = 12_000
"""Rows that are looked at altogether, and rows of the same class."""

_MOST_EACH = {"edition": 3, "parent": 2, "creator": 3, "subject": 4, "class": 2}
_WEIGHTS = {"edition": 100.0, "parent": 14.0, "creator": 12.0, "class": 1.0}
_MOST_NAMES, _MOST_SUBJECTS = 3, 8
_NEAR_YEARS = 15
_ENOUGH = 4
_CHILDREN = AUDIENCES.index("children") + 1
_CREATORS = 1
"""Place of the creators among the sections of a text."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A resource that is related.

    Attributes:
        place: its part and row. reason: of `REASONS`. value: the name or subject that both have; empty for others.
    """

    place: tuple[int, int]
    reason: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class _Shared:
    """Rows of one part that share something with the resource."""

    rows: Ids
    reason: str
    value: str
    weight: float


class Related:
    """Finds what is related, over all parts. Any thread may ask."""

    def __init__(self, parts: Sequence[PartIndex]) -> None:
        """Nothing is read before the first question."""
        self._parts = tuple(parts)

    def of(self, resource: Resource, own: Sequence[int | None], *, child: bool, limit: int) -> list[Relation]:
        """What is related to a resource, the most first; never itself, its parts or what it is a part of.

        Args:
            resource: the record.
            own: for each part the row of the resource, None when it does not hold it.
            child: whether only what is meant for children counts.
            limit: how many at most; of no reason all of them, so that the list stays mixed.
        """
        found: list[tuple[float, Relation, int]] = []
        for number, (part, row) in enumerate(zip(self._parts, own, strict=True)):
            shared = self._shared(part, resource, row)
            scored = self._scored(number, part, shared, row, child=child)
            if len(scored) < _ENOUGH and row is not None:
                scored += self._scored(number, part, [self._same_class(part, row)], row, child=child)
            found += scored
        found.sort(key=lambda entry: (-entry[0], entry[1].place))
        return _mixed(found, limit)

    def _shared(self, part: PartIndex, resource: Resource, row: int | None) -> list[_Shared]:
        budget = BUDGET
        shared: list[_Shared] = []
        everything = list(self._terms(part, resource))
        # The rarest first: they say most, and the budget then leaves out what says least.
        for documents, field, term, reason, value in sorted(everything, key=lambda entry: entry[0]):
            budget -= documents
            if budget < 0:
                break
            figures = part.files.figures(field, term)
            if figures is None:
                continue
            rows = part.files.postings(figures)[0]
            weight = _WEIGHTS.get(reason) or 0.6 * log(1 + part.files.records / documents)
            shared.append(_Shared(rows, reason, value, weight))
        names = [held.rows for held in shared if held.reason == "creator"]
        shared = [_same_work(part, held, names) if held.reason == "edition" else held for held in shared]
        if row is not None and (parent := int(part.files.columns["parent"][row])) and not part.families.child[row]:
            siblings = _equal(part.files.columns["parent"], parent)[:MOST_SHARED]
            shared.append(_Shared(siblings, "parent", "", _WEIGHTS["parent"]))
        return shared

    @staticmethod
    def _terms(part: PartIndex, resource: Resource) -> Iterator[tuple[int, str, str, str, str]]:
        """Documents, field and term of what the resource has, with the reason and value it stands for."""
        asked = [("title", title, "edition") for title in (resource.title, *resource.title_alt[:_MOST_NAMES])]
        asked += [("creator", creator.name, "creator") for creator in resource.creators[:_MOST_NAMES]]
        asked += [("subject", subject, "subject") for subject in resource.subjects[:_MOST_SUBJECTS]]
        for field, value, reason in dict.fromkeys(asked):
            term = "=" + title_key(value)
            figures = part.files.figures(field, term) if len(term) > 1 else None
            if figures is not None and figures.documents <= MOST_SHARED:
                yield figures.documents, field, term, reason, value

    @staticmethod
    def _same_class(part: PartIndex, row: int) -> _Shared:
        """Rows of exactly the same classes whose time is near; none for a record without a class."""
        columns = part.files.columns
        number = int(columns["class"][row])
        if not number:
            return _Shared(np.zeros(0, "u4"), "class", "", 0)
        rows = _equal(columns["class"], number)
        rows = rows[np.argsort(np.abs(rows.astype("i8") - row), kind="stable")[:BUDGET]]
        first, last = int(columns["year_from"][row]), int(columns["year_to"][row])
        if first != NO_YEAR:
            begin, end = columns["year_from"][rows].astype("i4"), columns["year_to"][rows].astype("i4")
            near = (begin != NO_YEAR) & (begin <= last + _NEAR_YEARS) & (end >= first - _NEAR_YEARS)
            rows = rows[near] if near.any() else rows
        return _Shared(np.sort(rows), "class", "", _WEIGHTS["class"])

    def _scored(
        self, number: int, part: PartIndex, shared: Sequence[_Shared], own: int | None, *, child: bool
    ) -> list[tuple[float, Relation, int]]:
        """Score, relation and family of the rows that may be shown, the strongest of each reason."""
        held = [entry for entry in shared if len(entry.rows)]
        if not held:
            return []
        rows, inverse = np.unique(np.concatenate([entry.rows for entry in held]), return_inverse=True)
        weights = np.repeat([entry.weight for entry in held], [len(entry.rows) for entry in held])
        scores = np.bincount(inverse, weights)
        strongest = np.zeros(len(rows), "i4")
        # The strongest reason of each row: written from the weakest on, so that the last one stands.
        at = np.cumsum([0, *(len(entry.rows) for entry in held)])
        for place in sorted(range(len(held)), key=lambda place: held[place].weight):
            strongest[inverse[at[place] : at[place + 1]]] = place
        kept = part.visible[rows]
        columns, families = part.files.columns, part.families
        if child:
            kept &= columns["audience"][rows] == _CHILDREN
        if own is not None:
            family = int(families.family[own])
            kept &= rows != own
            kept &= (columns["parent"][rows] != own + 1) & (rows + 1 != int(columns["parent"][own]))
            if family:
                kept &= families.family[rows] != family
            scores += 1.5 * ((columns["class"][rows] == columns["class"][own]) & (columns["class"][rows] > 0))
        scores += columns["readable"][rows] == 1
        rows, scores, strongest = rows[kept], scores[kept], strongest[kept]
        best = np.argsort(-scores, kind="stable")[: 8 * sum(_MOST_EACH.values())]
        found = []
        for n in best.tolist():
            entry, row = held[int(strongest[n])], int(rows[n])
            own_family = int(families.family[row])
            group = -1 if not own_family else number << 32 | own_family
            found.append((float(scores[n]), Relation((number, row), entry.reason, entry.value), group))
        return found


def _same_work(part: PartIndex, held: _Shared, names: Sequence[Ids]) -> _Shared:
    """Of the rows with the same title those of a shared creator, or with no creator at all."""
    if not names:
        return held
    everyone = np.unique(np.concatenate(names))
    mark = SECTION_MARK.encode()
    kept = [
        row
        for row, named in zip(held.rows[:200].tolist(), np.isin(held.rows[:200], everyone).tolist(), strict=True)
        if named or not part.files.text(row).split(mark)[_CREATORS]
    ]
    return _Shared(np.array(kept, "u4"), held.reason, held.value, held.weight)


def _equal(column: NDArray[np.uint32], value: int) -> Ids:
    """Rows of a column that hold a value; compared in the order of bytes that the file has."""
    wanted = np.array(value, column.dtype).tobytes()
    native = np.frombuffer(wanted, "u4")[0]
    found: Ids = np.flatnonzero(column.view("u4") == native).astype("u4")
    return found


def _mixed(found: Sequence[tuple[float, Relation, int]], limit: int) -> list[Relation]:
    """The first ones, of each reason not more than its share, of each family one."""
    left = dict(_MOST_EACH)
    families: set[int] = set()
    chosen: list[Relation] = []
    for _, relation, family in found:
        if len(chosen) == limit:
            break
        if not left[relation.reason] or family in families:
            continue
        left[relation.reason] -= 1
        if family >= 0:
            families.add(family)
        chosen.append(relation)
    return chosen
