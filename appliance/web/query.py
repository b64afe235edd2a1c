"""Search parameters of an address, for pages and for the API alike. What is not offered is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from flask import g, url_for
from werkzeug.datastructures import MultiDict

from indexer.errors import QueryError
from indexer.model import AUDIENCES, TYPES, is_resource_id
from indexer.search_request import AVAILABLE, DOWNLOAD, MAX_CHOSEN, SORTS, SearchRequest, Values, ages_of, chosen
from indexer.text.main_dynasties import MAIN_DYNASTIES

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_SIZE = 20
MAX_QUERY = 200
MAX_PAGE = 5000
SEVERAL = ("type", "clc", "tree", "dynasty", "language", "audience", "place")
"""Filters that take several values, one of which a record must have: `type=book&type=audio`."""

_SAFE = "!$'()*,/:;?@"
"""Signs that stand in an address as they are, the same as `url_for` leaves; a page has a hundred such addresses."""
FILTERS = (*SEVERAL, "age", "year", "available", "download", "within")
_CLC = re.compile(r"[A-Z][A-Z0-9.\-/]{0,19}\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")
_TREE = re.compile(r"[A-Za-z0-9_-]{1,16}:[^\x00-\x1f\x7f]{1,47}\Z")
_PLACE = re.compile(r"[0-9]{6}\Z", re.ASCII)
_AGE = re.compile(r"[0-9]{1,2}(?:-[0-9]{1,2})?\Z", re.ASCII)
_OPEN_YEARS = re.compile(r"(-?[0-9]{1,4})\.\.\Z|\.\.(-?[0-9]{1,4})\Z", re.ASCII)
_YEAR = re.compile(r"(-?[0-9]{1,4})(?:-(-?[0-9]{1,4}))?\Z")


@dataclass(frozen=True, slots=True)
class SearchAddress:
    """The parameters as given, checked; makes the addresses of neighbouring searches.

    Attributes:
        q: what is looked for, at most 200 characters. sort: one of `SORTS`. page: from 1.
        filters: parameter → value, or values of those that take several; empty ones left out.
        literal: whether nothing near is searched instead where the query finds nothing.
    """

    q: str = ""
    filters: Mapping[str, Values] = field(default_factory=dict)
    sort: str = "relevance"
    page: int = 1
    literal: bool = False

    def chosen(self, name: str) -> tuple[str, ...]:
        """The values of a filter."""
        return chosen(self.filters.get(name, ""))

    def request(self, face: str, mend: str = "") -> SearchRequest:
        """What the library is asked, for a reader with that face; `mend` as in `SearchRequest`."""
        filters: dict[str, Any] = dict(self.filters)
        year_from, year_to = parse_year(filters.pop("year", ""))
        return SearchRequest(
            q=self.q,
            year_from=year_from,
            year_to=year_to,
            sort=self.sort,
            page=self.page,
            size=PAGE_SIZE,
            face=face,
            mend="offer" if self.literal and mend else mend,
            **filters,
        )

    def url(self, **changes: Values) -> str:
        """The address of this search with other values; an empty value takes the parameter away, page goes to 1."""
        if "search_path" not in g:
            g.search_path = url_for("patrons.search")
        given = urlencode(self._given(changes), doseq=True, safe=_SAFE)
        return f"{g.search_path}?{given}" if given else str(g.search_path)

    def advanced_url(self) -> str:
        """The address of the advanced form, filled with this search."""
        return url_for("patrons.advanced", **self._given({"sort": ""}))

    def _given(self, changes: Mapping[str, Values]) -> dict[str, Any]:
        values: dict[str, Any] = {
            "q": self.q,
            **self.filters,
            "sort": self.sort,
            "literal": "1" if self.literal and "q" not in changes else "",
            **changes,
        }
        usual = "issue" if values.get("within") and not values["q"] else "relevance"
        if values["sort"] == usual or (values["sort"] == "issue" and not values.get("within")):
            values["sort"] = ""
        return {k: v if isinstance(v, str) else list(v) for k, v in values.items() if v}

    def with_value(self, name: str, value: str) -> str:
        """The address with one value more, where a filter takes several; else with this one."""
        return self.url(**{name: (*self.chosen(name), value) if name in SEVERAL else (value,)})

    def without_value(self, name: str, value: str) -> str:
        """The address with one value less."""
        return self.url(**{name: tuple(v for v in self.chosen(name) if v != value)})


def parse_address(args: Mapping[str, str]) -> SearchAddress:
    """The parameters of an address, from the first value of each, or all values of those that take several.

    Raises:
        QueryError: a value is not one of those offered; `field` names the parameter.
    """
    filters: dict[str, Values] = {}
    for name in FILTERS:
        values = _given(args, name)
        if not values:
            continue
        allowed, expected = _ALLOWED[name]
        if len(values) > MAX_CHOSEN:
            raise QueryError(name, f"expected at most {MAX_CHOSEN} values")
        if not all(allowed(value) for value in values):
            raise QueryError(name, f"expected {expected}")
        filters[name] = values[0] if len(values) == 1 else values
    if "year" in filters:
        parse_year(str(filters["year"]))
    if "age" in filters:
        ages_of(str(filters["age"]))
    query = parse_query(args.get("q", ""))
    usual = "issue" if "within" in filters and not query else "relevance"
    sort = args.get("sort", "").strip() or usual
    if sort not in SORTS or (sort == "issue" and "within" not in filters):
        raise QueryError("sort", f"expected one of {', '.join(SORTS)} (issue only with within)")
    return SearchAddress(query, filters, sort, _page(args.get("page", "")), args.get("literal") == "1")


def _given(args: Mapping[str, str], name: str) -> tuple[str, ...]:
    """The values that an address gives a parameter, without empty ones and each once."""
    every: Sequence[str] = args.getlist(name) if isinstance(args, MultiDict) else [args.get(name, "")]
    values = tuple(dict.fromkeys(value for text in every if (value := text.strip())))
    return values if name in SEVERAL else values[:1]


def parse_year(text: str) -> tuple[int | None, int | None]:
    """First and last year of `1999`, `1900-1949`, `1900..` or `..1949`; both None for empty text.

    Raises:
        QueryError: it is neither, or the last year lies before the first.
    """
    if not text:
        return None, None
    open_ = _OPEN_YEARS.match(text)
    if open_ is not None:
        return (int(open_[1]) if open_[1] else None), (int(open_[2]) if open_[2] else None)
    match = _YEAR.match(text)
    if match is None:
        raise QueryError("year", "expected a year such as 1999 or years such as 1900-1949")
    first = int(match[1])
    last = int(match[2]) if match[2] is not None else first
    if last < first:
        raise QueryError("year", "expected the first year before the last")
    return first, last


def facet_value(name: str, value: str) -> str:
    """A facet's value as the parameter of the same name takes it: years 1930..1939 as 1930-1939."""
    first, dots, last = value.partition("..")
    return f"{first}-{last}" if name == "year" and dots and first and last else value


