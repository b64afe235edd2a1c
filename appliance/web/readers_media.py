"""Sound and film: which files one part has, with its captions and its transcript."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from appliance.web.context import words
from appliance.web.readers_work import Work, kind_of_item, url_for_item

if TYPE_CHECKING:
    from indexer.model import Item

_CAPTIONS = frozenset({"text/vtt"})


@dataclass(frozen=True, slots=True)
class Link:
    """A file beside the one that plays: address, media type, what it is called, its language."""

    url: str
    type: str
    label: str = ""
    language: str = ""


def media_values(work: Work) -> dict[str, Any]:
    """What the player's page needs: sources (the open file first), caption tracks, transcripts, the part's number."""
    sources = [
        work.item,
        *(i for i in _beside(work, "alternate") if kind_of_item(i) == work.kind and i is not work.item),
    ]
    spoken = words()
    cover = work.resource.cover
    return {
        "sources": [Link(url_for_item(item), item.media_type) for item in sources],
        "tracks": [
            _link(item, spoken.label("reader.subtitles"))
            for item in _beside(work, "caption")
            if item.media_type in _CAPTIONS
        ],
        "transcripts": [
            Link(
                url_for("readers.text", resource_id=work.resource.id, n=1, item=item.id),
                item.media_type,
                item.label or spoken.label("reader.transcript"),
            )
            for item in _beside(work, "transcript")
            if kind_of_item(item) == "text"
        ],
        "poster": url_for("items.cover", resource_id=work.resource.id) if cover and work.kind == "video" else "",
        "position": next((n for n, item in enumerate(work.siblings, 1) if item.id == work.item.id), 1),
    }


def _link(item: Item, label: str) -> Link:
    return Link(url_for_item(item), item.media_type, item.label or label, item.language or "zh")


def _beside(work: Work, role: str) -> list[Item]:
    """Files of a role that belong to the open one: said so by the record, else those in the same place of the order."""
    items = [item for item in work.resource.items if item.role == role]
    own = [item for item in items if item.of == work.item.id]
    if own or len(work.siblings) == 1:
        return own or [item for item in items if not item.of]
    return [item for item in items if not item.of and item.order == work.item.order]
