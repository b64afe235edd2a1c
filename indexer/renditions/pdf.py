"""Pages of a PDF as pictures, their number and the outline. Runs in the child process only.

PDFium is built without JavaScript and without XFA; forms are not initialised, so nothing in a document runs.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

import pypdfium2 as untyped_pdfium

from indexer.errors import RenditionError
from indexer.renditions import image

pdfium: Any = untyped_pdfium  # it says nothing of its types

SYSTEM_FONTS = ("/usr/share/fonts", "/usr/local/share/fonts")
MAX_PIXELS = 24_000_000
MAX_WIDTH = 4096
MAX_OUTLINE = 5000
_MAX_TITLE = 300
_MAX_DEPTH = 8
_kept: list[Any] = []  # PDFium reads the list of folders for as long as it runs
_NEEDS_PASSWORD = 4  # FPDF_ERR_PASSWORD


def preload(fonts: tuple[str, ...] = ()) -> None:
    """Start PDFium with these folders of fonts besides the system's, for documents that do not hold their own."""
    raw = pdfium.raw
    raw.FPDF_DestroyLibrary()
    folders = [folder.encode() for folder in (*fonts, *SYSTEM_FONTS)]
    paths = (ctypes.POINTER(ctypes.c_char) * (len(folders) + 1))()
    for number, folder in enumerate(folders):
        paths[number] = ctypes.cast(ctypes.create_string_buffer(folder), ctypes.POINTER(ctypes.c_char))
    _kept.append(paths)
    raw.FPDF_InitLibraryWithConfig(raw.FPDF_LIBRARY_CONFIG(version=2, m_pUserFontPaths=paths))


class LockedError(RenditionError):
    """The document needs a password."""


def page_count(file: BinaryIO) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: pages."""
    with opened(file) as document:
        return {"pages": len(document)}, ()


def page_image(file: BinaryIO, page: int, width: int, form: str = "jpeg") -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: one page as a picture. Values: pages, width, height (pixels), media_type.

    Args:
        file: the document.
        page: from 1.
        width: pixels wanted, 16 to `MAX_WIDTH`; very long pages become narrower so that `MAX_PIXELS` holds.
        form: jpeg, png or webp.

    Raises:
        RenditionError: no such page, or it cannot be drawn.
    """
    if not 16 <= width <= MAX_WIDTH:
        raise RenditionError(f"width {width} is not within 16 and {MAX_WIDTH}")
    with opened(file) as document:
        pages = len(document)
        picture = _draw(document, page, width, MAX_PIXELS / width)
    media_type, body = image.encode(picture, form)
    return {"pages": pages, "width": picture.width, "height": picture.height, "media_type": media_type}, (body,)


def first_page(file: BinaryIO, width: int, height: int) -> Any:
    """The first page as a Pillow picture that fits into `width` by `height` pixels."""
    with opened(file) as document:
        return _draw(document, 1, width, height)


def outline(file: BinaryIO) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: pages, and entries: a list of {title, level from 0, page from 1 or null}, at most `MAX_OUTLINE`."""
    with opened(file) as document:
        return {"pages": len(document), "entries": list(entries(document))}, ()


def entries(document: Any) -> Iterator[dict[str, Any]]:
    """The outline: title, level from 0, page from 1 or None; at most `MAX_OUTLINE`."""
    for bookmark in islice(document.get_toc(max_depth=_MAX_DEPTH), MAX_OUTLINE):
        target = bookmark.get_dest()
        index = target.get_index() if target else None
        title = " ".join(bookmark.get_title().split())[:_MAX_TITLE]
        yield {"title": title, "level": bookmark.level, "page": None if index is None or index < 0 else index + 1}


def _draw(document: Any, number: int, width: int, height: float) -> Any:
    if not 1 <= number <= len(document):
        raise RenditionError(f"no page {number}, the document has {len(document)}")
    page = document[number - 1]
    try:
        points_wide, points_high = page.get_size()
        if not (math.isfinite(points_wide) and math.isfinite(points_high) and min(points_wide, points_high) > 0):
            raise RenditionError(f"page {number} has no size")
        scale = min(width / points_wide, height / points_high) * (1 - 1e-9)  # PDFium rounds up
        if points_wide * scale < 1 or points_high * scale < 1:
            raise RenditionError(f"page {number} is too long or too wide to draw")
        bitmap = page.render(scale=scale, may_draw_forms=False, rev_byteorder=True)
        try:
            return bitmap.to_pil().convert("RGB")
        finally:
            bitmap.close()
    finally:
        page.close()


@contextlib.contextmanager
def opened(file: BinaryIO) -> Iterator[Any]:
    """The document, closed afterwards.

    Raises:
        LockedError: it needs a password.
        RenditionError: it is damaged or has no pages.
    """
    try:
        document = pdfium.PdfDocument(file)
    except pdfium.PdfiumError as error:
        if error.err_code == _NEEDS_PASSWORD:
            raise LockedError("the document needs a password") from error
        raise RenditionError("the document is no readable PDF") from error
    try:
        if len(document) < 1:
            raise RenditionError("the document has no pages")
        yield document
    except pdfium.PdfiumError as error:
        raise RenditionError(f"the document is damaged: {error}") from error
    finally:
        document.close()
