"""Shelves: 分类浏览 by kind and class, and 新到资源. The catalogue is enough for them; counts come from search."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import abort, render_template, request, url_for

from appliance.library.model import Beside
from appliance.web.cards import cards_of
from appliance.web.class_words import class_name, class_text, named_above
from appliance.web.context import SEARCH_AWAY, discovery, library, say, words
from appliance.web.display import current_display
from appliance.web.kinds import Kind, kind_named
from appliance.web.patrons import blueprint, kind_tiles
from appliance.web.readers_work import SERIALS
from appliance.web.shelves import newest, shelf, type_counts
from indexer.model import TYPES, is_resource_id
from indexer.search_tallies import class_levels

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.search_tallies import Tally

SHELF_SIZE = 24
MAX_PAGE = 2000
"""The last page that is found by its number alone; further ones are reached from page to page."""
MAX_NEW_PAGE = 2000
_MOST_BELOW = 60
CLASSES = "ABCDEFGHIJKNOPQRSTUVXZ"
_CLC = re.compile(r"[A-Z][A-Z0-9.\-/]{0,19}\Z")


@blueprint.get("/browse")
def browse() -> str:
    """All kinds and all classes, with counts where search can give them."""
    counted = _class_counts()
    counts = counted.counts if counted is not None else {}
    classes = [
        {
            "letter": letter,
            "name": words().label(f"clc.{letter}"),
            "count": counts.get(letter, 0),
            "url": url_for("patrons.listing", clc=letter),
        }
        for letter in CLASSES
        if counted is None or counts.get(letter)
    ]
    return render_template(
        "browse.html", tiles=kind_tiles(), classes=classes, ways=_ways(counted), exact=_is_exact(counted)
    )


def _class_counts() -> Tally | None:
    """Class → resources; None while search is being made."""
    try:
        return discovery().classes()
    except SEARCH_AWAY:
        return None


def _is_exact(counted: Tally | None) -> bool:
    return counted is None or counted.exact


def _ways(counted: Tally | None) -> list[tuple[str, str, str]]:
    """Ways of browsing that have a page of their own: name, address, icon; those that need search only with it."""
    spoken, counts = words(), type_counts()
    shown = ["serials"] if any(counts.get(type_) for type_ in SERIALS) else []
    if counted is not None:
        shown = ["subjects", "creators", "times", *(["places"] if discovery().places().counts else []), *shown]
    return [(spoken.label(f"browse.by_{name}"), url_for(f"patrons.{name}"), _ICONS[name]) for name in shown]


_ICONS = {"subjects": "mark", "creators": "user", "times": "clock", "places": "flag", "serials": "news"}


@blueprint.get("/browse/list")
def listing() -> str:
    """One shelf: `kind` (of six) or `type`, and `clc` (class, prefix), in title order, by pages."""
    kind, types = _asked_types(request.args.get("kind", ""), request.args.get("type", ""))
    clc = request.args.get("clc", "")
    if clc and not _CLC.match(clc):
        abort(404)
    number = page_number(request.args.get("page", ""))
    beside = beside_asked()
    if beside is None and number > MAX_PAGE:
        abort(404)
    found = shelf(types, clc, SHELF_SIZE + 1, (number - 1) * SHELF_SIZE, beside)
    if beside is not None and beside.before:
        found = found[-SHELF_SIZE:]
    counts = type_counts()
    filled = [t for t in kind.types if counts.get(t)] if kind else []
    subtypes = filled if len(filled) > 1 else []
    return render_template(
        "shelf.html",
        title=_title(kind, types, clc),
        path=_path(clc),
        below=_below(clc) if not types else [],
        below_of=class_name(clc) or named_above(clc),
        subtypes=[(words().label(f"type.{t}"), url_for("patrons.listing", type=t)) for t in subtypes],
        **_cards(found, number, beside),
    )


def beside_asked() -> Beside | None:
    """The resource that the address names by `after` or `before`: it leads deep into a list at no cost.

    None when it names none, or one that is no longer held: then `page` alone says where the stretch begins.
    """
    for name in ("after", "before"):
        identity = request.args.get(name, "")
        held = library().resource(identity) if is_resource_id(identity) else None
        if held is not None and current_display().gate_face != "child":
            return Beside(held.resource, before=name == "before")
    return None


@blueprint.get("/new")
def new() -> str:
    """新到资源: what came last, newest first."""
    number = page_number(request.args.get("page", ""))
    if number > MAX_NEW_PAGE:
        abort(404)
    found = newest(SHELF_SIZE + 1, (number - 1) * SHELF_SIZE)
    return render_template(
        "shelf.html", title=words().label("nav.new"), subtypes=[], path=[], below=[], **_cards(found, number, None)
    )


def page_number(text: str) -> int:
    """The page asked for, from 1; 404 for anything else."""
    text = text or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 6 and int(text) >= 1):
        abort(404)
    return int(text)


def _asked_types(kind_name: str, type_: str) -> tuple[Kind | None, tuple[str, ...]]:
    """The kind and the record types that the address names; 404 for unknown ones."""
    if type_:
        if type_ not in TYPES:
            abort(404)
        return None, (type_,)
    if not kind_name:
        return None, ()
    kind = kind_named(kind_name)
    if kind is None:
        abort(404)
    return kind, kind.types


def _cards(found: list[Held], number: int, beside: Beside | None) -> dict[str, Any]:
    """One page of a shelf: its cards and the ways to the pages before and after."""
    shown = found[:SHELF_SIZE]
    backwards = beside is not None and beside.before
    by_place = request.endpoint == "patrons.listing" and current_display().gate_face != "child"
    before = shown[0].resource.id if by_place and shown else ""
    after = shown[-1].resource.id if by_place and shown else ""
    last = MAX_NEW_PAGE if request.endpoint == "patrons.new" else None if by_place else MAX_PAGE
    more = (len(found) > SHELF_SIZE or backwards) and number != last
    return {
        "cards": cards_of(shown),
        "empty": say("patron.shelf.empty"),
        "previous": _page_url(number - 1, before=before) if number > 1 else "",
        "next": _page_url(number + 1, after=after) if more else "",
        "number": number,
    }


def _title(kind: Kind | None, types: tuple[str, ...], clc: str) -> str:
    spoken = words()
    parts = []
    if kind:
        parts.append(spoken.label(f"kind.{kind.name}"))
    elif types:
        parts.append(spoken.label(f"type.{types[0]}"))
    if clc:
        parts.append(class_text(clc))
    return " · ".join(parts) or spoken.label("search.all_records")


def _path(clc: str) -> list[tuple[str, str]]:
    """The classes above one, each with its address: 文学 › I2 › I24."""
    above = [level for level in class_levels(clc) if level != clc]
    return [(class_text(level, short=True), url_for("patrons.listing", clc=level)) for level in above]


def _below(clc: str) -> list[tuple[str, str, str]]:
    """The classes one step below that hold something: what they are called, how many, address."""
    counted = _class_counts() if clc else None
    if counted is None:
        return []
    key = "count.resources" if counted.exact else "count.about"
    return [
        (class_text(code, short=True), words().label(key, count=count), url_for("patrons.listing", clc=code))
        for code, count in counted.below(clc)[:_MOST_BELOW]
    ]


def _page_url(number: int, **beside: str) -> str:
    """The address of a page of this shelf; the first page needs no place."""
    kept: dict[str, Any] = {k: v for k, v in request.args.items() if k in {"kind", "type", "clc"}}
    if number > 1:
        kept |= {"page": number, **{name: identity for name, identity in beside.items() if identity}}
    return url_for(request.endpoint or "patrons.new", **kept)
