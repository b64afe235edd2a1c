"""One resource as lists show it: cover, title, a line about it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import gate, words
from appliance.web.covers import Cover, cover_of

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.model import Creator, Resource

_MOST_NAMES = 3


@dataclass(frozen=True, slots=True)
class Card:
    """A resource on a shelf; `language` is set when the title is not in the page's language."""

    url: str
    title: str
    meta: str
    cover: Cover
    language: str = ""


def title_language(resource: Resource) -> str:
    """The tag for `lang` on the title, empty for simplified Chinese."""
    return next((tag for tag in resource.language if tag not in {"zh-Hans", "zxx", "und"}), "")


def creator_text(creator: Creator) -> str:
    """One person as a title page has it: （清）吳楚材 编."""
    dynasty = f"（{creator.dynasty}）" if creator.dynasty else ""
    role = f" {creator.role}" if creator.role and creator.role != "其他" else ""
    return f"{dynasty}{creator.name}{role}"


def creators_text(resource: Resource) -> str:
    """Who made it, at most three names; the printed statement when no names were found in it."""
    if not resource.creators:
        return resource.statement
    spoken = words()
    texts = [creator_text(c) for c in resource.creators[:_MOST_NAMES]]
    joined = spoken.label("list.join").join(texts)
    return joined + (spoken.label("list.more") if len(resource.creators) > _MOST_NAMES else "")


def type_name(resource: Resource) -> str:
    """What it is, in the reader's language."""
    spoken, key = words(), f"type.{resource.type}"
    return spoken.label(key) if spoken.has_label(key) else spoken.label("type.other")


def card_of(held: Held) -> Card:
    """The card of one resource."""
    resource = held.resource
    name = resource.creators[0].name if resource.creators else ""
    kind = type_name(resource)
    return Card(
        url=url_for("patrons.detail", resource_id=resource.id),
        title=resource.title,
        meta=" · ".join(part for part in (name, kind) if part),
        cover=cover_of(resource, note=kind, pictured=has_picture(held)),
        language=title_language(resource),
    )


def cards_of(many: Iterable[Held]) -> list[Card]:
    """The cards of those that the gate lists for this reader, in order."""
    return [card_of(held) for held in many if gate(held.resource).listed]


def has_picture(held: Held) -> bool:
    """Whether a picture of the cover can be had now; any plugged drive will do, the route looks for it."""
    return held.available and held.resource.cover is not None
