"""检索结果: hits with why they matched, filters with counts, sorting, pages. Never an empty page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.errors import BusyError
from appliance.web.cards import cards_of
from appliance.web.context import SEARCH_AWAY, gate, library, say, words
from appliance.web.display import current_display
from appliance.web.errors import seconds_left
from appliance.web.hits import HitLine, hit_lines
from appliance.web.inside import InsideFound, searched
from appliance.web.nearby import near_classes, near_names
from appliance.web.paging import pages
from appliance.web.patrons import blueprint, kind_tiles
from appliance.web.query import FILTERS, PAGE_SIZE, SearchAddress, facet_value, parse_address, parse_year
from appliance.web.shelves import newest
from indexer.errors import QueryError
from indexer.search_query import bare_words
from indexer.search_request import SearchRequest

if TYPE_CHECKING:
    from appliance.library.model import Found, Held
    from provisioning.words import Sentence

_GROUPS = ("type", "available", "clc", "year", "language")
_SORTS = ("relevance", "year_desc", "year", "title")
_MOST_OPTIONS = 8
_SUGGESTED = 4
_NEAR_EACH, _NEAR_ALL = 3, 6
_LONGEST_PART, _MOST_PARTS = 10, 40
"""An empty result tries at most so many shorter queries; each takes about a millisecond."""


@dataclass(frozen=True, slots=True)
class Option:
    """One value of a filter: choosing it, or taking it away when it is `on`."""

    text: str
    count: str
    url: str
    on: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A filter with its values."""

    name: str
    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Suggested:
    """What the query may have meant: words, then a link, then what explains it."""

    text: str
    link: str
    url: str
    second: str = ""


@blueprint.get("/search")
def search() -> Response:
    """The page of results; without a query it leads to the shelves."""
    try:
        address = parse_address(request.args)
    except QueryError as error:
        # A patron meets this through an old or mistyped address only: the good part of it still serves.
        kept: dict[str, Any] = {
            k: v for k, v in request.args.items() if k != error.field and k in {"q", *FILTERS, "sort"}
        }
        return redirect(url_for("patrons.search", **kept) if error.field != "q" else url_for("patrons.browse"), 303)
    if not address.q and not address.filters:
        return redirect(url_for("patrons.browse"), 303)
    try:
        answer = searched(address.request(current_display().gate_face, "search"))
    except BusyError:
        raise  # has a page of its own
    except SEARCH_AWAY as error:
        return _preparing(address, seconds_left(error))
    return make_response(_page(address, answer))


def _page(address: SearchAddress, answer: InsideFound) -> str:
    found, later = answer.found, say("patron.search.titles_only") if answer.titles_only else None
    chosen = chips(address)
    if not found.total:
        return _empty(address, found, later)
    lines: list[HitLine] = hit_lines(answer, address)
    return render_template(
        "results.html",
        address=address,
        lines=lines,
        total=found.total,
        exact=found.total_exact,
        broad=say("patron.search.too_broad", count=len(lines)).text if found.result.too_broad else "",
        later=later,
        groups=groups(address, found),
        chips=chosen,
        sorts=[(name, address.url(sort="" if name == "relevance" else name)) for name in _SORTS],
        pages=pages(address.page, found.total, PAGE_SIZE, lambda n: address.url(page=str(n) if n > 1 else "")),
        clear=address.url(**dict.fromkeys(address.filters, "")),
        suggestion=_suggestion(address, found),
        spoken=all(line.by_sound for line in lines),
    )


def _empty(address: SearchAddress, found: Found, later: Sentence | None) -> str:
    """Nothing found: say so, and offer ways that lead somewhere."""
    without = 0
    if address.filters and address.q:
        bare = SearchAddress(q=address.q)
        without = library().search(bare.request(current_display().gate_face)).total
    ways, near = _nearby(address.q)
    key = "patron.search.empty" if near else "patron.search.empty.nothing_near"
    sentence = say("patron.search.empty.filtered" if without else key, query=address.q or "—", count=without)
    return render_template(
        "empty.html",
        address=address,
        later=later,
        sentence=sentence,
        without=without,
        bare=address.url(**dict.fromkeys(address.filters, "")),
        suggestion=_suggestion(address, found),
        ways=[*ways, *near_names(address.q), *near_classes(near)],
        similar=cards_of(near or newest(_NEAR_ALL)),
    )


