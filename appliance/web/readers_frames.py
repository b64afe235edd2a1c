"""The pictures of a work as one sequence: single images, numbered pages, the pages inside a TIFF.

The sequence is made of the record alone. A file is opened for it only where no record says how many pages a TIFF has.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from flask import url_for

from appliance.errors import DamagedChunkError
from appliance.web.bytes import SHOWN_PICTURES
from appliance.web.context import words
from appliance.web.readers_work import Work, renditions, url_for_item
from appliance.web.usable import default_item, kind_of_item
from indexer.errors import RenditionError

if TYPE_CHECKING:
    from indexer.model import Item, Resource

_log = logging.getLogger(__name__)

MULTI_PAGE = frozenset({"image/tiff"})
MAX_FRAMES = 5000
RENDERED_WIDTH = 2400
"""Pixels of a picture that browsers cannot show by themselves."""
_SMALL = 300_000
"""Bytes up to which the picture itself stands among the small ones."""
_LARGEST = 40_000_000
"""Pixels up to which a browser gets the file itself: unpacked they take four bytes each in a terminal's memory."""
MAX_COUNTED = 20
"""Files of a work that are opened to count their pages; any more count as one page each."""
_NOT_TILED = frozenset({"encrypted", "damaged"})


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture of the sequence: its file, the page within it (from 1), and its name in the record, if any."""

    item: Item
    page: int
    label: str


class Frames:
    """The sequence of a work of pictures, at most `MAX_FRAMES` long; numbers count from 1.

    Raises:
        RenditionError: the only file cannot be read. ServingError: its bytes cannot be had.
    """

    def __init__(self, work: Work) -> None:
        self.work = work
        self._items = work.siblings
        self._frames: list[Frame] = []
        self._starts: dict[str, int] = {}
        to_count = MAX_COUNTED
        for item in self._items:
            self._starts.setdefault(item.id, len(self._frames))
            pages = item.pages
            if item.media_type not in MULTI_PAGE:
                pages = 1
            elif pages < 1:
                closed = bool(_NOT_TILED.intersection(item.flags))
                unread = not closed and renditions().counts_pages(work.held_item(item))
                to_count -= unread
                pages = 1 if closed or (unread and to_count < 0) else _pages_of(work, item)
            room = MAX_FRAMES - len(self._frames)
            self._frames += [Frame(item, page, item.label) for page in range(1, min(pages, room) + 1)]

    def __len__(self) -> int:
        return len(self._frames)

    def __getitem__(self, number: int) -> Frame:
        return self._frames[number - 1]

    @property
    def paged(self) -> bool:
        """Whether the pictures are the pages of one thing, and not things of their own."""
        return len(self._frames) > 1 and (len(self._items) == 1 or all(item.role == "page" for item in self._items))

    def label(self, number: int) -> str:
        """What a reader calls the picture of that number."""
        name = self[number].label
        if name and len(self._items) > 1:
            return name
        spoken = words()
        return spoken.label("reader.page_n", page=number) if self.paged else spoken.label("reader.picture_n", n=number)

    def url(self, number: int) -> str:
        """Address of the picture as every browser can show it."""
        frame = self[number]
        return url_for_item(frame.item) if is_shown_by_browsers(frame.item) else self._rendered(frame)

    def number_of(self, item_id: str, page: int) -> int:
        """The number of page `page` of a file; a page that the file does not have counts through the whole work.

        Args:
            item_id: the file; one that is not in the sequence (the text of scanned pages) names the work.
            page: from 1; 0 is the file's beginning.
        """
        start = self._starts.get(item_id)
        if start is not None and start < len(self._frames):
            own = start + max(page, 1)
            if own <= len(self._frames) and self[own].item.id == item_id:
                return own
            if page < 1:
                return start + 1
        return min(max(page, 1), len(self._frames))

    @property
    def item_argument(self) -> str | None:
        """`item=` of addresses within this sequence; None when the work opens as pictures without it."""
        default = default_item(self.work.resource)
        return None if default is not None and kind_of_item(default) == "picture" else self.work.item.id

    def simple_url(self, number: int) -> str:
        """Where the picture of that number is seen without scripts."""
        return url_for("readers.page", resource_id=self.work.resource.id, n=number, item=self.item_argument)

    def to_json(self) -> dict[str, Any]:
        """The sequence for the reader's script, a row a file: 75 bytes for a page of a scanned book.

        `item`, `page` and `tiles` are addresses with {id}, {v}, {n} and {w} left to fill. A row has the file's `id` and
        mark `v`, and where it is not the usual: `pages`, `w` and `h` (pixels), `label`, `credit`, `own` (browsers show
        the file itself: 1, or 2 when it is small besides), `tile` (number of its first picture in the tile pack).
        """
        tiles_url, tiles = _tiles(self.work.resource)
        rows = []
        counts: dict[str, int] = {}
        for frame in self._frames:
            counts[frame.item.id] = frame.page
        for item in self._items:
            if item.id not in counts:
                continue
            own = (2 if item.size <= _SMALL else 1) if is_shown_by_browsers(item) else 0
            row = {
                "id": item.id, "v": item.sha256[:16], "w": item.width, "h": item.height, "own": own,
                "pages": counts[item.id] if counts[item.id] > 1 else 0,
                "label": item.label if len(self._items) > 1 else "",
                "credit": item.credit, "tile": tiles.get(item.id, 0),
            }  # fmt: skip
            rows.append({name: value for name, value in row.items() if value})
        resource_id, hole = self.work.resource.id, "{id}"
        page = url_for("readers.page_image", resource_id=resource_id, item_id=hole, n=0, w="{w}", v="{v}")
        return {
            "files": rows,
            "item": _holes(url_for("items.item", item_id=hole, v="{v}")),
            "page": _holes(page).replace("/{id}/0?", "/{id}/{n}?"),
            "tiles": tiles_url,
            "width": RENDERED_WIDTH,
        }

    def rendered_url(self, number: int) -> str:
        """Address of the picture of that number as the box draws it."""
        return self._rendered(self[number])

    def _rendered(self, frame: Frame) -> str:
        return url_for(
            "readers.page_image",
            resource_id=self.work.resource.id,
            item_id=frame.item.id,
            n=frame.page,
            w=RENDERED_WIDTH,
            v=frame.item.sha256[:16],
        )


def is_shown_by_browsers(item: Item) -> bool:
    """Whether a browser gets the file itself; else the box makes a picture of it."""
    return item.media_type in SHOWN_PICTURES and item.width * item.height <= _LARGEST


def _pages_of(work: Work, item: Item) -> int:
    """Pages of a TIFF. Among several files one that cannot be read counts as one, which then says so itself."""
    try:
        return max(1, renditions().page_count(work.held_item(item)))
    except (RenditionError, DamagedChunkError) as error:
        if len(work.siblings) == 1:
            raise
        _log.warning("pages of item %s: %s", item.id, error)
        return 1


def _holes(address: str) -> str:
    return address.replace("%7B", "{").replace("%7D", "}")


def pictures_in_pack(resource: Resource) -> int:
    """How many pictures the packager puts into this work's tile pack."""
    return sum(max(1, item.pages) for item in _packed(resource))


def _packed(resource: Resource) -> list[Item]:
    """The files whose pictures are in the pack, in its order: those that the packager could read."""
    return [
        item
        for item in resource.readable_items
        if item.media_type.startswith("image/") and not _NOT_TILED.intersection(item.flags)
    ]


def _tiles(resource: Resource) -> tuple[str, dict[str, int]]:
    """Address of a picture's tiles with {n} left to fill, and file → number of its first picture in the pack.

    Nothing is read for it: the numbers follow from the record, and a pack that holds another number of pictures than
    `pictures_in_pack` gives none when it is asked.
    """
    pack = next((item for item in resource.items if item.role == "tilepack"), None)
    if pack is None:
        return "", {}
    numbers, number = {}, 1
    for item in _packed(resource):
        numbers[item.id] = number
        number += max(1, item.pages)
    mark = pack.sha256[:16]
    address = url_for("readers.tile", resource_id=resource.id, item_id=pack.id, mark=mark, name="{n}.dzi")
    return _holes(address), numbers
