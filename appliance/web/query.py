"""Search parameters of an address, for pages and for the API alike. What is not offered is refused by name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from flask import url_for

from indexer.errors import QueryError
from indexer.model import TYPES, is_resource_id
from indexer.search_request import AVAILABLE, SORTS, SearchRequest

if TYPE_CHECKING:
    from collections.abc import Callable

PAGE_SIZE = 20
MAX_QUERY = 200
MAX_PAGE = 5000
FILTERS = ("type", "clc", "year", "language", "available", "within")
_CLC = re.compile(r"[A-Z][A-Z0-9.\-/]{0,19}\Z")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(?:-[A-Za-z0-9]{1,8}){0,4}\Z")
_YEAR = re.compile(r"(-?[0-9]{1,4})(?:-(-?[0-9]{1,4}))?\Z")


@dataclass(frozen=True, slots=True)
class SearchAddress:
    """The parameters as given, checked; makes the addresses of neighbouring searches.

    Attributes:
        q: what is looked for, at most 200 characters. sort: one of `SORTS`. page: from 1.
        filters: parameter → value, empty ones left out.
        literal: whether nothing near is searched instead where the query finds nothing.
    """

    q: str = ""
    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = "relevance"
    page: int = 1
    literal: bool = False

    def request(self, face: str, mend: str = "") -> SearchRequest:
        """What the library is asked, for a reader with that face; `mend` as in `SearchRequest`."""
        year_from, year_to = parse_year(self.filters.get("year", ""))
        return SearchRequest(
            q=self.q,
            type=self.filters.get("type", ""),
            clc=self.filters.get("clc", ""),
            year_from=year_from,
            year_to=year_to,
            language=self.filters.get("language", ""),
            available=self.filters.get("available", ""),
            within=self.filters.get("within", ""),
            sort=self.sort,
            page=self.page,
            size=PAGE_SIZE,
            face=face,
            mend="offer" if self.literal and mend else mend,
        )

    def url(self, **changes: str) -> str:
        """The address of this search with other values; an empty value takes the parameter away, page goes to 1."""
        values: dict[str, Any] = {
            "q": self.q,
            **self.filters,
            "sort": "" if self.sort == "relevance" else self.sort,
            "literal": "1" if self.literal and "q" not in changes else "",
            **changes,
        }
        return url_for("patrons.search", **{k: v for k, v in values.items() if v})


def parse_address(args: Mapping[str, str]) -> SearchAddress:
    """The parameters of an address, from the first value of each.

    Raises:
        QueryError: a value is not one of those offered; `field` names the parameter.
    """
    filters = {name: value for name in FILTERS if (value := args.get(name, "").strip())}
    for name, value in filters.items():
        allowed, expected = _ALLOWED[name]
        if not allowed(value):
            raise QueryError(name, f"expected {expected}")
    if "year" in filters:
        parse_year(filters["year"])
    sort = args.get("sort", "").strip() or "relevance"
    if sort not in SORTS:
        raise QueryError("sort", f"expected one of {', '.join(SORTS)}")
    return SearchAddress(
        parse_query(args.get("q", "")), filters, sort, _page(args.get("page", "")), args.get("literal") == "1"
    )


def parse_year(text: str) -> tuple[int | None, int | None]:
    """First and last year of `1999` or `1900-1949`; both None for empty text.

    Raises:
        QueryError: it is neither, or the last year lies before the first.
    """
    if not text:
        return None, None
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
    return value.replace("..", "-") if name == "year" else value


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
    "year": (_YEAR.match, "a year such as 1999 or years such as 1900-1949"),
    "language": (_LANGUAGE.match, "a language tag such as zh-Hans"),
    "within": (is_resource_id, "the id of a resource"),
    "available": (lambda v: v in AVAILABLE, f"one of {', '.join(filter(None, AVAILABLE))}"),
}
