"""What is asked of a search and what it answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from indexer.errors import QueryError
from indexer.model import AUDIENCES, TYPES, ContentsEntry, Resource, is_resource_id
from indexer.text.main_dynasties import MAIN_DYNASTIES

SORTS = ("relevance", "year", "year_desc", "title", "issue")
AVAILABLE = ("", "yes", "no", "catalogue")
DOWNLOAD = ("", "yes", "no")
AGES = ("0-3", "4-6", "7-9", "10-12", "13-17")
"""Bands of ages by which books for children are counted."""
FACES = ("standard", "elder", "child")
MENDS = ("", "offer", "search")
MAX_PAGE = 10_000
MAX_SIZE = 100
MAX_VALUE = 64
MAX_CHOSEN = 20
"""Values of one filter."""
MAX_YEAR = 9999

Marks = tuple[tuple[int, int], ...]

Values = str | tuple[str, ...]
"""One value of a filter, several that are alternatives, or none (empty)."""

_AGES = re.compile(r"([0-9]{1,2})(?:-([0-9]{1,2}))?\Z")


def chosen(values: Values) -> tuple[str, ...]:
    """The values of a filter, each once."""
    return ((values,) if values else ()) if isinstance(values, str) else tuple(dict.fromkeys(values))


def ages_of(text: str) -> tuple[int, int]:
    """Youngest and oldest of `7` or `7-9`.

    Raises:
        QueryError: it is neither.
    """
    match = _AGES.match(text)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if first > last:
        raise QueryError("age", "expected an age such as 7 or ages such as 7-9")
    return first, last


class Records(Protocol):
    """What a search asks of a catalogue, as `indexer.catalogue.Catalogue` has it."""

    count: int

    def rows(self, rows: Sequence[int]) -> list[Resource]:
        """The resources of these rows, in this order.

        Raises:
            IndexFormatError: one is missing or damaged.
        """
        ...

    def row_of(self, resource_id: str) -> int | None:
        """The row of a resource, None when there is none of that id."""
        ...


@dataclass(frozen=True, slots=True)
class Part:
    """One index with its catalogue.

    Attributes:
        index: the folder that `build_index` made.
        catalogue: of the same records; closed by its owner, not by the searcher.
        hidden: rows that something newer replaces or that are withdrawn; they are neither shown nor counted.
        parents: of places in classifications other than 中图法, both as `scheme:code`; the same for all parts.
    """

    index: Path
    catalogue: Records
    hidden: Set[int] = frozenset()
    parents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SearchRequest:
    """What is asked.

    Attributes:
        q: the query, see `indexer.search_query`; empty shows everything that passes the filters.
        type: of `TYPES`. clc: beginnings of class numbers of 中图法 (I, TP3).
        tree: places in other classifications, `scheme:code`; what stands below them passes too.
        year_from: first year, None for no limit. year_to: last year. A record passes when its years overlap.
        dynasty: of `MAIN_DYNASTIES`; a record passes when its years overlap one, or when it is named with it.
        language: BCP 47 tags; zh takes zh-Hans and zh-Hant in.
        audience: of `AUDIENCES`. age: `7` or `7-9`: what is for one of these ages.
        place: codes of GB/T 2260 (110000); what lies in them passes too.
        available: empty, `yes` for what can be read now (some of it at least), `no` for the rest, `catalogue` for
            what is an entry of the catalogue only.
        download: `yes` for what may be taken home, `no` for what may be read here only.
        within: id of a parent: only its issues, volumes, parts and works, each a line of its own; or empty.
        sort: `relevance`, `year` (oldest first), `year_desc`, `title`, or with `within` `issue`: as issues and volumes
            follow each other; rows without a year come last.
        page: from 1. size: hits a page.
        face: `child` shows only resources marked for children.
        mend: what is done for a query that finds nothing or hardly anything: empty for nothing, `offer` to say what it
            may have meant, `search` to search for that where it finds nothing, and for words of like meaning where it
            finds less than a page.
    """

    q: str = ""
    type: Values = ""
    clc: Values = ""
    tree: Values = ""
    year_from: int | None = None
    year_to: int | None = None
    dynasty: Values = ""
    language: Values = ""
    audience: Values = ""
    age: str = ""
    place: Values = ""
    available: str = ""
    download: str = ""
    within: str = ""
    sort: str = "relevance"
    page: int = 1
    size: int = 20
    face: str = "standard"
    mend: str = ""

    def check(self) -> None:
        """Refuse what cannot be answered.

        Raises:
            QueryError: a filter, the order or the page has a value that is not permitted; `field` names it.
        """
        self._check_values()
        if not 1 <= self.page <= MAX_PAGE:
            raise QueryError("page", f"expected a number from 1 to {MAX_PAGE}")
        if not 1 <= self.size <= MAX_SIZE:
            raise QueryError("size", f"expected a number from 1 to {MAX_SIZE}")
        for name in ("year_from", "year_to"):
            if not -MAX_YEAR <= (getattr(self, name) or 0) <= MAX_YEAR:
                raise QueryError(name, f"expected a year from {-MAX_YEAR} to {MAX_YEAR}")
        if self.within and not is_resource_id(self.within):
            raise QueryError("within", "expected the id of a resource")
        if self.sort == "issue" and not self.within:
            raise QueryError("sort", "expected issue with within only")

    def _check_values(self) -> None:
        """Refuse values that are not offered, too many and too long ones."""
        closed: dict[str, tuple[str, ...]] = {
            "type": TYPES,
            "dynasty": MAIN_DYNASTIES,
            "audience": AUDIENCES,
            "available": AVAILABLE,
            "download": DOWNLOAD,
            "sort": SORTS,
            "face": FACES,
            "mend": MENDS,
        }
        for name, offered in closed.items():
            if not set(chosen(getattr(self, name))) <= set(offered):
                raise QueryError(name, f"expected one of {', '.join(filter(None, offered))}")
        for name in ("type", "clc", "tree", "dynasty", "language", "audience", "place"):
            values = chosen(getattr(self, name))
            if len(values) > MAX_CHOSEN or any(len(value) > MAX_VALUE for value in values):
                raise QueryError(name, f"expected at most {MAX_CHOSEN} values of {MAX_VALUE} characters")
        if self.age:
            ages_of(self.age)


@dataclass(frozen=True, slots=True)
class Collapsed:
    """What a line stands for when several children of one parent match (see `indexer.search_collapse`).

    Attributes:
        count: children that match, about as many when the result's total is. total: children that there are.
        level: of the children: issue, volume or part.
        best: up to three of those that match, the best first.
    """

    count: int
    total: int
    level: str
    best: tuple[Resource, ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """One line of a result.

    Attributes:
        part: place of its part among the searcher's parts; row: its row there.
        resource: the record; of a collapsed line that of the parent, where it may be shown.
        why: where the query was found: title, creator, subject, identifier or text of the record; contents: in a line
            of its contents; inside: only in the texts inside the resource; empty without a query.
        marks: `(start, end)` places in `resource.title` to highlight, in order, not touching.
        snippet: a piece of the description around the first place found, when `why` is text; else empty.
        snippet_marks: places to highlight in the snippet.
        entry: the line of the contents, when `why` is contents; of a collapsed line that of its best record.
        entry_marks: places to highlight in its title.
        collapsed: what else the line stands for, None for a record alone.
        alike: words of like meaning by which alone it was found, at most two; None for what holds the words typed.
    """

    part: int
    row: int
    resource: Resource
    why: str = ""
    marks: Marks = ()
    snippet: str = ""
    snippet_marks: Marks = ()
    entry: ContentsEntry | None = None
    entry_marks: Marks = ()
    collapsed: Collapsed | None = None
    alike: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search answers.

    Attributes:
        total: lines: records that match, those of one parent together one.
        resources: records that match.
        total_exact: False when they are about as many: too many rows were left to compare, or it is too broad or long.
        took_ms: milliseconds.
        hits: of the page asked for, in order.
        too_broad: whether the query cost more than one may (`search_budget`): what is shown is true, but not all.
        suggestion: what the query may have meant, empty when nothing near it finds more.
        corrected: whether this is the answer to the suggestion, since the query itself finds nothing.
        facets: name (`indexer.search_facets.FACETS`) → `(value, count)`; the count is what the result would have with
            this value instead of the facet's own filter. Of `clc`, `tree` and `place` the highest values, and what
            stands on the way to the chosen ones and one level below them.
        entries: lines that are only entries of the catalogue (目录): what `available` = `catalogue` would leave.
        alike: lines of `total` that only words of like meaning find, after all others; the rest is an exact number
            then, and `total_exact` is of these. alike_words: those words.
    """

    total: int
    total_exact: bool
    took_ms: float
    hits: tuple[Hit, ...]
    facets: dict[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    resources: int = 0
    entries: int = 0
    too_broad: bool = False
    suggestion: str = ""
    corrected: bool = False
    alike: int = 0
    alike_words: tuple[str, ...] = ()
