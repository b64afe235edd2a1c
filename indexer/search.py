"""Search over several indexes as one: match, filter, count, order, and fetch the page.

One search costs a few dictionary look-ups, the postings of its terms and the records of one page. Scores use the
figures of all parts together, so that a small index of local resources and a large one compare.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from indexer.codec_files import MappedFile, OpenFile
from indexer.codec_index import IndexFiles
from indexer.errors import IndexFormatError
from indexer.model import LEVELS, Resource
from indexer.overlay_index import open_index
from indexer.schema import sort_key
from indexer.search_alike import by_alike, lines_behind
from indexer.search_budget import Budget, Clock
from indexer.search_collapse import Family
from indexer.search_collector import PART_ROWS, VERIFY_LIMIT, Matches, PartIndex, Statistics, none_of
from indexer.search_evaluate import Evaluation, asked_terms
from indexer.search_facets import FacetCounter
from indexer.search_filters import CHILDREN, Mask
from indexer.search_found import passing
from indexer.search_headings import Headings
from indexer.search_inside import INSIDE, Inside, with_inside
from indexer.search_instead import FEW, Asked, Instead, shown
from indexer.search_marks import explained, marks_in
from indexer.search_order import Found
from indexer.search_page import Pages
from indexer.search_query import Query, loosened, parse
from indexer.search_related import Related, Relation
from indexer.search_request import Collapsed, Hit, Part, SearchRequest, SearchResult
from indexer.search_sounds import Sounding, by_sound, only_by_sound, sounding_everywhere, with_sounds
from indexer.search_tallies import Tallies
from indexer.search_titles import TitleOrder
from indexer.suggest import Suggestion, suggestions

__all__ = ["Hit", "Part", "SearchRequest", "SearchResult", "Searcher", "Suggestion"]

_Shown = tuple[tuple[int, int], Resource]

_Line = tuple[Resource | None, Collapsed]
"""The parent, where it may be shown, and what the line stands for."""
_Lines = dict[tuple[int, int], _Line]

_WHOLE_WORDS = np.float32(1000)
"""Added to the score of what holds the whole words asked for, where parts of words were asked for as well."""


class Searcher:
    """Searches parts as one collection. Any number of threads may ask at once; the parts never change."""

    def __init__(
        self, parts: Sequence[Part], *, open_file: OpenFile = MappedFile, clock: Clock = time.thread_time
    ) -> None:
        """Open the indexes.

        Args:
            parts: in the order in which hits name them.
            open_file: how index files are read.
            clock: seconds, for what one search may take (`search_budget`).

        Raises:
            IndexFormatError: an index is damaged, of another format, or not of its catalogue.
        """
        self._catalogues = [part.catalogue for part in parts]
        self._files: list[IndexFiles] = []
        self._parts: list[PartIndex] = []
        self._lock = threading.Lock()
        self._clock = clock
        try:
            for part in parts:
                self._files.append(_opened(part, open_file))
        except BaseException:
            self.close()
            raise
        records = sum(files.records for files in self._files)
        average = sum(files.total_length for files in self._files) / max(1, records)
        statistics = Statistics(records, average)
        parse("检索")  # makes the folding table now and not in the first patron's query
        self._parts = [
            PartIndex(files, statistics, part.hidden, part.parents)
            for files, part in zip(self._files, parts, strict=True)
        ]
        self._instead = Instead(self._parts, self._match)
        self._pages = Pages(self._parts, TitleOrder(self._title_key))
        self.headings, self.tallies, self._related = Headings(self._parts), Tallies(self._parts), Related(self._parts)

    def close(self) -> None:
        """Let the index files go; call it when no search is running. Catalogues stay open: their owner closes them."""
        with self._lock:
            for part in self._parts:
                part.close()
            self._parts = []
            while self._files:
                self._files.pop().close()

    def search(
        self, request: SearchRequest, here: Sequence[Mask | None] = (), inside: Sequence[Inside | None] = ()
    ) -> SearchResult:
        """Answer a request.

        Args:
            request: what is asked.
            here: for each part, by row of its catalogue, whether a file of it is on a drive that is here; None, or
                no entry: all are. It decides what counts as `available`, and what comes first by relevance.
            inside: for each part, which of its records hold the query in their texts; they join what is found.

        Raises:
            QueryError: a filter or the page has a value that is not permitted. The query itself never raises.
            IndexFormatError: a file turned out to be damaged.
        """
        started = time.perf_counter()
        request.check()
        asked = self._asked(request, inside)
        request, matches, more = asked.request, asked.matches, asked.more
        counter = FacetCounter(request)
        found: list[Found] = []
        entries = 0
        for number, (part, match) in enumerate(zip(self._parts, matches, strict=True)):
            present = here[number] if number < len(here) else None
            within = self._row(number, request.within)
            mine, bare = passing(number, part, match, request, counter, present, within)
            found.append(mine)
            entries += bare
        texts = {number: set(match.inside.tolist()) for number, match in enumerate(matches) if match.inside is not None}
        chosen = self._fetched(self._pages.places(found, asked, texts))
        lines = self._lines(found, chosen, request)
        told = (
            self._explained(place, resource, asked, lines.get(place), place[1] in texts.get(place[0], ()))
            for place, resource in chosen
        )
        hits = tuple(by_sound(hit, place, asked.spoken) for hit, (place, _) in zip(told, chosen, strict=True))
        took = (time.perf_counter() - started) * 1000
        return SearchResult(
            total=sum(part.count for part in found),
            total_exact=asked.exact and asked.whole,
            took_ms=took,
            hits=hits,
            facets=counter.result(),
            resources=sum(len(part.rows) for part in found),
            entries=entries,
            too_broad=asked.budget.spent,
            suggestion=asked.suggestion,
            corrected=asked.corrected,
            alike=lines_behind(found) if more else 0,
            alike_words=more.words(hits) if more else (),
        )

    def suggest(self, typed: str, *, face: str = "standard") -> tuple[Suggestion, ...]:
        """What may be meant while somebody types, see `indexer.suggest`.

        Raises:
            IndexFormatError: a file turned out to be damaged.
        """
        return suggestions(self._parts, self._catalogues, typed, child=face == "child")

    def related(self, resource: Resource, *, child: bool, limit: int) -> list[tuple[Relation, Resource]]:
        """What is related to a resource, why, and its record; see `indexer.search_related`.

        Raises:
            IndexFormatError: a file turned out to be damaged.
        """
        found = self._related.of(resource, self.rows_of(resource.id), child=child, limit=limit)
        records = dict(self._fetched([relation.place for relation in found]))
        return [(relation, records[relation.place]) for relation in found]

    @property
    def parts(self) -> tuple[PartIndex, ...]:
        """The parts, in order, for what only looks at their columns."""
        return tuple(self._parts)

    def rows_of(self, resource_id: str) -> list[int | None]:
        """For each part the row of a resource, None where it is not."""
        return [self._row(number, resource_id) for number in range(len(self._parts))]

    def records(self, places: Sequence[tuple[int, int]]) -> list[Resource]:
        """The records of parts and rows, in this order.

        Raises:
            IndexFormatError: one is damaged.
        """
        return [record for _, record in self._fetched(places)]

    def _row(self, number: int, resource_id: str) -> int | None:
        """The row of a resource in the index of a part."""
        rid = self._catalogues[number].row_of(resource_id) if resource_id else None
        if rid is None:
            return None
        rids = self._files[number].columns["rid"]
        if rid < len(rids) and rids[rid] == rid:
            return rid  # as builders number them
        places = np.flatnonzero(rids == rid)
        return int(places[0]) if len(places) else None

    def _asked(self, request: SearchRequest, inside: Sequence[Inside | None]) -> Asked:
        """What is found: as typed, else or beside it in words of like meaning, else what may have been meant."""
        budget = Budget(self._clock)
        query, typed, exact, spoken = self._understood(request, budget)
        serial = self._instead.serial_without(request, query, budget) if request.mend == "search" else ""
        if serial:
            return self._without_issue(request, query, serial, inside, budget)
        matches, whole = with_inside(self._parts, typed, inside)
        suggestion = self._instead.with_sign(request, matches, budget) if request.mend and not spoken else ""
        if request.mend == "search" and exact and whole and not spoken and not suggestion:
            more = self._instead.alike(request, query, matches, budget)
            if more is not None:
                return Asked(request, budget, query, more.matches, more.exact, True, [], more, "", False)
        if request.mend and not suggestion:
            suggestion = self._instead.suggestion(request, typed, budget)
        nothing = not shown(typed, self._parts, request) and not any(f and len(f.rows) for f in inside)
        if request.mend == "search" and nothing and not suggestion:
            more = self._instead.alike(request, query, matches, budget, less=True) if exact and not spoken else None
            if more is not None:
                return Asked(request, budget, query, more.matches, more.exact, True, [], more, "", False)
            suggestion = self._instead.wider(request, budget)
        if request.mend == "search" and suggestion and nothing:
            return self._corrected(request, suggestion, inside, budget)
        return Asked(request, budget, query, matches, exact, whole, spoken, None, suggestion, False)

    def _corrected(
        self, request: SearchRequest, suggestion: str, inside: Sequence[Inside | None], budget: Budget
    ) -> Asked:
        """What the suggestion finds."""
        request, budget = replace(request, q=suggestion), budget.again()
        query, typed, exact, spoken = self._understood(request, budget)
        matches, whole = with_inside(self._parts, typed, inside)
        return Asked(request, budget, query, matches, exact, whole, spoken, None, suggestion, True)

    def _without_issue(
        self, request: SearchRequest, query: Query, serial: str, inside: Sequence[Inside | None], budget: Budget
    ) -> Asked:
        """What there is where no title names an issue: texts that hold it, else the serial itself, else nothing."""
        matches, whole = with_inside(self._parts, none_of(self._parts), inside)
        suggestion = serial if self._instead.is_title(serial, request) else ""
        if suggestion and not shown(matches, self._parts, request):
            return self._corrected(request, suggestion, inside, budget)
        return Asked(request, budget, query, matches, True, whole, [], None, suggestion, False)

    def _understood(self, request: SearchRequest, budget: Budget) -> tuple[Query, list[Matches], bool, Sounding]:
        """What matches, and what of it only by its sound: few words stand in records, letters may be pinyin."""
        query = parse(request.q)
        spoken = sounding_everywhere(self._parts, request.q, child=request.face == "child")
        if spoken:
            matches, exact = self._match(query, budget)
            if exact and sum(len(match.rows) for match in matches) < FEW:
                joined = [with_sounds(match, *sound) for match, sound in zip(matches, spoken, strict=True)]
                return query, joined, True, only_by_sound(matches, spoken)
        return *self._widened(query, budget), []

    def _widened(self, query: Query, budget: Budget) -> tuple[Query, list[Matches], bool]:
        """What matches; parts of words too when whole words find few.

        Whole words stay ahead of parts. Where there is something already, parts are added only if all of them can be
        compared with the texts, so that a total that was exact stays so.
        """
        matches, exact = self._match(query, budget)
        count = sum(len(match.rows) for match in matches)
        loose = loosened(query, numbers=not count) if query.conditions and count < FEW else None
        if loose is None:
            return query, matches, exact
        wider, wider_exact = self._match(loose, budget)
        many = sum(len(match.rows) for match in wider) > PART_ROWS
        if (count and not (exact and wider_exact)) or (many and not wider_exact):
            return query, matches, exact
        for narrow, wide in zip(matches, wider, strict=True):
            places = np.searchsorted(wide.rows, narrow.rows)
            inside = places < len(wide.rows)
            inside[inside] = wide.rows[places[inside]] == narrow.rows[inside]
            wide.scores[places[inside]] += narrow.scores[inside] + _WHOLE_WORDS
        return loose, wider, wider_exact

    def _match(self, query: Query, budget: Budget) -> tuple[list[Matches], bool]:
        """The matches of each part, their texts compared when that is cheap; whether they all were."""
        terms = asked_terms(query)
        figures = [part.figures(terms) for part in self._parts]
        frequencies: Counter[tuple[str, str]] = Counter()
        for known in figures:
            frequencies.update({key: found.documents for key, found in known.items() if found is not None})
        ways = [Evaluation(part, known, frequencies, budget) for part, known in zip(self._parts, figures, strict=True)]
        matches = [way.run(query) for way in ways]
        exact = not budget.spent and not query.cut and sum(match.uncertain for match in matches) <= VERIFY_LIMIT
        if exact:
            exact = all(way.compare(query, match) for way, match in zip(ways, matches, strict=True))
        elif not budget.spent and not any(w.some_hold(query, match) for w, match in zip(ways, matches, strict=True)):
            for match in matches:  # a page would stand empty below a number
                match.keep(np.zeros(len(match.rows), bool))
        return matches, exact

    def _title_key(self, number: int, row: int) -> bytes:
        """What the title of a row of a part is sorted by."""
        [resource] = self._catalogues[number].rows([int(self._files[number].columns["rid"][row])])
        return sort_key(resource).encode()

    def _fetched(self, chosen: Sequence[tuple[int, int]]) -> list[_Shown]:
        resources: dict[tuple[int, int], Resource] = {}
        for number in {part for part, _ in chosen}:
            rids = self._files[number].columns["rid"]
            rows = [row for part, row in chosen if part == number]
            records = self._catalogues[number].rows([int(rids[row]) for row in rows])
            resources.update(zip(((number, row) for row in rows), records, strict=True))
        return [(place, resources[place]) for place in chosen]

    def _lines(self, found: Sequence[Found], chosen: Sequence[_Shown], request: SearchRequest) -> _Lines:
        """What the lines of the page stand for beside their own record, with the records that they name."""
        families: dict[tuple[int, int], Family] = {}
        for part in found:
            if part.families is None or part.count == len(part.rows):
                continue
            wanted = [row for (number, row), _ in chosen if number == part.part]
            known = part.families.families(part.rows, part.rank, wanted)
            families.update({(part.part, row): family for row, family in known.items()})
        named = {(n, row) for (n, _), family in families.items() for row in (family.parent, *family.best)}
        records = dict(chosen)
        records.update(self._fetched(sorted(named - records.keys())))
        lines: _Lines = {}
        for place, family in families.items():
            files = self._files[place[0]]
            parent = records[place[0], family.parent] if family.shown else None
            if request.face == "child" and files.columns["audience"][family.parent] != CHILDREN:
                parent = None
            best = tuple(records[place[0], row] for row in family.best)
            level = LEVELS[min(int(files.columns["level"][family.best[0]]), len(LEVELS)) - 1]
            lines[place] = parent, Collapsed(family.count, family.total, level, best)
        return lines

    def _explained(
        self, place: tuple[int, int], resource: Resource, asked: Asked, line: _Line | None, in_text: bool
    ) -> Hit:
        files = self._files[place[0]]
        rid = int(files.columns["rid"][place[1]])
        parent, collapsed = line or (None, None)
        shown = parent or resource
        more = asked.more if asked.more is not None and asked.more.of(place) else None
        query = asked.query if more is None else more.asked.query
        if not query.asks:
            return Hit(place[0], rid, shown, collapsed=collapsed)
        if in_text:
            return Hit(place[0], rid, shown, INSIDE, collapsed=collapsed)
        text = files.text(place[1]).decode("utf-8", "replace")
        hit = explained(place[0], rid, resource, text, query)
        if more is not None:
            hit = by_alike(hit, text, more)
        if collapsed is None:
            return hit
        marks = marks_in(shown.title, query.conditions, {"x", "title"})
        return replace(hit, resource=shown, marks=marks, collapsed=collapsed)


def _opened(part: Part, open_file: OpenFile) -> IndexFiles:
    files = open_index(part.index, open_file)
    if files.records != part.catalogue.count:
        reason = f"holds {files.records} records, its catalogue {part.catalogue.count}"
        files.close()
        raise IndexFormatError(files.name, reason)
    return files
