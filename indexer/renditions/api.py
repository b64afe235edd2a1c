"""What the packager and the appliance call: renditions of a file, made in a confined child process.

Everything that comes back from the child is checked here: numbers are numbers within bounds, media types come from
a closed list, and markup is let through only in the form that the child's cleaning has.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self

from indexer.errors import RenditionError, RenditionLimitError
from indexer.renditions.chapter import ID_PREFIX, MAX_CLEANED, ChapterUrl, PictureUrl, addressed, checked
from indexer.renditions.reading import MARKUP, TextPages
from indexer.renditions.sandbox import Limits, Sandbox
from indexer.renditions.sounds import LONGEST_HEAD, sound_type
from indexer.renditions.source import ByteSource

PICTURE_TYPES = frozenset({"image/jpeg", "image/png", "image/webp", "image/gif"})
TILE_LIMITS = Limits(memory=3 << 30, cpu=600, wall=900.0, output=1 << 30)
COVER_WIDTH, COVER_HEIGHT = 480, 640
MAX_BOOK_PICTURE = 16 << 20
"""Bytes of a picture that comes out of a book."""
_MANY = 10_000_000
_MAX_SOUNDS = 20


@dataclass(frozen=True)
class Picture:
    """A picture for the browser.

    Attributes:
        media_type: one of `PICTURE_TYPES`.
        width: pixels. height: pixels.
        body: the file.
        pages: pages of the whole document, 0 when it was not asked.
    """

    media_type: str
    width: int
    height: int
    body: bytes = field(repr=False)
    pages: int = 0


@dataclass(frozen=True)
class OutlineEntry:
    """A line of a PDF's outline: title, level from 0, page from 1 or None."""

    title: str
    level: int
    page: int | None


@dataclass(frozen=True)
class Outline:
    """A PDF's number of pages and its outline in order."""

    pages: int
    entries: tuple[OutlineEntry, ...]


@dataclass(frozen=True)
class Dimensions:
    """A picture's size in pixels as it is shown, and its number of pages."""

    width: int
    height: int
    pages: int


@dataclass(frozen=True)
class TocLine:
    """A line of a book's table of contents.

    Attributes:
        title: one line. level: from 0.
        chapter: the place in the spine, from 1, None when it leads nowhere.
        fragment: the id to go to within it, with the prefix that `epub_chapter` gives ids, or empty.
    """

    title: str
    level: int
    chapter: int | None
    fragment: str


@dataclass(frozen=True)
class BookContents:
    """What a book is made of.

    Attributes:
        title: as the book says. creator: the first one.
        language: BCP 47 as the book says, or empty.
        direction: how pages turn, ltr or rtl.
        titles: one for each chapter in reading order; empty where the table of contents has none.
        toc: the table of contents, at most 5,000 lines.
    """

    title: str
    creator: str
    language: str
    direction: str
    titles: tuple[str, ...]
    toc: tuple[TocLine, ...]


@dataclass(frozen=True)
class Chapter:
    """One chapter as sanitised HTML for the inside of a page.

    Attributes:
        number: place in the spine, from 1. chapters: how many there are.
        html: sanitised; its references mean something after `addressed` only.
        title: its first heading, or empty. language: BCP 47, or empty.
        direction: how pages turn, ltr or rtl. vertical: set in columns from top to bottom.
        sounds: names in the book of what is heard with it (for `epub_sound`), at most 20.
    """

    number: int
    chapters: int
    html: str = field(repr=False)
    title: str
    language: str
    direction: str
    vertical: bool
    sounds: tuple[str, ...] = ()

    def addressed(self, picture_url: PictureUrl, chapter_url: ChapterUrl) -> Chapter:
        """The same for the inside of a page.

        Args:
            picture_url: gives the address of a picture from its name in the book (for `epub_resource`).
            chapter_url: gives the address of a place from its chapter and its fragment ("" for the start).
        """
        return replace(self, html=addressed(self.html, picture_url, chapter_url))


@dataclass(frozen=True)
class BookPicture:
    """A picture out of a book, unaltered; its media type is found by its content and is one that browsers show."""

    media_type: str
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Tiles:
    """What a page was cut into tiles from: its width and height in pixels, and the tool with its version."""

    width: int
    height: int
    tool: str


