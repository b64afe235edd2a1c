"""资源详情: one main button, how it may be used, what it consists of, everything known about it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import abort, render_template, request, url_for

from appliance.web.cards import cards_of, creators_text, has_picture, title_language, type_name
from appliance.web.context import gate, library, settings, words
from appliance.web.covers import cover_of
from appliance.web.detail_gathered import gathered_of, leaves_of
from appliance.web.detail_parts import Action, main_action, notice_of, rights_line
from appliance.web.detail_rows import Editions, contents_of
from appliance.web.errors import OFFERED, Refused
from appliance.web.facts import facts_of
from appliance.web.glance import damage_of
from appliance.web.inside_find import findable
from appliance.web.kinds import kind_of
from appliance.web.patrons import blueprint
from appliance.web.qr import qr
from appliance.web.related import related_to
from appliance.web.shelves import openable
from appliance.web.wishes import offer_for
from indexer.model import Resource, is_resource_id

if TYPE_CHECKING:
    from appliance.web.detail_gathered import Gathered


@blueprint.get("/resources/<resource_id>")
def detail(resource_id: str) -> str:
    """The page of one resource; its permanent address."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    record = held.resource
    decision = gate(record)
    if library().is_withdrawn(resource_id):
        raise Refused(decision.reason, record)
    damage = damage_of(record.id) if held.available or held.partly else None
    closed = frozenset(damage.closed) if damage else frozenset()
    lacking = library().lacking(held)
    editions = Editions(record, decision, closed, lacking)
    contents, contents_pages = contents_of(record)
    kind = type_name(record)
    gathered = gathered_of(held)
    parent = library().resource(record.parent) if record.parent else None
    is_away = not (held.available or held.partly or held.catalogue_only) and decision.allowed
    return render_template(
        "detail.html",
        held=held,
        record=record,
        language=title_language(record),
        by=creators_text(record),
        cover=cover_of(
            record,
            note=kind,
            language=title_language(record),
            pictured=has_picture(held) and decision.listed,
        ),
        decision=decision,
        notice=notice_of(held, decision, damage, lacking, gathers=gathered.count > 0),
        instead=cards_of(openable(record, OFFERED)) if is_away else [],
        rights=rights_line(held, decision),
        offer=offer_for(held, decision, gathers=gathered.count > 0),
        action=main_action(held, decision, editions, closed | lacking) if editions.count else _into(record, gathered),
        gathered=gathered,
        leaves=leaves_of(record) if decision.allowed and held.available else [],
        editions=editions,
        contents=contents,
        contents_pages=contents_pages,
        parent=parent.resource if parent else None,
        related=related_to(record),
        facts=facts_of(record),
        findable=decision.allowed and findable(record),
        qr=qr(_address(record), words().label("detail.qr")),
        back=_back(),
    )


def _into(record: Resource, gathered: Gathered) -> Action | None:
    """The main button of what has no files itself: to its issues by date, or to its first volume."""
    kind = kind_of(record.type)
    if gathered.issues_url:
        return Action(words().label("reader.by_date"), gathered.issues_url, kind.icon)
    return Action(words().label(kind.verb), gathered.first_url, kind.icon) if gathered.first_url else None


def _address(record: Resource) -> str:
    """What a phone in the library's network opens, on the address that patrons are told."""
    return f"http://{settings().address}{url_for('patrons.detail', resource_id=record.id)}"


def _back() -> str:
    """The list that the reader came from; the page itself never depends on it."""
    came = request.args.get("from", "")
    return came if came.startswith(("/search?", "/browse/", "/new")) else ""
