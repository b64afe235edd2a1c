"""检索结果: hits with why they matched, filters with counts, sorting, pages. Never an empty page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from appliance.errors import BusyError
from appliance.web.cards import cards_of
from appliance.web.context import SEARCH_AWAY, library, say, words
from appliance.web.display import current_display
from appliance.web.errors import seconds_left
from appliance.web.facets import chips, groups
from appliance.web.hits import HitLine, hit_lines
from appliance.web.inside import InsideFound, searched
from appliance.web.nearby import near_classes, near_names
from appliance.web.paging import pages
from appliance.web.patrons import blueprint, kind_tiles
from appliance.web.query import FILTERS, PAGE_SIZE, SearchAddress, parse_address
from appliance.web.shelves import newest
from appliance.web.wishes import ask_text, words_to_ask
from indexer.analysis import fold, is_spaceless
from indexer.errors import QueryError
from indexer.search_numbers import CHINESE_DIGITS, has_number, serial_in
from indexer.search_query import bare_words
from indexer.search_request import SearchRequest

if TYPE_CHECKING:
    from appliance.library.model import Found, Held
    from provisioning.words import Sentence

_SORTS = ("relevance", "year_desc", "year", "title")
_SUGGESTED = 4
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")
_NUMBER = re.compile(r"[0-9年月日期卷册]|" + "|".join(sorted(CHINESE_DIGITS)))
_NEAR_EACH, _NEAR_ALL, _QUOTED = 3, 6, 3
_NAMED = 4
"""Words of like meaning that a sentence names."""
_LONGEST_PART, _MOST_PARTS = 10, 40
"""An empty result tries at most so many shorter queries; each takes about a millisecond."""


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
        given = request.args.to_dict(flat=False)
        kept: dict[str, Any] = {k: v for k, v in given.items() if k != error.field and k in {"q", *FILTERS, "sort"}}
        return redirect(url_for("patrons.search", **kept) if error.field != "q" else url_for("patrons.browse"), 303)
    if not address.q and not address.filters:
        return redirect(url_for("patrons.browse"), 303)
    try:
        answer = searched(address.request(current_display().gate_face, "search"))
    except BusyError:
        raise  # has a page of its own
    except SEARCH_AWAY as error:
        return _preparing(address, seconds_left(error))
    if address.page > 1 and answer.found.total and not answer.found.hits:
        return redirect(address.url(page=""), 303)  # behind the last page: an old address
    return make_response(_page(address, answer))


def _page(address: SearchAddress, answer: InsideFound) -> str:
    found, later = answer.found, say("patron.search.titles_only") if answer.titles_only else None
    chosen = chips(address)
    if not found.total:
        return _empty(address, found, later)
    lines: list[HitLine] = hit_lines(answer, address)
    alike = found.result.alike
    sorts = ("issue", *_SORTS[1:]) if "within" in address.filters and not address.q else _SORTS
    return render_template(
        "results.html",
        address=address,
        lines=lines,
        total=found.total,
        count=found.total - alike or alike,
        exact=found.total_exact or 0 < alike < found.total,
        broad=say("patron.search.too_broad", count=len(lines)).text if found.result.too_broad else "",
        later=later,
        groups=groups(address, found),
        chips=chosen,
        sorts=[(name, address.url(sort=name)) for name in sorts],
        bare=_entries(address, found),
        other_form=_other_form(address, found),
        listing_entries=address.filters.get("available") == "catalogue",
        first_bare=-1 if alike else _turn(address, lines),
        alike=_alike(address, found),
        first_alike=_first_alike(found, lines),
        pages=pages(address.page, found.total, PAGE_SIZE, lambda n: address.url(page=str(n) if n > 1 else "")),
        clear=address.url(**dict.fromkeys(address.filters, "")),
        suggestion=_suggestion(address, found),
        spoken=all(line.by_sound for line in lines),
        asks=words_to_ask(address.q) if _is_other(address, found) else "",
        ask_text=ask_text(),
    )


def _entries(address: SearchAddress, found: Found) -> tuple[Sentence, str] | None:
    """另有 n 条仅有目录: the sentence and the way to them, where something can be read beside them; no child asks."""
    count = found.result.entries
    if not count or count >= found.total or "available" in address.filters or current_display().face == "child":
        return None
    sentence = say("patron.search.more_catalogue", count=count)
    return sentence, address.url(available="catalogue", page="")


def _turn(address: SearchAddress, lines: list[HitLine]) -> int:
    """The place of the first line that is only an entry, where all that can be read stands before it; -1 for none."""
    if address.sort != "relevance" or "available" in address.filters:
        return -1
    bare = [place for place, line in enumerate(lines) if line.bare]
    return bare[0] if bare and all(line.bare for line in lines[bare[0] :]) else -1


def _alike(address: SearchAddress, found: Found) -> Suggested | None:
    """也按“花卉”查找: the words of like meaning that were searched too, and the way to the words typed alone."""
    count, named = found.result.alike, found.result.alike_words[:_NAMED]
    if not count:
        return None
    key = "patron.search.alike" if found.total_exact else "patron.search.alike.about"
    if count == found.total:
        typed = fold(address.q)
        less = all(part in typed for word in named for part in word.split())
        key = "patron.search.alike.fewer" if less else "patron.search.alike.only"
    sentence = say(key, suggestion=words().label("list.join").join(named), query=address.q, count=count)
    return Suggested(sentence.text, sentence.button, address.url(literal="1"), sentence.second)


def _is_other(address: SearchAddress, found: Found) -> bool:
    """Whether nothing of what is shown holds what was typed, spaces aside."""
    corrected = found.result.corrected and found.result.suggestion.replace(" ", "") != address.q
    return corrected or found.result.alike == found.total


def _first_alike(found: Found, lines: list[HitLine]) -> int:
    """The place of the first line that only words of like meaning find, where others stand before; -1 for none."""
    if found.result.alike == found.total:
        return -1
    return next((place for place, line in enumerate(lines) if line.alike), -1)


def _empty(address: SearchAddress, found: Found, later: Sentence | None) -> str:
    """Nothing found: say so, and offer ways that lead somewhere."""
    without = 0
    if address.filters and address.q:
        bare = SearchAddress(q=address.q)
        without = library().search(bare.request(current_display().gate_face)).total
    ways, near, near_parts = _nearby(address.q)
    shown = near or newest(_NEAR_ALL)
    beside = "" if near else ".nothing_near" if shown else ".nothing_shown"
    key = f"patron.search.empty{beside}"
    sentence = say("patron.search.empty.filtered" if without else key, query=address.q or "—", count=without)
    return render_template(
        "empty.html",
        address=address,
        later=later,
        sentence=sentence,
        without=without,
        bare=address.url(**dict.fromkeys(address.filters, "")),
        asks=words_to_ask(address.q) if not without else "",
        ask_text=ask_text(),
        suggestion=_suggestion(address, found),
        ways=[*ways, *near_names(address.q), *near_classes(near)],
        similar=cards_of(shown),
        why_similar=_why_similar(near_parts if near else []),
    )


def _preparing(address: SearchAddress, left: int) -> Response:
    sentence = say("patron.search.preparing", minutes=max(1, -(-left // 60)))
    kinds = [(tile["name"], tile["url"]) for tile in kind_tiles() if tile["number"]]
    shelf = cards_of(newest(6))
    body = render_template("preparing.html", address=address, sentence=sentence, kinds=kinds, similar=shelf)
    response = make_response(body, 503)
    response.headers["Retry-After"] = str(min(600, max(10, left)))
    return response


def _other_form(address: SearchAddress, found: Found) -> str:
    """A piece of a title that was found although it is written in other characters than were typed: 紅樓 for 红楼."""
    if not _HAN.search(address.q):
        return ""
    for hit in found.result.hits:
        for start, end in hit.marks if hit.alike is None else ():
            piece = hit.resource.title[start:end]
            if any(sign not in address.q for sign in _HAN.findall(piece)):
                return piece[:_LONGEST_PART]
    return ""


def _suggestion(address: SearchAddress, found: Found) -> Suggested | None:
    """您是不是要找, or what was searched instead, when the searcher has an idea."""
    text, corrected = found.result.suggestion, found.result.corrected
    if not text or text == address.q:
        return None
    key = "corrected" if corrected else "did_you_mean"
    if corrected and text == serial_in(address.q):
        key = "other_issues"
    sentence = say(f"patron.search.{key}", suggestion=text, query=address.q)
    if corrected:
        return Suggested(sentence.text, sentence.button, address.url(literal="1"), sentence.second)
    return Suggested("", sentence.text, address.url(q=text))


def _why_similar(parts: list[str]) -> str:
    """Why some resources are shown although nothing was found: they have these words of it, or they are new."""
    if current_display().face == "child":
        return words().label("search.similar_child")
    if not parts:
        return words().label("search.similar_new")
    quoted = [words().label("search.quoted", query=part) for part in parts[:_QUOTED]]
    return words().label("search.similar_words", name=words().label("list.join").join(quoted))


def _nearby(query: str) -> tuple[list[tuple[str, str]], list[Held], list[str]]:
    """Parts of the query that find something as (words with their count, address); what they find; which those are."""
    face = current_display().gate_face
    ways: list[tuple[str, str]] = []
    near: dict[str, Held] = {}
    led: list[str] = []
    for part in parts_of(query):
        try:
            found = library().search(SearchRequest(q=part, size=_NEAR_EACH, face=face))
        except BusyError:
            break  # what was asked is answered; this is only beside it
        if not found.total:
            continue
        text = words().label("search.with_count", query=part, count=found.total)
        ways.append((text, url_for("patrons.search", q=part)))
        before = len(near)
        for hit in found.hits:
            near.setdefault(hit.held.resource.id, hit.held)
        if before < min(len(near), _NEAR_ALL):
            led.append(part)
        if len(ways) == _SUGGESTED:
            break
    return ways, list(near.values())[:_NEAR_ALL], led


def parts_of(query: str) -> list[str]:
    """Shorter queries that may lead further, the longest first: words without signs, else stretches of one."""
    asked = bare_words(query)
    query = query[:_LONGEST_PART]
    whole = asked or query.split()
    if len(whole) > 1 or asked:
        return list(dict.fromkeys(sorted(whole, key=len, reverse=True)))[:_MOST_PARTS]
    # A piece of an English word or of a number says nothing: 020 of an ISBN, lm of hlm.
    ends = [place for place in range(len(query) + 1) if not _is_within(query, place)]
    sizes = range(len(query) - 1, 1, -1)
    stretches = [query[start : start + size] for size in sizes for start in ends if start + size in ends]
    if has_number(query):
        stretches = [piece for piece in stretches if not _NUMBER.search(piece)]  # 十六年 is no part of 二十六年
    return list(dict.fromkeys(stretches))[:_MOST_PARTS]


def _is_within(text: str, place: int) -> bool:
    """Whether a word of letters or digits goes on at a place."""
    around = text[place - 1 : place + 1] if 0 < place < len(text) else ""
    return bool(around) and all(sign.isalnum() and not is_spaceless(sign) for sign in around)