class Renditions:
    """Makes renditions, from any thread. Close it, or use it as a context manager.

    Every method raises RenditionError for a file that is damaged or holds no such part, RenditionLimitError when
    time or memory ran out, and whatever the source itself raised (damage found, drive gone).
    """

    def __init__(self, sandbox: Sandbox | None = None, limits: Limits | None = None) -> None:
        """Use `sandbox` (a new one when none is given) with `limits` for every job but tiles."""
        self._sandbox = sandbox or Sandbox()
        self._limits = limits or Limits()

    @property
    def sandbox(self) -> Sandbox:
        """Where the jobs run, for `indexer.renditions.extraction.Extraction`."""
        return self._sandbox

    def warm(self) -> None:
        """Start the waiting process now (about 0.1 s), so that no reader waits for it."""
        self._sandbox.warm()

    def close(self) -> None:
        """End the child processes."""
        self._sandbox.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    # — PDF —

    def pdf_page_count(self, source: ByteSource) -> int:
        """The number of pages of a PDF, at least 1."""
        return _number(self._run("pdf.page_count", source)[0], "pages", 1)

    def pdf_page_image(self, source: ByteSource, page: int, width: int = 1200, form: str = "jpeg") -> Picture:
        """One page of a PDF as a picture.

        Args:
            source: the document.
            page: from 1.
            width: pixels, 16 to 4096; a very long page becomes narrower so that 24 megapixels hold.
            form: jpeg (fast), png (exact) or webp (small, slower).
        """
        return _picture(*self._run("pdf.page_image", source, page=page, width=width, form=form))

    def pdf_outline(self, source: ByteSource) -> Outline:
        """The outline of a PDF, at most 5,000 entries, and its number of pages."""
        values, _ = self._run("pdf.outline", source)
        entries = []
        for entry in _list(values, "entries", 5000):
            page = entry.get("page")
            place = _number(entry, "page", 1) if page is not None else None
            entries.append(OutlineEntry(_text(entry, "title", 300), _number(entry, "level", 0), place))
        return Outline(_number(values, "pages", 1), tuple(entries))

    # — pictures —

    def image_dimensions(self, source: ByteSource) -> Dimensions:
        """The size of a picture as it is shown, and how many pages it holds (TIFF)."""
        values, _ = self._run("image.dimensions", source)
        return Dimensions(_number(values, "width", 1), _number(values, "height", 1), _number(values, "pages", 1))

    def image_page(self, source: ByteSource, page: int = 1, width: int = 1600, form: str = "jpeg") -> Picture:
        """One page of a picture file (TIFF, JPEG 2000 and all others) for the browser, upright, in sRGB.

        Args:
            source: the picture.
            page: from 1.
            width: pixels at most, 16 to 4096; nothing is enlarged.
            form: jpeg, png or webp.
        """
        return _picture(*self._run("image.page_image", source, page=page, width=width, form=form))

    def cover(
        self, source: ByteSource, media_type: str, width: int = COVER_WIDTH, height: int = COVER_HEIGHT
    ) -> Picture | None:
        """A small WebP cover that fits into `width` by `height` pixels, None when the kind of file has none."""
        values, body = self._run("cover.cover", source, media_type=media_type, width=width, height=height)
        return _picture(values, body) if values.get("found") is True else None

    # — EPUB —

    def epub_contents(self, source: ByteSource) -> BookContents:
        """The chapters and the table of contents of a book."""
        values, _ = self._run("epub.contents", source)
        titles = values.get("titles")
        if not isinstance(titles, list) or not all(isinstance(t, str) for t in titles) or not 0 < len(titles) <= 5000:
            raise RenditionError("the child gave no titles")
        lines = []
        for line in _list(values, "toc", 5000):
            number = _number(line, "chapter", 1, len(titles)) if line.get("chapter") is not None else None
            fragment = _text(line, "fragment", 200)
            fragment = ID_PREFIX + fragment if fragment else ""
            lines.append(TocLine(_text(line, "title", 300), _number(line, "level", 0, 20), number, fragment))
        return BookContents(
            _text(values, "title", 300),
            _text(values, "creator", 300),
            _text(values, "language", 35),
            "rtl" if values.get("direction") == "rtl" else "ltr",
            tuple(titles),
            tuple(lines),
        )

    def epub_chapter(self, source: ByteSource, number: int) -> Chapter:
        """One chapter, sanitised: text, headings, lists, tables, ruby, pictures and links of the book itself.

        Args:
            source: the book.
            number: place in the spine, from 1.
        """
        values, body = self._run("epub.chapter", source, number=number)
        if len(body) > MAX_CLEANED:
            raise RenditionLimitError(f"a chapter of {len(body)} bytes")
        return Chapter(
            number,
            _number(values, "chapters", 1),
            checked(body.decode("utf-8", "replace")),
            _text(values, "title", 300),
            _text(values, "language", 35),
            "rtl" if values.get("direction") == "rtl" else "ltr",
            values.get("vertical") is True,
            _names(values, "sounds", _MAX_SOUNDS),
        )

    def epub_resource(self, source: ByteSource, name: str) -> BookPicture:
        """A picture of a book by its name in the book; nothing but pictures comes out."""
        limits = replace(self._limits, output=min(self._limits.output, MAX_BOOK_PICTURE))
        values, body = self._run("epub.resource", source, limits=limits, name=name[:1000])
        media_type = _text(values, "media_type", 40)
        if media_type not in PICTURE_TYPES | {"image/avif"}:
            raise RenditionError("the child gave no picture")
        return BookPicture(media_type, body)

    def epub_sound(self, source: ByteSource, name: str) -> bytes:
        """A sound of a book by its name in the book, unaltered; `sound_type` knows what it is."""
        _, body = self._run("epub.sound", source, name=name[:1000])
        if not sound_type(body[:LONGEST_HEAD]):
            raise RenditionError("the child gave no sound")
        return body

    # — texts —

    def text_pages(self, source: ByteSource, media_type: str) -> bytes:
        """The pages of a text or a web page, for `indexer.renditions.reading.TextPages`.

        Markup that is too much to clean is taken as words only.
        """
        try:
            _, body = self._run("reading.pages", source, media_type=media_type)
        except RenditionLimitError:
            if media_type not in MARKUP:
                raise
            _, body = self._run("reading.pages", source, media_type=media_type, plain=True)
        TextPages.of(body)
        return body

    # — tiles —

    def tiles(self, source: ByteSource, sink: Callable[[bytes], object], page: int = 1) -> Tiles:
        """Cut one page of a picture file into tiles of 510 pixels with 1 of overlap.

        Black and white becomes lossless WebP, everything else JPEG of quality 75.

        Args:
            source: the picture.
            sink: takes the tiles as records in pieces of any size (see `indexer.renditions.tilepack.write_tilepack`);
                after an error what it had is void.
            page: from 1.
        """
        values, _ = self._run("image.tiles", source, limits=TILE_LIMITS, sink=sink, page=page)
        return Tiles(_number(values, "width", 1), _number(values, "height", 1), _text(values, "tool", 80))

    def _run(
        self,
        task: str,
        source: ByteSource,
        *,
        limits: Limits | None = None,
        sink: Callable[[bytes], object] | None = None,
        **arguments: Any,
    ) -> tuple[dict[str, Any], bytes]:
        made = self._sandbox.run(task, source, arguments, limits=limits or self._limits, sink=sink)
        return made.values, made.body