def parse_query(text: str) -> str:
    """What is looked for, with single spaces.

    Raises:
        QueryError: it is too long.
    """
    text = " ".join(text.split())
    if len(text) > MAX_QUERY:
        raise QueryError("q", f"expected at most {MAX_QUERY} characters")
    return text


def _page(text: str) -> int:
    text = text.strip() or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and 1 <= int(text) <= MAX_PAGE):
        raise QueryError("page", f"expected a number from 1 to {MAX_PAGE}")
    return int(text)


_ALLOWED: dict[str, tuple[Callable[[str], object], str]] = {
    "type": (lambda v: v in TYPES, f"one of {', '.join(TYPES)}"),
    "clc": (_CLC.match, "a class such as I or I222"),
    "year": (lambda v: _YEAR.match(v) or _OPEN_YEARS.match(v), "a year such as 1999 or years such as 1900-1949"),
    "language": (_LANGUAGE.match, "a language tag such as zh-Hans"),
    "within": (is_resource_id, "the id of a resource"),
    "tree": (_TREE.match, "a place in a classification such as sibu:集部"),
    "place": (_PLACE.match, "a code of GB/T 2260 such as 110000"),
    "dynasty": (lambda v: v in MAIN_DYNASTIES, f"one of {', '.join(MAIN_DYNASTIES)}"),
    "audience": (lambda v: v in AUDIENCES, f"one of {', '.join(AUDIENCES)}"),
    "age": (_AGE.match, "an age such as 7 or ages such as 7-9"),
    "download": (lambda v: v in DOWNLOAD, f"one of {', '.join(filter(None, DOWNLOAD))}"),
    "available": (lambda v: v in AVAILABLE, f"one of {', '.join(filter(None, AVAILABLE))}"),
}
