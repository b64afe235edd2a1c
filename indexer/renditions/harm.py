"""What damaged stretches of a file hurt: pages, chapters, how a recording is cut. Runs in the child process only.

The file is read with noughts where it is damaged, so every answer is a hint: it says what to tell people, and nothing
is shown because of it.
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from indexer.renditions import pdf
from indexer.renditions.epub_archive import Archive
from indexer.renditions.epub_package import Package, one_line

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

Hole = Sequence[int]
"""First byte and one past the last."""

MAX_BOXES = 10_000
MAX_TOLD = 200
MAX_PAGES = 5000
_MAX_OBJECTS = 2000
"""Of a page that are looked at for pictures."""


class _Watched(io.RawIOBase):
    """A file that notices when a hole is read."""

    def __init__(self, file: BinaryIO, holes: Sequence[Hole]) -> None:
        super().__init__()
        self._file, self._holes = file, holes
        self.hit = False

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        start = self._file.tell()
        count = cast("io.RawIOBase", self._file).readinto(buffer) or 0
        self.hit = self.hit or _meets(start, start + count, self._holes)
        return count


def pdf_pages(file: BinaryIO, holes: Sequence[Hole]) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Which pages of a PDF are hurt: those for which a hole is read.

    Every page is parsed, its pictures are fetched and not decoded. What several pages share (fonts) is read once,
    so damage there is told for the first of them.

    Values: whole (it cannot be opened), pages (from 1, at most `MAX_PAGES`).
    """
    watched = _Watched(file, holes)
    raw, hurt = pdf.pdfium.raw, []
    with pdf.opened(cast("BinaryIO", watched)) as document:
        for number in range(min(len(document), MAX_PAGES)):
            watched.hit = False
            page = raw.FPDF_LoadPage(document.raw, number)
            if page:
                for place in range(min(raw.FPDFPage_CountObjects(page), _MAX_OBJECTS)):
                    shown = raw.FPDFPage_GetObject(page, place)
                    if raw.FPDFPageObj_GetType(shown) == raw.FPDF_PAGEOBJ_IMAGE:
                        raw.FPDFImageObj_GetImageDataRaw(shown, None, 0)
                raw.FPDF_ClosePage(page)
            if watched.hit or not page:
                hurt.append(number + 1)
        return {"whole": len(hurt) == len(document), "pages": hurt}, ()


def epub_chapters(file: BinaryIO, holes: Sequence[Hole]) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Which chapters of a book are hurt.

    Values: whole (the book cannot be opened), chapters (places in the spine, from 1), titles (one each, may be empty),
    other (whether pictures or styles are hurt).
    """
    archive = Archive(file)
    package = Package(archive)
    hurt = _members(file, holes)
    spine = {entry.name: place for place, entry in reversed(list(enumerate(package.spine, 1)))}
    chapters = sorted(spine[name] for name in hurt if name in spine)[:MAX_TOLD]
    titles: dict[int, str] = {}
    for line in package.toc():
        place = spine.get(line.name)
        if place is not None:
            titles.setdefault(place, line.title)
    return {
        "whole": not package.spine,
        "chapters": chapters,
        "titles": [one_line(titles.get(place, ""))[:300] for place in chapters],
        "other": any(name not in spine for name in hurt),
    }, ()


def _members(file: BinaryIO, holes: Sequence[Hole]) -> list[str]:
    """Names of the files in a ZIP whose bytes lie in a hole."""
    file.seek(0, 2)
    end = file.tell()
    with zipfile.ZipFile(file) as packed:
        entries = sorted(packed.infolist(), key=lambda entry: entry.header_offset)
        starts = [entry.header_offset for entry in entries] + [min(end, getattr(packed, "start_dir", end))]
    stretches = zip(entries, starts, starts[1:], strict=False)
    return [entry.filename for entry, start, stop in stretches if _meets(start, stop, holes)]


def media_stretches(file: BinaryIO, holes: Sequence[Hole]) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Where the samples of an MP4 lie, and whether damage spares what opens it.

    Values: whole (a box that says how to play is hurt, or no samples are found), begin and end (bytes) of the samples.
    """
    begin = end = 0
    whole = indexed = False
    for kind, start, stop in _boxes(file):
        indexed = indexed or kind in {b"moov", b"moof"}
        if kind == b"mdat":
            begin, end = (begin or start), stop
        elif kind in {b"ftyp", b"moov", b"moof", b"sidx"}:
            whole = whole or _meets(start, stop, holes)
    return {"whole": whole or not indexed or not end, "begin": begin, "end": end}, ()


def _boxes(file: BinaryIO) -> Iterable[tuple[bytes, int, int]]:
    file.seek(0, 2)
    end = file.tell()
    at = 0
    for _ in range(MAX_BOXES):
        file.seek(at)
        head = file.read(16)
        if len(head) < 8:
            return
        size, kind = struct.unpack(">I4s", head[:8])
        if size == 1 and len(head) == 16:
            (size,) = struct.unpack(">Q", head[8:])
        stop = end if size == 0 else at + size
        if size not in {0, 1} and size < 8:
            return
        yield kind, at, min(stop, end)
        if stop >= end or stop <= at:
            return
        at = stop


def _meets(start: int, stop: int, holes: Sequence[Hole]) -> bool:
    return any(first < stop and start < last for first, last in holes)
