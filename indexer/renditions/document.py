"""What a PDF or an EPUB is: pages, contents, whether it is locked, whether its fonts are there.

Runs in the child process only. A document that needs a password or a licence is no error here: it says so.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO

from indexer.errors import RenditionError
from indexer.renditions import pdf
from indexer.renditions.epub_archive import Archive, local_name, parse_xml
from indexer.renditions.epub_package import Package

FONT_PAGES = 8
"""Pages of a PDF whose fonts are looked at."""
MAX_CONTENTS = 300
"""Lines of contents that a record takes from its document."""
_FONT_OBJECTS = 3000
_FONT_NAMES = 8
_DEPTH = 3
_INVISIBLE = 3
# Every reader has something for the 14 standard fonts and what replaces them.
_STANDARD = ("helvetica", "arial", "times", "courier", "symbol", "zapfdingbats")
_OBFUSCATION = ("http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC")


def pdf_facts(file: BinaryIO, fonts: bool = True) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: pages, encrypted, fonts (names of those that are missing), contents: {title, level, target} each."""
    try:
        with pdf.opened(file) as document:
            entries = (
                {"title": e["title"], "level": e["level"], "target": str(e["page"] or "")}
                for e in pdf.entries(document)
            )
            contents = _shortened(e for e in entries if e["title"])
            missing = sorted(set(islice(_missing(document), 500)))[:_FONT_NAMES] if fonts else []
            return {"pages": len(document), "encrypted": False, "fonts": missing, "contents": contents}, ()
    except pdf.LockedError:
        return {"pages": 0, "encrypted": True, "fonts": [], "contents": []}, ()


def _missing(document: Any) -> Iterator[str]:
    """Names of fonts that visible text of the first pages uses and the document does not hold."""
    raw = pdf.pdfium.raw
    for number in range(min(len(document), FONT_PAGES)):
        try:
            page = document[number]
        except pdf.pdfium.PdfiumError:
            continue
        seen: set[int] = set()
        for thing in islice(page.get_objects([raw.FPDF_PAGEOBJ_TEXT], max_depth=_DEPTH), _FONT_OBJECTS):
            font = raw.FPDFTextObj_GetFont(thing.raw)
            address = ctypes.cast(font, ctypes.c_void_p).value
            if not address or address in seen or raw.FPDFTextObj_GetTextRenderMode(thing.raw) == _INVISIBLE:
                continue
            seen.add(address)
            name = _font_name(raw, font)
            plain = name.partition("+")[2] or name
            known = plain.replace(" ", "").lower().startswith(_STANDARD)
            if name and not known and raw.FPDFFont_GetIsEmbedded(font) == 0:
                yield " ".join(plain.split())[:80]
        page.close()


def _font_name(raw: Any, font: Any) -> str:
    """The name that the document gives its font; none for fonts that are drawings (Type 3)."""
    length = raw.FPDFFont_GetBaseFontName(font, None, 0)
    if not 1 < length <= 1000:
        return ""
    buffer = ctypes.create_string_buffer(length)
    raw.FPDFFont_GetBaseFontName(font, buffer, length)
    return buffer.raw.rstrip(b"\0").decode("utf-8", "replace")


def epub_facts(file: BinaryIO) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: pages (always 0), encrypted, fonts (always none), contents: {title, level, target} each."""
    archive = Archive(file)
    if _locked(archive):
        return {"pages": 0, "encrypted": True, "fonts": [], "contents": []}, ()
    package = Package(archive)
    if not package.spine:
        raise RenditionError("the book has no chapters")
    numbers = {entry.name: n for n, entry in reversed(list(enumerate(package.spine, 1))) if entry.name}
    contents = _shortened(
        {"title": line.title, "level": line.level, "target": place(numbers.get(line.name), line.fragment)}
        for line in package.toc()
    )
    return {"pages": 0, "encrypted": False, "fonts": [], "contents": contents}, ()


def _shortened(lines: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """At most `MAX_CONTENTS` lines: of a longer table the upper levels only, as far as they fit."""
    kept = list(lines)
    while len(kept) > MAX_CONTENTS:
        deepest = max(line["level"] for line in kept)
        upper = [line for line in kept if line["level"] < deepest]
        if not upper:
            break
        kept = upper
    return kept[:MAX_CONTENTS]


def place(chapter: int | None, fragment: str) -> str:
    """A place in a book: chapter from 1, `#` and the id when it is inside; empty when it leads nowhere."""
    if chapter is None:
        return ""
    return f"{chapter}#{fragment}" if fragment and len(fragment) <= 200 else str(chapter)


def _locked(archive: Archive) -> bool:
    """Whether anything but fonts is encrypted, which only a rights system does."""
    if "META-INF/license.lcpl" in archive or "META-INF/sinf.xml" in archive:
        return True
    if "META-INF/encryption.xml" not in archive:
        return False
    try:
        root = parse_xml(archive.read("META-INF/encryption.xml", 4 << 20))
    except RenditionError:
        return False
    methods = (
        method.get("Algorithm", "")
        for data in root.iter()
        if local_name(data) == "encrypteddata"
        for method in data
        if local_name(method) == "encryptionmethod"
    )
    return any(method not in _OBFUSCATION for method in methods)
