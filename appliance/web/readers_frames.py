"""The pictures of a work as one sequence: single images, numbered pages, the pages inside a TIFF."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from appliance.web.context import words
from appliance.web.readers_work import Work, renditions, url_for_item

if TYPE_CHECKING:
    from indexer.model import Item

SHOWN_BY_BROWSERS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
MULTI_PAGE = frozenset({"image/tiff"})
MAX_FRAMES = 5000
_SMALL = 300_000
"""Bytes up to which the picture itself stands in the strip below."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the sequence.

    Attributes:
        item: the file. page: 1-based page within it.
        url: address of the picture as every browser can show it. thumb: of a small one.
        label: what a reader calls it. credit: who made or holds it.
        width, height: pixels, 0 when unknown.
        tiles: what OpenSeadragon needs to load tiles instead, None without a tile pack.
    """

    item: Item
    page: int
    url: str
    thumb: str
    label: str
    credit: str = ""
    width: int = 0
    height: int = 0
    tiles: dict[str, Any] | None = None


def frames_of(work: Work) -> list[Frame]:
    """The sequence of a work of pictures, at most `MAX_FRAMES`."""
    spoken, frames = words(), list[Frame]()
    paged = len(work.siblings) > 1 and all(item.role == "page" for item in work.siblings)
    for item in work.siblings:
        for page in range(1, _pages_of(work, item) + 1):
            if len(frames) >= MAX_FRAMES:
                return frames
            number = len(frames) + 1
            fallback = (
                spoken.label("reader.page_n", page=number) if paged else spoken.label("reader.picture_n", n=number)
            )
            frames.append(_frame(work, item, page, item.label or fallback))
    return frames


def _pages_of(work: Work, item: Item) -> int:
    if item.media_type not in MULTI_PAGE:
        return 1
    return max(1, item.pages or renditions().page_count(work.held_item(item)))


def _frame(work: Work, item: Item, page: int, label: str) -> Frame:
    def rendered(width: int) -> str:
        return url_for(
            "readers.page_image", resource_id=work.resource.id, item_id=item.id, n=page, w=width, v=item.sha256[:16]
        )

    plain = item.media_type in SHOWN_BY_BROWSERS
    return Frame(
        item=item,
        page=page,
        url=url_for_item(item) if plain else rendered(2400),
        thumb=url_for_item(item) if plain and item.size <= _SMALL else rendered(160),
        label=label,
        credit=item.credit,
        width=item.width,
        height=item.height,
        tiles=None,
    )