def _picture(values: Mapping[str, Any], body: bytes) -> Picture:
    media_type = _text(values, "media_type", 40)
    if media_type not in PICTURE_TYPES or not body:
        raise RenditionError("the child gave no picture")
    pages = _number(values, "pages", 0) if "pages" in values else 0
    return Picture(media_type, _number(values, "width", 1), _number(values, "height", 1), body, pages)


def _number(values: Mapping[str, Any], name: str, least: int, most: int = _MANY) -> int:
    value = values.get(name)
    if type(value) is not int or not least <= value <= most:
        raise RenditionError(f"the child gave no {name}")
    return value


def _text(values: Mapping[str, Any], name: str, longest: int) -> str:
    value = values.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise RenditionError(f"the child gave no {name}")
    return value


def _names(values: Mapping[str, Any], name: str, most: int) -> tuple[str, ...]:
    value = values.get(name)
    if not isinstance(value, list) or len(value) > most or not all(isinstance(v, str) for v in value):
        raise RenditionError(f"the child gave no {name}")
    return tuple(v[:1000] for v in value)


def _list(values: Mapping[str, Any], name: str, most: int) -> list[Mapping[str, Any]]:
    value = values.get(name)
    if not isinstance(value, list) or len(value) > most or not all(isinstance(v, dict) for v in value):
        raise RenditionError(f"the child gave no {name}")
    return value
