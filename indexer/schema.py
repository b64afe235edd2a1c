"""What the index holds of a resource: fields, columns and tables. The Whoosh schema is made here, never read.

Fields, each with its byte in a key of the term file:
    x           everything; title and creator weigh 4, the rest 1
    title, creator, subject, identifier     the same terms by field, without weights; `=` and the whole title,
                                            name or subject folded together is one more term (exact titles, author
                                            pages), and so are the headings of `indexer.headings`, from `@` on

Columns are numbers of fixed width, one a row. Class, tree, dynasty, language and places may have several values: their
column holds the number of the combination in a table of the index (`IndexTables`); 0 is "none". `class` has numbers of
中图法, `tree` those of other classifications as `scheme:code`, `dynasty` the main dynasties of a record
(`indexer.text.main_dynasties`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain
from typing import Any

from whoosh import analysis as whoosh_analysis
from whoosh import columns, fields, formats

from indexer.access import ReaderContext, decide, is_understood, may_be_taken_home
from indexer.analysis import joined, query_terms, terms, title_key
from indexer.headings import heading_terms
from indexer.model import AUDIENCES, LEVELS, SCOPES, TYPES, Identifier, Resource
from indexer.part_order import part_place
from indexer.text.main_dynasties import main_dynasties
from indexer.text.titles import title_sort

FIELD_BYTES = {"x": 1, "title": 2, "creator": 3, "subject": 4, "identifier": 5}
SECTIONS = ("title", "creator", "subject", "identifier", "text")
"""The parts of a row's text, in order; `SECTION_MARK` stands between them."""

SECTION_MARK = "\x1f"
TITLE_WEIGHT = 4
MAX_WEIGHT = 255
MAX_TEXT = 1 << 16
"""Characters of description and contents that are indexed of one record; whole texts come as sections."""

NO_YEAR = -32768
COLUMNS = {
    "rid": "I",
    "type": "B",
    "level": "B",
    "parent": "I",
    "class": "I",
    "tree": "I",
    "year_from": "h",
    "year_to": "h",
    "day": "H",
    "dynasty": "I",
    "language": "I",
    "audience": "B",
    "age_from": "B",
    "age_to": "B",
    "access": "B",
    "listed": "B",
    "places": "I",
    "readable": "B",
    "takehome": "B",
    "part": "Q",
    "bundle": "H",
    "title_rank": "I",
}
"""Column → its type as in `struct`. Columns that a later version adds make a new `INDEX_FORMAT`."""

TABLES = ("class", "tree", "dynasty", "language", "places")

ENTRY, READABLE, CLOSED = 0, 1, 2
"""Column `readable`: nothing is there but the entry; something can be read; what is there cannot be used here."""

READ_ONLY, TAKE_HOME = 1, 2
"""Column `takehome` of what can be read; 0 for the rest."""


def term_key(field_name: str, term: str) -> str:
    """The key of a term in the term file, as text (its UTF-8 is the key)."""
    return chr(FIELD_BYTES[field_name]) + term


class RunField(fields.FieldType):
    """A Whoosh field over our terms: what Whoosh's parser and searcher see of a field."""

    indexed = True
    stored = False
    unique = False
    scorable = True
    spelling = False
    vector = None
    column_type = None
    multitoken_query = "and"

    def __init__(self) -> None:
        """Make the field; it has no settings."""
        self.format = formats.Existence()  # type: ignore[no-untyped-call]
        self.analyzer = whoosh_analysis.IDAnalyzer()  # type: ignore[no-untyped-call]

    def process_text(self, qstring: str, mode: str = "", **_options: Any) -> list[str]:  # noqa: ARG002
        """The terms of a query's text, for Whoosh's query parser."""
        return [term for run in joined([qstring]).split() for term in query_terms(run)]

    def to_bytes(self, value: str | bytes) -> bytes:
        """A term as it stands in a key."""
        return value if isinstance(value, bytes) else value.encode()

    def from_bytes(self, data: bytes) -> str:
        """A term from its key."""
        return data.decode()


