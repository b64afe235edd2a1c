"""What a resource gathers: issues of a serial, volumes of a set, resources of a collection; and the 版 of an issue."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import request, url_for

from appliance.web.cards import Card, card_of
from appliance.web.context import gate, library, words
from appliance.web.paging import Pages, pages
from appliance.web.readers_issues import Issues
from appliance.web.readers_work import SERIALS

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.model import Resource

MANY_ISSUES = 24
"""More of them are chosen by date; the page of the serial shows the latest."""
_LATEST = 12
_PAGE = 60
_MOST_LEAVES = 400


@dataclass(frozen=True, slots=True)
class Gathered:
    """The parts of a resource as its page shows them.

    Attributes:
        title: of the section. cards: in order; of many issues the latest, newest first. pages: of a long list.
        issues_url: where issues are chosen by date, empty for other parts. count: how many there are.
        first_url: where reading begins; empty when nothing of it can be read.
    """

    title: str
    cards: list[Card]
    pages: Pages | None
    issues_url: str
    count: int
    first_url: str


def gathered_of(held: Held) -> Gathered:
    """What it gathers, as far as this reader may see it."""
    record, found = held.resource, Issues(held)
    parts, serial = found.parts, record.type in SERIALS and len(found) > 1
    issues_url = url_for("readers.issues", resource_id=record.id) if serial else ""
    title = words().label("detail.parts")
    shown, leaves = parts, None
    if serial and len(parts) > MANY_ISSUES:
        shown, title = list(reversed(parts[-_LATEST:])), words().label("detail.latest")
    elif len(parts) > _PAGE:
        last = -(-len(parts) // _PAGE)
        number = min(max(request.args.get("parts", default=1, type=int), 1), last)
        shown = parts[(number - 1) * _PAGE : number * _PAGE]
        leaves = pages(
            number,
            len(parts),
            _PAGE,
            lambda n: url_for("patrons.detail", resource_id=record.id, parts=n if n > 1 else None) + "#parts",
        )
    held_parts = (library().resource(part.record.id) for part in shown)
    first = next((part.record.id for part in parts if part.usable), "") if record.level != "collection" else ""
    return Gathered(
        title,
        [_in_its_serial(card_of(part), part) for part in held_parts if part is not None and gate(part.resource).listed],
        leaves,
        issues_url,
        len(found),
        url_for("readers.read", resource_id=first) if first else "",
    )


def _in_its_serial(card: Card, part: Held) -> Card:
    """The card of an issue below its journal: by its date or number alone, which a title would push out of sight."""
    named = part.resource.designation
    return replace(card, title=named, pinyin="") if part.resource.type in SERIALS and named else card


def leaves_of(record: Resource) -> list[tuple[str, str]]:
    """The pages of an issue that have names, 第1版 要闻, each with where it is read; none of mere numbers."""
    found = [item for item in record.items if item.role == "page"][:_MOST_LEAVES]
    if record.type not in SERIALS or not any(item.label and not item.label.isdecimal() for item in found):
        return []
    return [(item.label, url_for("readers.read", resource_id=record.id, item=item.id)) for item in found]