def _preparing(address: SearchAddress, left: int) -> Response:
    sentence = say("patron.search.preparing", minutes=max(1, -(-left // 60)))
    kinds = [(tile["name"], tile["url"]) for tile in kind_tiles() if tile["number"]]
    shelf = cards_of(newest(6))
    body = render_template("preparing.html", address=address, sentence=sentence, kinds=kinds, similar=shelf)
    response = make_response(body, 503)
    response.headers["Retry-After"] = str(min(600, max(10, left)))
    return response


def _suggestion(address: SearchAddress, found: Found) -> Suggested | None:
    """您是不是要找, or what was searched instead, when the searcher has an idea."""
    text, corrected = found.result.suggestion, found.result.corrected
    if not text or text == address.q:
        return None
    key = "patron.search.corrected" if corrected else "patron.search.did_you_mean"
    sentence = say(key, suggestion=text, query=address.q)
    if corrected:
        return Suggested(sentence.text, sentence.button, address.url(literal="1"), sentence.second)
    return Suggested("", sentence.text, address.url(q=text))


def _nearby(query: str) -> tuple[list[tuple[str, str]], list[Held]]:
    """Parts of the query that find something, as (words with their count, address), and what they find."""
    face = current_display().gate_face
    ways: list[tuple[str, str]] = []
    near: dict[str, Held] = {}
    for part in parts_of(query):
        try:
            found = library().search(SearchRequest(q=part, size=_NEAR_EACH, face=face))
        except BusyError:
            break  # what was asked is answered; this is only beside it
        if not found.total:
            continue
        text = words().label("search.with_count", query=part, count=found.total)
        ways.append((text, url_for("patrons.search", q=part)))
        for hit in found.hits:
            near.setdefault(hit.held.resource.id, hit.held)
        if len(ways) == _SUGGESTED:
            break
    return ways, list(near.values())[:_NEAR_ALL]


def parts_of(query: str) -> list[str]:
    """Shorter queries that may lead further, the longest first: words without signs, else stretches of one."""
    asked = bare_words(query)
    query = query[:_LONGEST_PART]
    whole = asked or query.split()
    if len(whole) > 1 or asked:
        return list(dict.fromkeys(sorted(whole, key=len, reverse=True)))[:_MOST_PARTS]
    sizes = range(len(query) - 1, 1, -1)
    stretches = [query[start : start + size] for size in sizes for start in range(len(query) - size + 1)]
    return list(dict.fromkeys(stretches))[:_MOST_PARTS]


def groups(address: SearchAddress, found: Found) -> tuple[Group, ...]:
    """The filters with the searcher's counts; a chosen value is always listed, so that it can be taken away."""
    out = []
    for name in _GROUPS:
        counted = {facet_value(name, value): n for value, n in found.facets.get(name, ())[:_MOST_OPTIONS]}
        chosen = address.filters.get(name, "")
        if chosen and chosen not in counted:
            counted = {chosen: found.total, **counted}
        if name == "year":
            counted = dict(sorted(counted.items(), key=lambda pair: parse_year(pair[0])[0] or 0, reverse=True))
        options = tuple(_option(address, name, value, count, chosen) for value, count in counted.items() if value)
        if options:
            out.append(Group(name, words().label(f"facet.{name}"), options))
    return tuple(out)


def _option(address: SearchAddress, name: str, value: str, count: int, chosen: str) -> Option:
    on = value == chosen
    return Option(
        text=value_text(name, value),
        count=words().number(count),
        url=address.url(**{name: "" if on else value, "page": ""}),
        on=on,
    )


def chips(address: SearchAddress) -> list[tuple[str, str]]:
    """Chosen filters, each with the address that takes it away."""
    return [(value_text(name, value), address.url(**{name: "", "page": ""})) for name, value in address.filters.items()]


def value_text(name: str, value: str) -> str:
    """A filter's value in readers' words."""
    spoken = words()
    if name == "within":
        held = library().resource(value)
        return held.resource.title if held is not None and gate(held.resource).listed else value
    if name == "year":
        first, last = parse_year(value)
        if first is None or last is None:
            return value
        return words().year(first) if first == last else spoken.label("search.years", first=first, last=last)
    if name == "clc":
        letter = value[:1].upper()
        title = spoken.label(f"clc.{letter}") if spoken.has_label(f"clc.{letter}") else value
        return title if len(value) == 1 else f"{value} {title}"
    key = f"{name}.{value}"
    if name == "language" and not spoken.has_label(key):
        key = f"{name}.{value.partition('-')[0]}"
    return spoken.label(key) if spoken.has_label(key) else value
