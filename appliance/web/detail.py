"""资源详情: one main button, how it may be used, what it consists of, everything known about it."""

from __future__ import annotations

from flask import abort, render_template, request, url_for

from appliance.web.cards import cards_of, creators_text, has_picture, title_language, type_name
from appliance.web.context import gate, library, services, words
from appliance.web.covers import class_letter, cover_of
from appliance.web.detail_parts import edition_rows, main_action, notice_of, rights_line
from appliance.web.facts import facts_of
from appliance.web.kinds import kind_of
from appliance.web.patrons import blueprint
from appliance.web.qr import qr
from indexer.model import Resource, is_resource_id

_CONTENTS_SHOWN = 200
_CHILDREN_SHOWN = 200
_RELATED = 4


@blueprint.get("/resources/<resource_id>")
def detail(resource_id: str) -> str:
    """The page of one resource; its permanent address."""
    held = library().resource(resource_id) if is_resource_id(resource_id) else None
    if held is None:
        abort(404)
    record = held.resource
    decision = gate(record)
    damaged = (
        frozenset(i.id for i in record.items if services().faults.of_item(i.id)) if held.available else frozenset()
    )
    rows = edition_rows(held, decision, damaged)
    kind = type_name(record)
    parent = library().resource(record.parent) if record.parent else None
    return render_template(
        "detail.html",
        held=held,
        record=record,
        language=title_language(record),
        by=creators_text(record),
        cover=cover_of(record, note=kind, pictured=has_picture(held)),
        decision=decision,
        notice=notice_of(held, decision, damaged),
        rights=rights_line(held, decision),
        action=main_action(held, decision, rows),
        rows=rows,
        contents=[(entry.title, _place(record, entry.target)) for entry in record.contents[:_CONTENTS_SHOWN]],
        children=cards_of(library().children(record.id)[:_CHILDREN_SHOWN]),
        parent=parent.resource if parent else None,
        related=_related(record),
        facts=facts_of(record),
        qr=qr(_address(record), words().label("detail.qr")),
        back=_back(),
    )


def _address(record: Resource) -> str:
    """What a phone opens: the address that this terminal itself uses."""
    return url_for("patrons.detail", resource_id=record.id, _external=True)


def _place(record: Resource, target: str) -> str:
    """Where a line of the contents leads, empty when nowhere."""
    item_id, _, place = target.partition("#")
    if not item_id or all(item.id != item_id for item in record.items):
        return ""
    return url_for("readers.read", resource_id=record.id, item=item_id, at=place or None)


def _related(record: Resource) -> list[dict[str, str]]:
    """Others of the same class, else of the same kind; from the catalogue alone, so it works without search."""
    letter = class_letter(record)
    code = next((c.code for c in record.classes if c.scheme == "clc"), "")
    found = library().browse(clc=code, limit=_RELATED + 1) if code else []
    if len(found) <= _RELATED and letter:
        found += library().browse(clc=letter, limit=_RELATED + 8)
    if len(found) <= _RELATED:
        found += library().newest(_RELATED + 8, type_=kind_of(record.type).types[0])
    cards: dict[str, dict[str, str]] = {}
    for held in found:
        other = held.resource
        if other.id != record.id and gate(other).listed:
            cards.setdefault(
                other.id,
                {
                    "url": url_for("patrons.detail", resource_id=other.id),
                    "title": other.title,
                    "language": title_language(other),
                    "type": type_name(other),
                },
            )
    return list(cards.values())[:_RELATED]


def _back() -> str:
    """The list that the reader came from; the page itself never depends on it."""
    came = request.args.get("from", "")
    return came if came.startswith(("/search?", "/browse/", "/new")) else ""
