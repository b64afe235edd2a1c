"""What damage means to readers: pages, minutes, chapters, or the whole; from chunks of a file to words.

What the record alone says is said at once: a page's picture is its page, a stretch of a recording is about its share of
the time. What only the file can say (which chapters of a book) is found in the confined child, in the background,
from the parts that are whole.
"""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from appliance.errors import ServingError
from indexer.errors import IndexerError
from indexer.renditions.sandbox import Limits
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from collections.abc import Sequence

    from appliance.library.model import HeldItem
    from appliance.web.renditions import RenditionService
    from indexer.model import Item
    from indexer.renditions import ByteSource

_log = logging.getLogger(__name__)

WHOLE, PAGES, MINUTES, CHAPTERS, PART, ASIDE = "whole", "pages", "minutes", "chapters", "part", "aside"
"""Kinds of harm. part: some of it, nobody can say where. aside: cover, waveform or search only; reading is not hurt."""
_KEPT = 2000
_MOST_PAGES = 100_000
_SLOW = Limits(cpu=120, wall=300.0)
"""A document of a thousand pages is read whole, at the pace of its drive."""
_MOST_HOLES = 500
_EPUB, _PDF = "application/epub+zip", "application/pdf"
_MP4 = frozenset({"video/mp4", "audio/mp4", "audio/x-m4a", "video/quicktime"})
_OPENED_WHOLE = ("text/", "application/xhtml", "application/epub")
"""Shown only when all of it is there, as far as is known without looking inside."""


