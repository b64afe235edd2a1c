"""Finding without a query: names, subjects, classes, places, times, serials, and what is related to a resource.

Everything comes from the search indexes of the live releases; what is hidden or withdrawn does not count.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, TypeVar

from indexer.model import AUDIENCES, Resource
from indexer.search_works import issues_of, newest_first, works_by_type

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.creators import Person
    from indexer.search import Searcher
    from indexer.search_headings import CountedHeading, HeadingList, NamedHeading
    from indexer.search_tallies import Tally

_T = TypeVar("_T")
_CHILDREN = AUDIENCES.index("children") + 1
PEERS = 60
"""Works of one name whose records are looked at for the names and subjects that go with it."""


class Ask(Protocol):
    """Puts a question to the searcher over all live releases.

    Raises:
        SearchNotReadyError: there is none yet.
        BusyError: too many questions wait already.
    """

    def __call__(self, question: Callable[[Searcher], _T]) -> _T:
        """The answer."""
        ...


@dataclass(frozen=True, slots=True)
class Works:
    """Works of one type. `held`: the first ones, the oldest first. `count`: lines that there are."""

    type: str
    count: int
    held: tuple[Held, ...]


@dataclass(frozen=True, slots=True)
class Named:
    """A name or subject with what stands under it.

    Attributes:
        name: as it is mostly written. others: other ways of writing it. count: lines of a result.
        person: the one of several of this name that was asked for; None when all are shown.
        persons: all of this name whom the records tell apart, with how much each has; one when they say nothing.
        peers: records of some of the works, for what goes with the name.
    """

    name: str
    others: tuple[str, ...]
    count: int
    person: Person | None
    persons: tuple[tuple[Person, int], ...]
    peers: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Serial:
    """A newspaper or journal with its issues. `latest`: the latest one. See `indexer.search_works.IssuesOf`."""

    held: Held
    count: int
    first: int | None
    last: int | None
    latest: Resource | None


@dataclass(frozen=True, slots=True)
class RelatedTo:
    """A related resource. reason: of `indexer.search_related.REASONS`. value: what both have."""

    held: Held
    reason: str
    value: str


class Discovery:
    """What one view of the library has, for children or for other readers. Questions raise what `Ask` does."""

    def __init__(self, ask: Ask, held: Callable[[Iterable[Resource]], list[Held]], *, child: bool) -> None:
        """Ask through the library.

        Args:
            ask: puts questions.
            held: gives records their availability.
            child: whether only what is meant for children counts.
        """
        self._ask, self._held, self._child = ask, held, child

    def letters(self, kind: str) -> list[str]:
        """The letters under which there are names (`creator`) or subjects (`subject`)."""
        return self._ask(lambda searcher: searcher.headings.letters(kind, child=self._child))

    def names(self, kind: str, letter: str, number: int, size: int) -> HeadingList:
        """See `indexer.search_headings.Headings.page`."""
        return self._ask(lambda searcher: searcher.headings.page(kind, letter, number, size, child=self._child))

    def like(self, kind: str, text: str, limit: int) -> list[CountedHeading]:
        """See `indexer.search_headings.Headings.like`."""
        return self._ask(lambda searcher: searcher.headings.like(kind, text, limit, child=self._child))

    def works_of(self, name: str, who: str, most: int) -> tuple[Named, tuple[Works, ...]] | None:
        """The works of a creator by type, the first `most` of each; None when nothing of that name is shown.

        Args:
            name: however it is written.
            who: dynasty or dates of one of several of the name; anything else means all of them.
            most: works of a type.
        """

        def asked(searcher: Searcher) -> tuple[Named, list[tuple[str, int, list[Resource]]]] | None:
            found = searcher.headings.named("creator", name, child=self._child)
            if found is None:
                return None
            chosen = next((p for p in found.persons if who and who in {p.person.dates, p.person.dynasty}), None)
            rows = chosen.rows if chosen else found.rows
            groups = works_by_type(searcher.parts, rows, most)
            peers = searcher.records(newest_first(searcher.parts, rows, 0, PEERS))
            named = _named(found, chosen.person if chosen else None, chosen.count if chosen else found.count, peers)
            return named, [(type_, count, searcher.records(places)) for type_, count, places in groups]

        answer = self._ask(lambda searcher: (asked(searcher),))[0]
        if answer is None:
            return None
        return answer[0], tuple(Works(type_, n, tuple(self._held(records))) for type_, n, records in answer[1])

    def on_subject(self, name: str, first: int, last: int) -> tuple[Named, list[Held]] | None:
        """What is on a subject, the lines from `first` to below `last`, the newest first; None for nothing."""

        def asked(searcher: Searcher) -> tuple[Named, list[Resource]] | None:
            found = searcher.headings.named("subject", name, child=self._child)
            if found is None:
                return None
            places = newest_first(searcher.parts, found.rows, 0, max(last, PEERS))
            shown = searcher.records(places[first:last])
            return _named(found, None, found.count, searcher.records(places[:PEERS])), shown

        answer = self._ask(lambda searcher: (asked(searcher),))[0]
        return None if answer is None else (answer[0], self._held(answer[1]))

    def classes(self) -> Tally:
        """Class → resources."""
        return self._ask(lambda searcher: searcher.tallies.classes(child=self._child))

    def dynasties(self) -> Tally:
        """Dynasty → resources."""
        return self._ask(lambda searcher: searcher.tallies.dynasties(child=self._child))

    def places(self) -> Tally:
        """Place of GB/T 2260 → resources."""
        return self._ask(lambda searcher: searcher.tallies.places(child=self._child))

    def years(self, periods: tuple[tuple[int, int], ...]) -> Tally:
        """`first-last` → resources."""
        return self._ask(lambda searcher: searcher.tallies.years(periods, child=self._child))

    def serials(self, held: Iterable[Held]) -> list[Serial]:
        """The same serials with what issues they have."""
        serials = list(held)

        def asked(searcher: Searcher) -> list[tuple[int, int | None, int | None, Resource | None]]:
            rows = [searcher.rows_of(one.resource.id) for one in serials]
            own = [[held[number] for held in rows] for number in range(len(searcher.parts))]
            found = issues_of(searcher.parts, own, child=self._child, audience=_CHILDREN)
            latest = iter(searcher.records([issues.latest for issues in found if issues.latest is not None]))
            return [(i.count, i.first, i.last, next(latest) if i.latest is not None else None) for i in found]

        return [Serial(one, *issues) for one, issues in zip(serials, self._ask(asked), strict=False)]

    def related(self, resource: Resource, limit: int) -> list[RelatedTo]:
        """What is related to a resource, the most first."""
        found = self._ask(lambda searcher: searcher.related(resource, child=self._child, limit=limit))
        reasons = {record.id: relation for relation, record in reversed(found)}
        return [
            RelatedTo(held, reasons[held.resource.id].reason, reasons[held.resource.id].value)
            for held in self._held(record for _, record in found)
        ]


def _named(found: NamedHeading, person: Person | None, count: int, peers: list[Resource]) -> Named:
    persons = tuple((named.person, named.count) for named in found.persons)
    return Named(found.name, found.others, count, person, persons, tuple(peers))
