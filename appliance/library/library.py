"""One unchanging view over everything the box holds: all live releases, all plugged drives.

A `Library` never changes and is safe in any number of threads. When holdings change, `LibraryKeeper` makes another
one; whoever still uses the old one keeps its files open until the last reference is gone. Ask the keeper once a
request (`keeper.library`) and use that one view to the end of the request.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from itertools import chain, islice
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from appliance.errors import SearchNotReadyError
from appliance.library.answers import Answers, size_of
from appliance.library.arrivals import age, arrivals, stream
from appliance.library.carriers import Carriers, Find
from appliance.library.discovery import Discovery
from appliance.library.model import Beside, Found, Held, HeldItem, Hit, LibraryStats, Place
from appliance.library.parts import PartLists
from appliance.library.readiness import percent_ready, progress, wanted
from appliance.library.salvage import batches_of, page_of
from appliance.library.turns import Gates
from appliance.library.union import count_types, thinned_parents, with_parts
from indexer.errors import IndexFormatError
from indexer.model import OPENED_ROLES
from indexer.rows import Rows
from indexer.schema import sort_key
from indexer.search_inside import marked

if TYPE_CHECKING:
    from appliance.library.arrivals import Arrival
    from appliance.library.parts import Part
    from appliance.library.present import Mask
    from appliance.library.salvage import Ask
    from appliance.library.searching import Damage, Searching
    from appliance.library.shelf import Shelf
    from appliance.store.carried import CarriedStore
    from appliance.store.holdings import Holdings
    from indexer.catalogue import Catalogue, CatalogueItem
    from indexer.model import Item, Resource
    from indexer.search import Searcher, SearchRequest, SearchResult, Suggestion
    from indexer.search_inside import Inside

_T = TypeVar("_T")
_Answer: TypeAlias = "tuple[SearchResult, tuple[str, ...]]"


class Library:
    """All live releases as one collection.

    Bundles are united. Where two bundles hold a resource of the same id, the first in the order of `union.precedence`
    speaks for it; the other's record is hidden from search and lists, its drive still serves items whose digests
    agree. A resource that the issuer withdraws is in no list and no answer, whatever holds it, and so is what belongs
    to it.

    A catalogue or an index that turns out to be damaged never fails an answer: what cannot be read is left out of it,
    `damage` is told, and the others go on.
    """

    def __init__(
        self,
        holdings: Holdings,
        shelves: Sequence[Shelf] = (),
        others: Sequence[Shelf] = (),
        *,
        hidden: Sequence[Set[int]] = (),
        counts: Mapping[str, int] | None = None,
        thinned: frozenset[str] | None = None,
        withdrawn: frozenset[str] | None = None,
        searching: Searching | None = None,
        here: Mapping[str, Mask] | None = None,
        damage: Damage | None = None,
        turns: Gates | None = None,
        carried: CarriedStore | None = None,
    ) -> None:
        """Unite what is open.

        Args:
            holdings: the document this view stands for.
            shelves: live releases whose catalogue is ready, in the order of `union.precedence`.
            others: releases that are not live but whose drives are plugged in.
            hidden: for each of `shelves`: rows whose resource an earlier shelf speaks for or that are withdrawn.
            counts: of all `shelves`, see `union.count_types`; counted here when not given.
            thinned: see `union.thinned_parents`; likewise.
            withdrawn: see `union.with_parts`; likewise.
            searching: over those of `shelves` whose index is ready; None when there is none.
            here: what can be read now, by folder (`present.Presence.masks`).
            damage: told of every read that fails, in the thread of the request.
            turns: in which questions wait for each other, those of all views together.
            carried: items that came by updates.
        """
        self.holdings = holdings
        self._shelves, self._others = tuple(shelves), tuple(others)
        self.shelves = self._shelves
        self._hidden = tuple(hidden) or (Rows(),) * len(self._shelves)
        self._searching, self._here = searching, here
        self._withdrawn = with_parts(self._shelves, holdings.hidden) if withdrawn is None else withdrawn
        self._part_lists = PartLists()
        # A view never changes, and so answers stay true as long as it is used.
        self._answers: Answers[_Answer] = Answers(lambda answer: size_of(answer[0]))
        self._turns = turns or Gates()
        self._carriers = Carriers(holdings, self._shelves, self._others, self._found, carried)
        self._damage: Damage = damage or (lambda _shelf, _part, _error: None)
        self._counts = count_types(self._shelves, self._hidden) if counts is None else dict(counts)
        self._thinned = thinned_parents(self._shelves, self._hidden) if thinned is None else thinned

    @property
    def generation(self) -> int:
        """Generation of the holdings document that this view stands for."""
        return self.holdings.generation

    def is_withdrawn(self, resource_id: str) -> bool:
        """Whether the issuer withdraws that resource, or one that it belongs to (下架)."""
        return resource_id in self._withdrawn

    def withdrawn_below(self, resource_id: str) -> int:
        """How many issues, volumes and parts, at any depth, are withdrawn with a resource; for staff's list."""
        try:
            return len(with_parts(self._shelves, [resource_id])) - 1
        except IndexFormatError:  # a page of figures need not tell it; whoever reads the record does
            return 0

    def resource(self, resource_id: str) -> Held | None:
        """The resource of that id with its availability, None when no live release has it; withdrawn ones too."""
        shelf = self._speaker(resource_id)
        resource = self._get(shelf, resource_id) if shelf else None
        return self._held(resource, shelf) if shelf and resource else None

    def item(self, item_id: str) -> HeldItem | None:
        """The item of that id with the drives that carry it now, None when no live release has it."""
        for shelf in self._shelves:
            found = self._ask(shelf, lambda catalogue: catalogue.item(item_id))
            if found is None:
                continue
            resource = self._get(shelf, found.resource_id)
            if resource is None or self._speaker(resource.id) is not shelf:
                continue
            places = tuple(self._carriers.places(found.item, shelf))
            missing = 0 if places else shelf.disk_of(found.item)
            return HeldItem(resource, found.item, shelf.release, places, shelf.digests(found), missing)
        return None

    def places(self, item: Item, shelf: Shelf, find: Find | None = None) -> tuple[Place, ...]:
        """Where the exact bytes of a file of a live release can be read now, see `Carriers.places`."""
        return tuple(self._carriers.places(item, shelf, find))

    def readable_rows(self, folder: str) -> Mask | None:
        """By row of a release's catalogue whether something of it can be read now; None: all, or it is not told."""
        return (self._here or {}).get(folder)

    def held(self, resources: Iterable[Resource]) -> list[Held]:
        """The same resources with their availability, in order; those no longer live are left out."""
        pairs = ((resource, self._speaker(resource.id)) for resource in resources)
        return [self._held(resource, shelf) for resource, shelf in pairs if shelf is not None]

    def search(self, request: SearchRequest, inside: Mapping[str, Inside] | None = None) -> Found:
        """Search the live releases whose index is ready; `LibraryStats.search_ready` tells whether these are all.

        `inside`: what the texts inside resources hold, by folder of their release.

        Raises:
            SearchNotReadyError: no index is ready; browsing works.
            BusyError: too many searches wait already.
            QueryError: the query or a filter cannot be answered (from `indexer.errors`).
        """
        key = (request, marked(inside)) if inside else request
        answer = self._answers.get(key, lambda: self._searched(request, inside))
        if answer is None:
            raise SearchNotReadyError(*progress(self.holdings))
        result, folders = answer
        by_folder = {shelf.release.folder: shelf for shelf in self._shelves}
        hits = tuple(
            Hit(self._held(h.resource, by_folder[folders[h.part]]), h.why, h.marks, h.collapsed) for h in result.hits
        )
        return Found(hits, result.total, result.total_exact, result.took_ms, dict(result.facets), result)

    def _searched(self, request: SearchRequest, inside: Mapping[str, Inside] | None = None) -> _Answer | None:
        """The searcher's answer, in its turn; None when there is no searcher."""
        if self._searching is None:
            return None
        with self._turns.searches.turn():
            return self._searching.search(request, self._here, inside)

    def class_name(self, scheme: str, code: str) -> str:
        """What the first bundle that says something of it calls a place in a classification; empty when none does."""
        key = f"{scheme}:{code}"
        return next((name for shelf in self._shelves if (name := shelf.classes.names.get(key))), "")

    def class_parents(self) -> Mapping[str, str]:
        """The places above those of imported classifications, by `scheme:code`."""
        return self._searching.parents if self._searching else {}

    def suggest(self, typed: str, face: str = "standard") -> tuple[Suggestion, ...]:
        """What may be meant while somebody types, from the live releases whose index is ready.

        Raises:
            SearchNotReadyError: no index is ready.
            BusyError: too many are asked for at once.
        """
        if self._searching is not None:
            with self._turns.typing.turn():
                answer = self._searching.suggest(typed, face)
            if answer is not None:
                return answer
        raise SearchNotReadyError(*progress(self.holdings))

    def discovery(self, *, child: bool) -> Discovery:
        """Finding without a query, for children or for other readers."""
        return Discovery(self._asked, self.held, child=child)

    def _asked(self, question: Callable[[Searcher], _T]) -> _T:
        """The answer to a question without a query, in its turn; a page of details does not wait for searches."""
        if self._searching is not None:
            with self._turns.browsing.turn():
                answer = self._searching.ask(lambda searcher: (question(searcher),))
            if answer is not None:
                return answer[0]
        raise SearchNotReadyError(*progress(self.holdings))

    def counts(self) -> dict[str, int]:
        """Type → resources that lists show, every resource counted once."""
        return dict(self._counts)

    def newest(self, limit: int = 20, offset: int = 0, *, type_: str = "") -> list[Held]:
        """What came last, newest first; resources that can be read only.

        First what is new with the last release of each bundle, the bundle that was issued last before the others, then
        the rest in the same order.
        """
        order = sorted(enumerate(self._shelves), key=lambda pair: age(pair[1]), reverse=True)
        streams = [(n, shelf.release.seq, stream(self._newest(shelf, type_), self._hidden[n])) for n, shelf in order]
        return self._read(list(islice(arrivals(streams), offset, offset + limit)))

    def _read(self, places: Sequence[tuple[int, int]]) -> list[Held]:
        """The resources of rows, each with the number of its shelf, in order; what cannot be read is left out."""
        found: dict[tuple[int, int], Held] = {}
        for number in {number for number, _ in places}:
            shelf = self._shelves[number]
            rows = [row for of, row in places if of == number]
            read = page_of(_reading(shelf.catalogue, rows), len(rows), 0, self._of(shelf))
            found |= {(number, row): self._held(r, shelf) for row, r in zip(rows, read, strict=False) if r is not None}
        return [found[place] for place in places if place in found]

    def browse(
        self, *, type_: str = "", clc: str = "", limit: int = 20, offset: int = 0, beside: Beside | None = None
    ) -> list[Held]:
        """Resources of a type and a class (prefix), in title order; works while the index is being made.

        Pages that begin beside a resource cost the same at any depth; what an offset passes over is looked at.
        """
        if len(self._shelves) == 1 and not self._hidden[0]:
            shelf = self._shelves[0]
            found = page_of(self._asking(0, type_, clc, beside), limit, offset, self._of(shelf))
            held = [self._held(r, shelf) for r in found if r is not None]
        else:
            streams = [self._stream(n, self._browsed(n, type_, clc, beside)) for n, _ in enumerate(self._shelves)]
            backwards = beside is not None and beside.before
            # Backwards the last shelf comes first where titles are equal, as it comes last forwards.
            merged = heapq.merge(*streams[:: -1 if backwards else 1], key=_by_title, reverse=backwards)
            held = list(islice(merged, offset, offset + limit))
        return held[::-1] if beside is not None and beside.before else held

    def _asking(self, number: int, type_: str, clc: str, beside: Beside | None) -> Ask:
        """What reads stretches of one shelf in title order, from a resource on or backwards from it."""
        shelf, place = self._shelves[number], dict[str, float]()
        if beside is not None:
            place = {"before" if beside.before else "after": self._place(number, beside)}
        return lambda limit, offset: shelf.catalogue.browse(type_, clc, limit, offset, **place)

    def _place(self, number: int, beside: Beside) -> float:
        """The place of a resource in the titles of a shelf; in one that cannot be read a place that leaves nothing."""
        resource, end = beside.of, float(1 << 32)
        if resource is None:
            return end
        speaker = self._speaker(resource.id)
        theirs = next((n for n, shelf in enumerate(self._shelves) if shelf is speaker), 0)
        found = self._ask(
            self._shelves[number], lambda catalogue: catalogue.title_place(resource, behind_equals=number < theirs)
        )
        return found if found is not None else -1.0 if beside.before else end

    def parts(self, parent_id: str) -> tuple[Part, ...]:
        """Issues, volumes or parts of a resource, in the order in which people count; the last lists are kept."""

        def read() -> Iterator[Resource]:
            for n, shelf in enumerate(self._shelves):
                found = self._ask(shelf, lambda catalogue: list(catalogue.parts_of(parent_id)))
                yield from (held.resource for held in self._stream(n, [found or []]))

        return self._part_lists.of(parent_id, read)

    def parts_count(self, parent_id: str) -> tuple[int, str]:
        """How many issues, volumes or parts a resource has and the level of the first; cheaper than `parts`."""

        def read() -> tuple[int, str]:
            if parent_id in self._thinned:
                parts = self.parts(parent_id)
                return len(parts), parts[0].record.level if parts else ""
            counted = [self._ask(shelf, lambda catalogue: catalogue.parts_count(parent_id)) for shelf in self._shelves]
            known = [count for count in counted if count and count[0]]
            return sum(count for count, _ in known), known[0][1] if known else ""

        return self._part_lists.count(parent_id, read)

    def children(self, parent_id: str, limit: int = 10_000, offset: int = 0) -> list[Held]:
        """A stretch of `parts` with their whole records and availability."""
        stretch = self.parts(parent_id)[offset : offset + limit]
        found = (self.resource(part.record.id) for part in stretch)
        return [held for held in found if held is not None]

    def stats(self) -> LibraryStats:
        """Figures for /health and the first page."""
        live = self.holdings.live()
        newest = max(live, key=lambda r: (r.issued, r.bundle), default=None)
        return LibraryStats(
            releases=len(live),
            resources=sum(s.catalogue.count - len(h) for s, h in zip(self._shelves, self._hidden, strict=True)),
            types=self.counts(),
            edition=newest.edition if newest else "",
            issued=newest.issued if newest else "",
            search_ready=wanted(self.holdings) <= (self._searching.folders if self._searching else frozenset()),
            search_percent=percent_ready(self.holdings),
            drives=sum(d.serves for d in self.holdings.drives),
        )

    def _stream(self, number: int, batches: Iterable[list[Resource]]) -> Iterator[Held]:
        """Held resources of one shelf, those hidden left out."""
        shelf, hidden = self._shelves[number], self._hidden[number]
        for resource in chain.from_iterable(batches):
            if hidden and self._row(shelf, resource.id) in hidden:
                continue
            yield self._held(resource, shelf)

    def _speaker(self, resource_id: str) -> Shelf | None:
        """The shelf that speaks for a resource."""
        if len(self._shelves) == 1:
            return self._shelves[0]
        return next((s for s in self._shelves if self._row(s, resource_id) is not None), None)

    def _held(self, resource: Resource, shelf: Shelf) -> Held:
        items = resource.readable_items
        lacking = next(self._carriers.lacking(items, shelf), None)
        if lacking is None:
            return Held(resource, shelf.release, available=bool(items))
        disk = shelf.disk_of(lacking)
        partly = lacking is not items[0] or any(shelf.carried(self._carriers.own(shelf), items))
        name = shelf.release.drive_name(disk)
        return Held(resource, shelf.release, available=False, missing_disk=disk, missing_drive=name, partly=partly)

    def lacking(self, held: Held) -> frozenset[str]:
        """Ids of the files of a resource that a reader might open and that no plugged drive carries."""
        shelf = self._speaker(held.resource.id)
        if held.available or shelf is None:
            return frozenset()
        items = [item for item in held.resource.items if item.role in OPENED_ROLES]
        return frozenset(item.id for item in self._carriers.lacking(items, shelf))

    # Reading what may be damaged

    def _ask(self, shelf: Shelf, question: Callable[[Catalogue], _T]) -> _T | None:
        """The answer of a catalogue, None when it cannot be read."""
        try:
            return question(shelf.catalogue)
        except IndexFormatError as error:
            self._damage(shelf, "catalogue", error)
            return None

    def _get(self, shelf: Shelf, resource_id: str) -> Resource | None:
        return self._ask(shelf, lambda catalogue: catalogue.get(resource_id))

    def _found(self, shelf: Shelf, item_id: str) -> CatalogueItem | None:
        return self._ask(shelf, lambda catalogue: catalogue.item(item_id))

    def _row(self, shelf: Shelf, resource_id: str) -> int | None:
        return self._ask(shelf, lambda catalogue: catalogue.row_of(resource_id))

    def _newest(self, shelf: Shelf, type_: str) -> Callable[[int, int], list[Arrival] | None]:
        return lambda limit, offset: self._ask(shelf, lambda catalogue: catalogue.newest_rows(limit, offset, type_))

    def _browsed(self, number: int, type_: str, clc: str, beside: Beside | None) -> Iterator[list[Resource]]:
        return batches_of(self._asking(number, type_, clc, beside), self._of(self._shelves[number]))

    def _of(self, shelf: Shelf) -> Callable[[IndexFormatError], None]:
        return lambda error: self._damage(shelf, "catalogue", error)


def _reading(catalogue: Catalogue, rows: Sequence[int]) -> Ask:
    """What reads stretches of some rows."""
    return lambda limit, offset: catalogue.rows(rows[offset : offset + limit])


def _by_title(held: Held) -> str:
    return sort_key(held.resource)
