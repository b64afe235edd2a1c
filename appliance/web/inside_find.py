"""在本书中查找: the places of one resource that hold some words, each opened in the reader with the words marked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import abort, render_template, request, url_for
from markupsafe import Markup

from appliance.library.texts import place_of_record
from appliance.web.cards import title_language
from appliance.web.context import gate, library, say, services
from appliance.web.errors import Refused
from appliance.web.hits import marked
from appliance.web.inside import has_text, place_url, place_words
from appliance.web.paging import pages
from appliance.web.patrons import blueprint
from appliance.web.query import MAX_QUERY
from indexer.model import is_resource_id

if TYPE_CHECKING:
    from indexer.model import Resource
    from indexer.sections_search import Excerpt

PLACES = 50
"""On a page."""
_MAX_PAGE = 100


@dataclass(frozen=True, slots=True)
class FoundPlace:
    """One place: where it is in words, its address (empty when nothing opens it), a piece of the text, marked."""

    where: str
    url: str
    excerpt: Markup


@blueprint.get("/resources/<resource_id>/find")
def find_inside(resource_id: str) -> str:
    """The places of `?q=` in the texts of one resource."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    record, decision = held.resource, gate(held.resource)
    if not decision.allowed:
        raise Refused(decision.reason, record)
    query = " ".join(request.args.get("q", "").split())[:MAX_QUERY]
    number = min(max(request.args.get("page", default=1, type=int), 1), _MAX_PAGE)
    found, count, complete = _places(record, query, number)
    return render_template(
        "inside.html",
        record=record,
        language=title_language(record),
        query=query,
        places=[_shown(record, place, query) for place in found],
        count=count,
        complete=complete,
        nothing=say("reader.find.none", query=query) if query and not count and complete else None,
        later=say("patron.search.titles_only") if query and not count and not complete else None,
        pages=pages(number, count, PLACES, lambda n: _url(record, query, n)),
    )


def findable(record: Resource) -> bool:
    """Whether the texts of a resource can be looked through now."""
    box, place = services().texts, place_of_record(library(), record.id)
    return box is not None and place is not None and has_text(record.items) and box.has_index(place[0])


def _places(record: Resource, query: str, number: int) -> tuple[list[Excerpt], int, bool]:
    box, place = services().texts, place_of_record(library(), record.id)
    if box is None or place is None or not query:
        return [], 0, not has_text(record.items)
    found, count, complete = box.places(query, *place, first=(number - 1) * PLACES, size=PLACES)
    return found, count, complete and (box.has_index(place[0]) or not has_text(record.items))


def _shown(record: Resource, place: Excerpt, query: str) -> FoundPlace:
    return FoundPlace(place_words(place, query), place_url(record, place), marked(place.text, place.marks))


def _url(record: Resource, query: str, number: int) -> str:
    return url_for("patrons.find_inside", resource_id=record.id, q=query, page=number if number > 1 else None)