@dataclass(frozen=True, slots=True)
class Harm:
    """What readers miss of one item.

    Attributes:
        kind: see above.
        pages: page numbers from 1. start, end: seconds of a recording. chapters: titles, empty ones left out.
    """

    kind: str
    pages: tuple[int, ...] = ()
    start: int = 0
    end: int = 0
    chapters: tuple[str, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether nothing of the item can be opened."""
        return self.kind == WHOLE


def told_by_record(item: Item, chunks: Sequence[int]) -> Harm:
    """What the record says of damaged chunks (numbers from 0; -1 for all) of an item."""
    if item.role in {"cover", "peaks", "text", "tilepack", "metadata"}:
        return Harm(ASIDE)
    if item.role == "page":
        return Harm(PAGES, pages=(item.order + 1,))
    last = max(0, -(-item.size // CHUNK) - 1)
    if -1 in chunks or not last or set(chunks) >= set(range(last + 1)):
        return Harm(WHOLE)
    if item.media_type.startswith(("audio/", "video/")):
        return _of_recording(item, chunks, 0, item.size)
    if item.media_type.startswith(("image/", *_OPENED_WHOLE)):
        return Harm(WHOLE)
    if 0 in chunks or (last in chunks and item.media_type == "application/pdf"):
        return Harm(WHOLE)
    return Harm(PART)


def _of_recording(item: Item, chunks: Sequence[int], begin: int, end: int) -> Harm:
    """The time that a stretch of bytes takes, by its share; a player asks for the first bytes before anything else."""
    if 0 in chunks or not item.duration:
        return Harm(WHOLE if 0 in chunks else PART)
    first, last = min(chunks) * CHUNK, min(item.size, (max(chunks) + 1) * CHUNK)
    share = item.duration / max(1, end - begin)
    start = int(max(0, first - begin) * share)
    stop = int(-(-max(0, last - begin) * share // 1))
    return Harm(MINUTES, start=min(start, item.duration), end=min(max(stop, start + 1), item.duration))


class _HoledSource:
    """An item with noughts where it is damaged; elsewhere verified bytes."""

    def __init__(self, source: ByteSource, chunks: Sequence[int]) -> None:
        self._source, self._bad = source, frozenset(chunks)

    @property
    def size(self) -> int:
        return self._source.size

    def read_at(self, offset: int, n: int) -> bytes:
        stop = min(offset + n, self.size)
        parts = []
        while offset < stop:
            index, begin = divmod(offset, CHUNK)
            length = min(CHUNK - begin, stop - offset)
            parts.append(bytes(length) if index in self._bad else self._source.read_at(offset, length))
            offset += length
        return b"".join(parts)


class HarmFinder:
    """Tells harm at once as well as the record can, and better when the file was looked at. Thread-safe.

    Attributes:
        version: grows whenever something more is known.
    """

    def __init__(self, renditions: RenditionService | None) -> None:
        """`renditions` opens files in the confined child; None: only the record is asked."""
        self._renditions = renditions
        self._known: OrderedDict[tuple[str, tuple[int, ...]], Harm | None] = OrderedDict()
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self.version = 0

    def harm(self, held: HeldItem, chunks: Sequence[int]) -> Harm:
        """What readers miss of an item whose chunks of these numbers are damaged."""
        item, bad = held.item, tuple(sorted(set(chunks)))
        said = told_by_record(item, bad)
        looks = item.media_type in {_EPUB, _PDF, *_MP4}
        if item.role not in {"part", "alternate"} or -1 in bad or not looks or len(bad) > _MOST_HOLES:
            return said
        if self._renditions is None or not held.places:
            return said
        key = item.sha256, bad
        with self._lock:
            if key in self._known:
                return self._known[key] or said
            self._known[key] = None
            while len(self._known) > _KEPT:
                self._known.popitem(last=False)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, thread_name_prefix="harm")
            self._pool.submit(self._look, key, held, bad)
        return said

    def _look(self, key: tuple[str, tuple[int, ...]], held: HeldItem, bad: tuple[int, ...]) -> None:
        try:
            found = self._looked(held, bad)
        except IndexerError as error:
            _log.info("item %s: what its damage hurts cannot be told: %s", held.item.id, error)
            return
        except ServingError as error:
            _log.info("item %s cannot be looked at now: %s", held.item.id, error)
            with self._lock:
                self._known.pop(key, None)
            return
        except Exception:  # noqa: BLE001 - a hint that cannot be had must not end the thread
            _log.exception("item %s: what its damage hurts", held.item.id)
            return
        with self._lock:
            self._known[key] = found
            self.version += 1

    def _looked(self, held: HeldItem, bad: tuple[int, ...]) -> Harm:
        made = self._renditions
        if made is None:
            return told_by_record(held.item, bad)
        source = _HoledSource(made.source(held), bad)
        holes = [[index * CHUNK, min(held.item.size, (index + 1) * CHUNK)] for index in bad]
        if held.item.media_type == _EPUB:
            return _of_book(made.maker.sandbox.run("harm.epub_chapters", source, {"holes": holes}).values)
        if held.item.media_type == _PDF:
            return _of_document(made.maker.sandbox.run("harm.pdf_pages", source, {"holes": holes}, limits=_SLOW).values)
        values = made.maker.sandbox.run("harm.media_stretches", source, {"holes": holes}).values
        begin, end = values.get("begin"), values.get("end")
        if values.get("whole") is not False or type(begin) is not int or type(end) is not int:
            return Harm(WHOLE)
        return _of_recording(held.item, bad, begin, end)


def _of_document(values: dict[str, Any]) -> Harm:
    pages = values.get("pages")
    if values.get("whole") is not False or not isinstance(pages, list):
        return Harm(WHOLE)
    numbers = tuple(page for page in pages if type(page) is int and 0 < page <= _MOST_PAGES)
    return Harm(PAGES, pages=numbers) if numbers else Harm(PART)


def _of_book(values: dict[str, Any]) -> Harm:
    titles = values.get("titles")
    if values.get("whole") is not False or not isinstance(titles, list):
        return Harm(WHOLE)
    named = tuple(title[:300] for title in titles if isinstance(title, str) and title)
    if titles:
        return Harm(CHAPTERS, chapters=named)
    return Harm(PART)
