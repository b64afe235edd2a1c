"""Shelves: 分类浏览 by kind and class, and 新到资源. The catalogue is enough for them, search may be missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import abort, render_template, request, url_for

from appliance.library.model import Beside
from appliance.web.cards import cards_of
from appliance.web.context import SEARCH_AWAY, library, say, words
from appliance.web.display import current_display
from appliance.web.kinds import Kind, kind_named
from appliance.web.patrons import blueprint, kind_tiles
from appliance.web.query import SearchAddress
from appliance.web.shelves import newest, shelf, type_counts
from indexer.model import TYPES, is_resource_id

if TYPE_CHECKING:
    from appliance.library.model import Held

SHELF_SIZE = 24
MAX_PAGE = 2000
"""The last page that is found by its number alone; further ones are reached from page to page."""
MAX_NEW_PAGE = 100
CLASSES = "ABCDEFGHIJKNOPQRSTUVXZ"
_CLC = re.compile(r"[A-Z][A-Z0-9.\-/]{0,19}\Z")


@blueprint.get("/browse")
def browse() -> str:
    """All kinds and all classes, with counts where search can give them."""
    counted = _class_counts()
    classes = [
        {
            "letter": letter,
            "name": words().label(f"clc.{letter}"),
            "count": counted.get(letter, 0),
            "url": url_for("patrons.listing", clc=letter),
        }
        for letter in CLASSES
        if not counted or counted.get(letter)
    ]
    return render_template("browse.html", tiles=kind_tiles(), classes=classes, counted=bool(counted))


def _class_counts() -> dict[str, int]:
    """Main class → resources; empty while search is being made."""
    request_all = SearchAddress().request(current_display().gate_face)
    try:
        facet = library().search(request_all).facets.get("clc", ())
    except SEARCH_AWAY:
        return {}
    counts: dict[str, int] = {}
    for code, count in facet:
        counts[code[:1].upper()] = counts.get(code[:1].upper(), 0) + count
    return counts


@blueprint.get("/browse/list")
def listing() -> str:
    """One shelf: `kind` (of six) or `type`, and `clc` (class, prefix), in title order, by pages."""
    kind, types = _asked_types(request.args.get("kind", ""), request.args.get("type", ""))
    clc = request.args.get("clc", "")
    if clc and not _CLC.match(clc):
        abort(404)
    number = page_number(request.args.get("page", ""))
    beside = _beside()
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
        subtypes=[(words().label(f"type.{t}"), url_for("patrons.listing", type=t)) for t in subtypes],
        **_cards(found, number, beside),
    )


def _beside() -> Beside | None:
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
    return render_template("shelf.html", title=words().label("nav.new"), subtypes=[], **_cards(found, number, None))


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
        key = f"clc.{clc[:1]}"
        parts.append(spoken.label(key) if spoken.has_label(key) and len(clc) == 1 else clc)
    return " · ".join(parts) or spoken.label("search.all_records")


def _page_url(number: int, **beside: str) -> str:
    """The address of a page of this shelf; the first page needs no place."""
    kept: dict[str, Any] = {k: v for k, v in request.args.items() if k in {"kind", "type", "clc"}}
    if number > 1:
        kept |= {"page": number, **{name: identity for name, identity in beside.items() if identity}}
    return url_for(request.endpoint or "patrons.new", **kept)