def whoosh_schema() -> Any:
    """The schema for Whoosh's own searcher."""
    members: dict[str, Any] = {name: RunField() for name in FIELD_BYTES}
    for name, code in COLUMNS.items():
        members[name] = fields.COLUMN(columns.NumericColumn(code))  # type: ignore[no-untyped-call]
    return fields.Schema(**members)  # type: ignore[no-untyped-call]


class IndexTables:
    """The combinations of values that columns point to, in the order in which they were met; 0 is the empty one."""

    def __init__(self) -> None:
        """Start with the empty combination in every table."""
        self.tables: dict[str, dict[tuple[str, ...], int]] = {name: {(): 0} for name in TABLES}

    def number(self, table: str, values: Iterable[str]) -> int:
        """The number of a combination; given out when new."""
        known = self.tables[table]
        return known.setdefault(tuple(dict.fromkeys(values)), len(known))

    def to_json(self) -> dict[str, list[list[str]]]:
        """Table → its combinations in order."""
        return {name: [list(values) for values in known] for name, known in self.tables.items()}


@dataclass(slots=True)
class IndexedRow:
    """A resource as the index holds it.

    Attributes:
        terms: field → its terms and their weights from 1 to 255; the length of `x`, how many different terms it has,
            is the document's length for scoring.
        text: normal text of all sections, `SECTION_MARK` between.
        columns: column → number; `parent` and `title_rank` are known only when all rows are.
        parent: id of the parent, empty for none.
        sort_key: what titles are sorted by.
    """

    terms: dict[str, dict[str, int]]
    text: str
    columns: dict[str, int]
    parent: str
    sort_key: str


def index_row(resource: Resource, row: int, tables: IndexTables) -> IndexedRow:
    """Turn a resource into terms, text and columns.

    Args:
        resource: the record.
        row: its row number.
        tables: combinations met so far; new ones are added.
    """
    sections = sections_of(resource)
    by_section = [terms(section) for section in sections]
    everywhere = Counter(chain.from_iterable(by_section[2:]))
    for term in chain(by_section[0], by_section[1]):
        everywhere[term] += TITLE_WEIGHT
    if everywhere and max(everywhere.values()) > MAX_WEIGHT:
        everywhere = Counter({term: min(weight, MAX_WEIGHT) for term, weight in everywhere.items()})
    found: dict[str, dict[str, int]] = {"x": everywhere}
    for name, held in zip(SECTIONS[:4], by_section[:4], strict=True):
        found[name] = dict.fromkeys(held, 1)
    for title in (resource.title, *resource.title_alt):
        found["title"]["=" + title_key(title)] = 1
    for creator in resource.creators:
        found["creator"]["=" + title_key(creator.name)] = 1
    for subject in resource.subjects:
        found["subject"]["=" + title_key(subject)] = 1
    for name, headings in heading_terms(resource).items():
        found[name].update(dict.fromkeys(headings, 1))
    numbers = _columns(resource, row, tables)
    return IndexedRow(found, SECTION_MARK.join(sections), numbers, resource.parent, sort_key(resource))


def sort_key(resource: Resource) -> str:
    """What titles are sorted by: the `title_sort` of the record, else the automatic one, by sound and by number."""
    return resource.title_sort or title_sort(resource.title)


def sections_of(resource: Resource) -> tuple[str, str, str, str, str]:
    """The normal text of a resource by section, in the order of `SECTIONS`."""
    rest: list[str] = [
        resource.statement,
        resource.publisher,
        resource.place,
        resource.edition,
        resource.designation,
        resource.date.printed,
        resource.date.dynasty,
        *(creator.dynasty for creator in resource.creators),
        resource.period,
        resource.subtype,
    ]
    if resource.rare is not None:
        rest += [resource.rare.edition_type, resource.rare.engraved, resource.rare.holder, resource.rare.call_number]
    rest.append(resource.description)
    rest.extend(entry.title for entry in resource.contents)
    return (
        joined((resource.title, *resource.title_alt)),
        joined(creator.name for creator in resource.creators),
        joined(resource.subjects),
        joined(form for identifier in resource.identifiers for form in _identifier_forms(identifier)),
        joined(rest)[:MAX_TEXT],
    )


