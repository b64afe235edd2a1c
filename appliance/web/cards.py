"""One resource as lists show it: cover, title, a line about it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import url_for

from appliance.web.context import gate, library, words
from appliance.web.covers import Cover, cover_of
from appliance.web.display import current_display
from appliance.web.usable import can_be_opened
from provisioning.words import CHINESE

if TYPE_CHECKING:
    from appliance.library.model import Held
    from indexer.model import Creator, Resource

MOST_NAMES = 3
_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


@dataclass(frozen=True, slots=True)
class Card:
    """A resource on a shelf.

    Attributes:
        url: of its page. meta: who and what. language: of the title when it is not the page's.
        pinyin: syllables to set over the title, for children; empty when nobody has reviewed them.
    """

    url: str
    title: str
    meta: str
    cover: Cover
    language: str = ""
    pinyin: str = ""


def title_language(resource: Resource) -> str:
    """The tag for `lang` on the title, empty when it is the page's own or nothing is known."""
    spoken = words().language
    tag = next((tag for tag in resource.language if tag not in {"zxx", "und"}), "")
    if not tag and spoken != CHINESE and _HAN.search(resource.title):
        tag = CHINESE
    return "" if tag == spoken else tag


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
    texts = [creator_text(c) for c in resource.creators[:MOST_NAMES]]
    joined = spoken.label("list.join").join(texts)
    return joined + (spoken.label("list.more") if len(resource.creators) > MOST_NAMES else "")


def type_name(resource: Resource) -> str:
    """What it is, in the reader's language."""
    spoken, key = words(), f"type.{resource.type}"
    return spoken.label(key) if spoken.has_label(key) else spoken.label("type.other")


def card_of(held: Held) -> Card:
    """The card of one resource."""
    resource = held.resource
    about = _state(held) or (resource.creators[0].name if resource.creators else "")
    # On a narrow card the kind would be cut off with the end of what matters more.
    away = current_display().face == "child" and about in {plugged_tag(held), words().label("tag.closed")}
    kind = type_name(resource)
    return Card(
        url=url_for("patrons.detail", resource_id=resource.id),
        title=resource.title,
        meta=about if away else " · ".join(part for part in (about, kind) if part),
        cover=cover_of(resource, note=kind, language=title_language(resource), pictured=has_picture(held)),
        language=title_language(resource),
        pinyin=resource.title_pinyin if ruby_pairs(resource.title, resource.title_pinyin) else "",
    )


def parts_text(held: Held) -> str:
    """How many issues, volumes or resources it gathers: 共 24 期; empty when it gathers none."""
    count, level = library().parts_count(held.resource.id) if held.catalogue_only else (0, "")
    if not count:
        return ""
    key = f"parts.{level}" if words().has_label(f"parts.{level}") else "parts.work"
    return words().label(key, count=count)


def _state(held: Held) -> str:
    """What it gathers, or what keeps it from being opened: 共 24 期, 仅有目录, 这里打不开, 硬盘未接."""
    if held.catalogue_only or held.resource.access.scope == "none":
        return parts_text(held) or catalogue_tag()
    openable = can_be_opened(held.resource, download=gate(held.resource).download)
    if not openable:
        return words().label("tag.closed")
    if held.available:
        return ""
    return plugged_tag(held)


def catalogue_tag() -> str:
    """That it is only an entry of the catalogue; to a child that it is not there yet."""
    return words().label("tag.catalogue_child" if current_display().face == "child" else "tag.catalogue")


def plugged_tag(held: Held) -> str:
    """That a drive with all or some of it is not plugged in; a child reads what follows from that, of no drives."""
    key = "tag.partly_plugged" if held.partly else "tag.not_plugged"
    return words().label(f"{key}_child" if current_display().face == "child" else key)


def ruby_pairs(text: str, pinyin: str) -> list[tuple[str, str]]:
    """Every character with its syllable; empty unless there is one for each and the tones are marked.

    Syllables without tones were made by the machine for sorting and searching: they are not shown to children.
    """
    if current_display().face != "child":
        return []
    sounds = pinyin.split()
    characters = [c for c in text if _HAN.match(c)]
    if not sounds or len(sounds) != len(characters) or pinyin.isascii():
        return []
    left = iter(sounds)
    return [(c, next(left) if _HAN.match(c) else "") for c in text]


def cards_of(many: Iterable[Held]) -> list[Card]:
    """The cards of those that the gate lists for this reader, in order."""
    return [card_of(held) for held in many if gate(held.resource).listed]


def has_picture(held: Held) -> bool:
    """Whether a picture of the cover can be had now; any plugged drive will do, the route looks for it."""
    return held.available and held.resource.cover is not None
