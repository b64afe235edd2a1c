"""Derived views for the readers: page pictures, chapters, files of a book, tiles. Made of verified bytes, kept bounded.

Everything that parses a hostile file runs in the sandbox of `indexer.renditions`; this process only hands bytes in and
takes bounded results out. What was made lies on the SSD under a name made from the item's signed digest, so a view of
other bytes can never be shown for it.
"""

from __future__ import annotations

import contextlib
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from flask import has_request_context, request

from appliance.errors import DriveGoneError, ServingError
from appliance.serving.chunks import ChunkStore, ServedItem
from appliance.web.bytes import need_chunk
from appliance.web.renditions_cache import RenditionCache, View
from appliance.web.renditions_jobs import RenditionJobs
from indexer.errors import IndexFormatError, RenditionError
from indexer.image_header import header_pixels, picture_type
from indexer.renditions import BookContents, Chapter, Renditions, TextPages, TilepackIndex
from indexer.renditions.sandbox import Sandbox
from indexer.renditions.sounds import LONGEST_HEAD, sound_type
from indexer.renditions.tilepack import descriptor
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from appliance.library.model import HeldItem, Place
    from appliance.serving.pools import DrivePools
    from indexer.renditions import ByteSource

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_FONTS = Path(__file__).parent / "static/vendor/fonts/whole"
"""For PDFs that do not hold their Chinese fonts: a county's machine need not have any."""

VERSION = 2
"""Of the kept views: a new number leaves the old ones to be driven out."""
WIDTHS = (160, 320, 480, 800, 1100, 1400, 1800, 2400, 3000)
"""Pixel widths that are made; a wish is rounded up, so that guesses of a script cannot fill the SSD."""
MAX_TILE = 8 << 20
MAX_TILE_PIXELS = 4_500_000
"""Of one tile: the largest that a descriptor may name, with its overlap."""
_REMEMBERED = 8
MAX_TILES_REMEMBERED = 1_000_000
"""In the indexes of packs together: 20 MB."""
_LONGEST_NAME = 1000
_JOBS = 2
"""Renditions made at a time."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A view that was made: its bytes, media type and entity tag."""

    view: View
    media_type: str
    tag: str


class VerifiedSource:
    """An item as the sandbox reads it: by offset, every byte out of a chunk that was hashed and matched.

    A chunk that one drive holds damaged is taken from the next drive that carries the item. Reads wait for the drive,
    within the deadline of its pool; in a thread that answers a reader the request is parked instead, as long as it may
    be, and then few may wait for one drive (`appliance.serving.drive_pool`). Used from one thread at a time.
    """

    def __init__(self, held: HeldItem, chunks: ChunkStore, pools: DrivePools) -> None:
        self._size = held.item.size
        self._chunks, self._pools = chunks, pools
        self._copies = [_copy(held, place) for place in held.places]

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return self._size

    def read_at(self, offset: int, n: int) -> bytes:
        """Exactly the bytes from `offset` up to `offset + n` or to the end.

        Raises:
            DamagedChunkError: no drive holds what was signed. DriveError: no drive answers.
        """
        stop = min(offset + n, self._size)
        parts: list[bytes] = []
        while offset < stop:
            index, start = divmod(offset, CHUNK)
            part = self._chunk(index)[start : start + stop - offset]
            parts.append(part)
            offset += len(part)
        return b"".join(parts)

    def _chunk(self, index: int) -> bytes:
        for copy in self._copies[:-1]:
            try:
                return self._verified(copy, index)
            except ServingError as error:
                _log.warning("item %s: %s; trying another drive", copy.key[:12], error)
        return self._verified(self._copies[-1], index)

    def _verified(self, copy: ServedItem, index: int) -> bytes:
        if has_request_context():
            return need_chunk(copy, index, request, self._chunks, self._pools)
        return self._pools.wait(self._chunks.fetch(copy, index, self._pools))


def _copy(held: HeldItem, place: Place) -> ServedItem:
    record = held.item
    return ServedItem(record.sha256, record.size, held.digest, lambda: held.open(place), place.drive)


