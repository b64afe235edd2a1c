"""Shelves: 分类浏览 by kind and class, and 新到资源. The catalogue is enough for them, search may be missing."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from flask import abort, render_template, request, url_for

from appliance.web.cards import cards_of
from appliance.web.context import SEARCH_AWAY, library, say, words
from appliance.web.display import current_display
from appliance.web.kinds import Kind, kind_named
from appliance.web.patrons import blueprint, kind_tiles
from appliance.web.query import SearchAddress
from appliance.web.shelves import newest, shelf, type_counts
from indexer.model import TYPES

if TYPE_CHECKING:
    from appliance.library.model import Held

SHELF_SIZE = 24
MAX_PAGE = 2000
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
    found = shelf(types, clc, SHELF_SIZE + 1, (number - 1) * SHELF_SIZE)
    counts = type_counts()
    filled = [t for t in kind.types if counts.get(t)] if kind else []
    subtypes = filled if len(filled) > 1 else []
    return render_template(
        "shelf.html",
        title=_title(kind, types, clc),
        subtypes=[(words().label(f"type.{t}"), url_for("patrons.listing", type=t)) for t in subtypes],
        **_cards(found, number),
    )


@blueprint.get("/new")
def new() -> str:
    """新到资源: what came last, newest first."""
    number = page_number(request.args.get("page", ""))
    found = newest(SHELF_SIZE + 1, (number - 1) * SHELF_SIZE)
    return render_template("shelf.html", title=words().label("nav.new"), subtypes=[], **_cards(found, number))


def page_number(text: str) -> int:
    """The page asked for, from 1; 404 for anything else."""
    text = text or "1"
    if not (text.isascii() and text.isdigit() and len(text) <= 5 and 1 <= int(text) <= MAX_PAGE):
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


def _cards(found: list[Held], number: int) -> dict[str, Any]:
    """One page of a shelf: its cards and the ways to the pages before and after."""
    return {
        "cards": cards_of(found[:SHELF_SIZE]),
        "empty": say("patron.shelf.empty"),
        "previous": _page_url(number - 1) if number > 1 else "",
        "next": _page_url(number + 1) if len(found) > SHELF_SIZE else "",
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


def _page_url(number: int) -> str:
    kept: dict[str, Any] = {k: v for k, v in request.args.items() if k in {"kind", "type", "clc"}}
    endpoint = request.endpoint or "patrons.new"
    return url_for(endpoint, **kept, page=number if number > 1 else None)