def _identifier_forms(identifier: Identifier) -> tuple[str, ...]:
    """Without signs, and as printed where people type the signs: 1000-8608, CN11-1234."""
    key = identifier_key(identifier.value)
    return (key,) if identifier.scheme in {"isbn", "uri"} else (key, identifier.value)


def identifier_key(value: str) -> str:
    """An identifier without the signs that people write differently: letters and digits only."""
    return "".join(c for c in value if c.isalnum())


def _columns(resource: Resource, row: int, tables: IndexTables) -> dict[str, int]:
    audience, (first, last) = resource.audience, _years(resource)
    readable = READABLE if is_readable(resource) else CLOSED if is_closed(resource) else ENTRY
    return {
        "rid": row,
        "type": _place(TYPES, resource.type),
        "level": _place(LEVELS, resource.level),
        "class": tables.number("class", (c.code.upper() for c in resource.classes if c.scheme == "clc")),
        "tree": tables.number("tree", (f"{c.scheme}:{c.code}" for c in resource.classes if c.scheme != "clc")),
        "year_from": _year(first),
        "year_to": _year(last),
        "day": _day(resource),
        "dynasty": tables.number("dynasty", _dynasties(resource)),
        "language": tables.number("language", resource.language),
        "audience": _place(AUDIENCES, audience.group),
        "age_from": _byte(audience.age_from),
        "age_to": _byte(audience.age_to),
        "access": 0 if resource.access.unknown else _place(SCOPES, resource.access.scope),
        "listed": int(is_listed(resource)),
        "places": tables.number("places", resource.places),
        "readable": readable,
        "takehome": (1 + may_be_taken_home(resource.access)) * (readable == READABLE),
        "part": part_place(resource),
        "bundle": 0,
    }


def is_listed(resource: Resource) -> bool:
    """Whether lists and results may show the resource to anyone, as the gate says."""
    return decide(resource, ReaderContext(), day=None).listed


def is_readable(resource: Resource) -> bool:
    """Whether there is something to use and terms under which some reader may: not a catalogue entry (目录).

    Files that are locked, damaged or in a codec that no browser plays count for nothing here (`Item.flags`).
    """
    return (
        bool(resource.readable_items)
        and resource.usable
        and resource.access.scope != "none"
        and is_understood(resource.access)
    )


def is_closed(resource: Resource) -> bool:
    """Whether there are files, and yet nothing that any reader could use: locked, damaged, terms not understood."""
    return bool(resource.readable_items) and resource.access.scope != "none" and not is_readable(resource)


def _dynasties(resource: Resource) -> tuple[str, ...]:
    named = (resource.date.dynasty, *(creator.dynasty for creator in resource.creators))
    first, last = _years(resource)
    return main_dynasties(tuple(filter(None, named)), first, last)


def _years(resource: Resource) -> tuple[int | None, int | None]:
    """First and last year; where one is not known the other stands for it."""
    first, last = resource.date.year_from, resource.date.year_to
    return (last if first is None else first), (first if last is None else last)


def _day(resource: Resource) -> int:
    """Month and day, to be compared within a year: 32 a month; 0 when they are not known."""
    month, day = resource.date.month or 0, resource.date.day or 0
    return month * 32 + day if 1 <= month <= 12 and 0 <= day <= 31 else 0


def _place(closed: tuple[str, ...], value: str) -> int:
    """1-based place in a closed list, 0 for a value that this version does not know."""
    return closed.index(value) + 1 if value in closed else 0


def _year(year: int | None) -> int:
    return NO_YEAR if year is None else max(-32767, min(32767, year))


def _byte(value: int | None) -> int:
    return 255 if value is None else max(0, min(254, value))
