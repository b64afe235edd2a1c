"""The pictures of a work as one sequence: single images, numbered pages, the pages inside a TIFF."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from flask import url_for

from appliance.errors import DamagedChunkError, ServingError
from appliance.web.context import words
from appliance.web.errors import Refused
from appliance.web.readers_work import Work, renditions, url_for_item
from indexer.errors import RenditionError

if TYPE_CHECKING:
    from indexer.model import Item

_log = logging.getLogger(__name__)

SHOWN_BY_BROWSERS = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
MULTI_PAGE = frozenset({"image/tiff"})
MAX_FRAMES = 5000
RENDERED_WIDTH = 2400
"""Pixels of a picture that browsers cannot show by themselves."""
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
        tiles: address of the Deep Zoom descriptor in the tile pack, empty without one.
    """

    item: Item
    page: int
    url: str
    thumb: str
    label: str
    credit: str = ""
    width: int = 0
    height: int = 0
    tiles: str = ""


def frames_of(work: Work) -> list[Frame]:
    """The sequence of a work of pictures, at most `MAX_FRAMES`."""
    spoken, frames = words(), list[Frame]()
    paged = len(work.siblings) > 1 and all(item.role == "page" for item in work.siblings)
    for item in work.siblings:
        for page in range(1, _pages_of(work, item) + 1):
            number = len(frames) + 1
            fallback = (
                spoken.label("reader.page_n", page=number) if paged else spoken.label("reader.picture_n", n=number)
            )
            frames.append(_frame(work, item, page, item.label or fallback))
            if number == MAX_FRAMES:
                return frames
    return _tiled(work, frames)


def _tiled(work: Work, frames: list[Frame]) -> list[Frame]:
    """The same with tiles, when the work has a tile pack that holds these very pictures."""
    pack = next((item for item in work.resource.items if item.role == "tilepack"), None)
    if pack is None:
        return frames
    try:
        if renditions().tiles(work.held_item(pack)).pictures != len(frames):
            return frames
    except (RenditionError, ServingError, Refused) as error:
        _log.warning("tile pack %s: %s", pack.id, error)
        return frames
    return [
        replace(
            frame,
            tiles=url_for(
                "readers.tile",
                resource_id=work.resource.id,
                item_id=pack.id,
                mark=pack.sha256[:16],
                name=f"{number:04}.dzi",
            ),
        )
        for number, frame in enumerate(frames, 1)
    ]


def _pages_of(work: Work, item: Item) -> int:
    """Pages of a picture file. Among several files one that cannot be read counts as one, which then says so itself."""
    if item.media_type not in MULTI_PAGE:
        return 1
    try:
        return max(1, item.pages or renditions().page_count(work.held_item(item)))
    except (RenditionError, DamagedChunkError) as error:
        if len(work.siblings) == 1:
            raise
        _log.warning("pages of item %s: %s", item.id, error)
        return 1


def _frame(work: Work, item: Item, page: int, label: str) -> Frame:
    def rendered(width: int) -> str:
        return url_for(
            "readers.page_image", resource_id=work.resource.id, item_id=item.id, n=page, w=width, v=item.sha256[:16]
        )

    plain = item.media_type in SHOWN_BY_BROWSERS
    return Frame(
        item=item,
        page=page,
        url=url_for_item(item) if plain else rendered(RENDERED_WIDTH),
        thumb=url_for_item(item) if plain and item.size <= _SMALL else rendered(160),
        label=label,
        credit=item.credit,
        width=item.width,
        height=item.height,
    )