class RenditionService:
    """Makes views on demand. Thread-safe; a view is made once however many ask for it.

    Args:
        cache: where views are kept.
        chunks: verified chunks in memory. pools: who reads drives.
        maker: what parses, in processes of its own; a new one unless given. Closed with this service.
    """

    def __init__(
        self, cache: RenditionCache, chunks: ChunkStore, pools: DrivePools, maker: Renditions | None = None
    ) -> None:
        self.cache, self._chunks, self._pools = cache, chunks, pools
        self.maker = maker or Renditions(Sandbox(jobs=_JOBS, fonts=(_FONTS,)))
        self._jobs = RenditionJobs(_JOBS)
        self._packs: OrderedDict[str, TilepackIndex] = OrderedDict()
        self._books: OrderedDict[str, BookContents] = OrderedDict()
        self._lock = threading.Lock()

    def close(self) -> None:
        """End the processes that parse."""
        self._jobs.close()
        self.maker.close()

    def page_count(self, held: HeldItem) -> int:
        """Pages of a document or of a picture file, at least 1.

        Raises:
            RenditionError: it cannot be read. ServingError: its bytes cannot be had.
        """
        if held.item.pages > 0:
            return held.item.pages

        def count() -> bytes:
            source = self.source(held)
            if _is_pdf(held):
                return str(self.maker.pdf_page_count(source)).encode()
            return str(self.maker.image_dimensions(source).pages).encode()

        key = RenditionCache.key(VERSION, held.item.sha256, "pages")
        return int(self._kept(key, count, held).read())

    def counts_pages(self, held: HeldItem) -> bool:
        """Whether `page_count` would have to read the file."""
        return held.item.pages <= 0 and self.cache.get(RenditionCache.key(VERSION, held.item.sha256, "pages")) is None

    def page_image(self, held: HeldItem, page: int, width: int) -> Kept:
        """Page `page` (from 1) as a JPEG at least `width` pixels wide where the original has them.

        Raises:
            RenditionError: there is no such page, or it cannot be drawn. ServingError: its bytes cannot be had.
        """
        wide = next((w for w in WIDTHS if w >= width), WIDTHS[-1])

        def draw() -> bytes:
            make = self.maker.pdf_page_image if _is_pdf(held) else self.maker.image_page
            return make(self.source(held), page, wide, "jpeg").body

        key = RenditionCache.key(VERSION, held.item.sha256, "page", page, wide)
        return Kept(self._kept(key, draw, held), "image/jpeg", key[:32])

    def book(self, held: HeldItem) -> BookContents:
        """The chapters and the contents of a book; the last few are remembered.

        Raises:
            RenditionError: it cannot be read. ServingError: its bytes cannot be had.
        """
        name = ("book", held.item.sha256)
        return self._remembered(
            self._books, held, lambda: self._made(name, lambda: self.maker.epub_contents(self.source(held)), held)
        )

    def chapter(self, held: HeldItem, number: int) -> Chapter:
        """Chapter `number` (from 1), sanitised; its pictures and links have no addresses yet (`Chapter.addressed`).

        Raises:
            RenditionError: there is no such chapter, or it cannot be read. ServingError: its bytes cannot be had.
        """
        name = ("chapter", held.item.sha256, number)
        return self._made(name, lambda: self.maker.epub_chapter(self.source(held), number), held)

    def book_picture(self, held: HeldItem, name: str) -> Kept:
        """A picture out of a book, by its name in the book.

        Raises:
            RenditionError: there is no such picture. ServingError: its bytes cannot be had.
        """
        name = name[:_LONGEST_NAME]
        key = RenditionCache.key(VERSION, held.item.sha256, "picture", name)
        view = self._kept(key, lambda: self.maker.epub_resource(self.source(held), name).body, held)
        media_type = picture_type(view.read(0, 16))
        if not media_type:
            raise RenditionError("that file of the book is no picture")
        return Kept(view, media_type, key[:32])

    def book_sound(self, held: HeldItem, name: str) -> Kept:
        """A sound out of a book, by its name in the book.

        Raises:
            RenditionError: there is no such sound. ServingError: its bytes cannot be had.
        """
        name = name[:_LONGEST_NAME]
        key = RenditionCache.key(VERSION, held.item.sha256, "sound", name)
        view = self._kept(key, lambda: self.maker.epub_sound(self.source(held), name), held)
        return Kept(view, sound_type(view.read(0, LONGEST_HEAD)), key[:32])

    def text_pages(self, held: HeldItem) -> TextPages:
        """The pages of a text or a web page.

        Raises:
            RenditionError: it cannot be read. ServingError: its bytes cannot be had.
        """
        media_type = held.item.media_type
        key = RenditionCache.key(VERSION, held.item.sha256, "text", media_type)
        made = self._kept(key, lambda: self.maker.text_pages(self.source(held), media_type), held)
        return TextPages(made.read, made.size)

    def tiles(self, held: HeldItem) -> TilepackIndex:
        """Where the tiles of a pack lie; the last few packs are remembered.

        Raises:
            RenditionError: it is no tile pack. ServingError: its bytes cannot be had.
        """

        def read() -> TilepackIndex:
            source = self.source(held)
            try:
                return TilepackIndex(source.read_at, held.item.size, held.item.id)
            except IndexFormatError as error:
                raise RenditionError(str(error)) from error

        name = ("tiles", held.item.sha256)
        return self._remembered(self._packs, held, lambda: self._made(name, read, held), _most_tiles)

    def tile(self, held: HeldItem, name: str) -> bytes | None:
        """A file out of a tile pack by its name in it; None when there is none that may be shown.

        Raises:
            ServingError: its bytes cannot be had. RenditionError: it is no tile pack.
        """
        try:
            place = self.tiles(held).entry(name)
        except IndexFormatError as error:
            raise RenditionError(str(error)) from error
        if place is None or place[1] > MAX_TILE:
            return None
        body = self.source(held).read_at(*place)
        if name.endswith(".dzi"):
            with contextlib.suppress(RenditionError):
                return descriptor(body)
            return None
        pixels = header_pixels(body)
        return body if pixels is not None and pixels <= MAX_TILE_PIXELS else None

    def _remembered(
        self,
        shelf: OrderedDict[str, _T],
        held: HeldItem,
        make: Callable[[], _T],
        full: Callable[[OrderedDict[str, _T]], bool] = lambda _shelf: False,
    ) -> _T:
        key = held.item.sha256
        with self._lock:
            if key in shelf:
                shelf.move_to_end(key)
                return shelf[key]
        made = make()
        with self._lock:
            shelf[key] = made
            while len(shelf) > _REMEMBERED or (len(shelf) > 1 and full(shelf)):
                shelf.popitem(last=False)
        return made

    def source(self, held: HeldItem) -> ByteSource:
        """The item's verified bytes, by offset.

        Raises:
            DriveGoneError: no drive that carries it is plugged in.
        """
        if not held.places:
            raise DriveGoneError("", "no drive carries the item now")
        return VerifiedSource(held, self._chunks, self._pools)

    def _kept(self, key: str, make: Callable[[], bytes], held: HeldItem) -> View:
        """The view of `key`, made by `make` when it is not there."""
        path = self.cache.get(key)
        return View(path) if path is not None else self._made(key, lambda: self.cache.keep(key, make()), held)

    def _made(self, name: Hashable, make: Callable[[], _T], held: HeldItem) -> _T:
        return self._jobs.result(("rendition", id(self), name), make, owner=held.resource.id)


def _most_tiles(packs: OrderedDict[str, TilepackIndex]) -> bool:
    """Whether these indexes name more tiles together than are remembered."""
    return sum(map(len, packs.values())) > MAX_TILES_REMEMBERED


def _is_pdf(held: HeldItem) -> bool:
    return held.item.media_type == "application/pdf"
