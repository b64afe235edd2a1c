"""A book's contents, chapters, pictures and cover. Runs in the child process only.

A chapter leaves here as cleaned HTML whose references are of two made-up schemes, `epub-resource:` (a picture in the
book) and `epub-chapter:` (a place in the book). `indexer.renditions.chapter` checks it in the asking process and turns
them into addresses; nothing else gets through.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, BinaryIO
from urllib.parse import quote

from lxml import etree

from indexer.errors import RenditionError, RenditionLimitError
from indexer.image_header import picture_type
from indexer.renditions.chapter import MAX_HTML, clean
from indexer.renditions.epub_archive import Archive, as_text, local_name, parse_markup
from indexer.renditions.epub_package import RASTER, Package, one_line, picture_reference
from indexer.renditions.epub_sounds import sounds_of

_VERTICAL = re.compile(r"writing-mode\s*:\s*(?:vertical-(rl|lr)|tb-(rl))", re.IGNORECASE)
_DROPPED = frozenset(
    [
        "script",
        "style",
        "link",
        "meta",
        "base",
        "title",
        "head",
        "iframe",
        "frame",
        "frameset",
        "object",
        "embed",
        "applet",
        "form",
        "input",
        "button",
        "select",
        "textarea",
        "option",
        "noscript",
        "template",
        "audio",
        "video",
        "source",
        "track",
        "canvas",
        "map",
        "area",
        "param",
    ]
)
_KEPT = ("alt", "title", "dir", "id", "colspan", "rowspan", "start", "reversed", "value", "type", "datetime")
_LANGUAGE = re.compile(r"[A-Za-z0-9-]{1,35}\Z")
_XML_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"


def contents(file: BinaryIO) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Values: title, creator, language, direction, chapters (count), titles (one a chapter), toc."""
    package = Package(Archive(file))
    if not package.spine:
        raise RenditionError("the book has no chapters")
    numbers: dict[str, int] = {}
    for place, entry in enumerate(package.spine, 1):
        numbers.setdefault(entry.name, place)
    titles = [""] * len(package.spine)
    toc: list[dict[str, Any]] = []
    for line in package.toc():
        number = numbers.get(line.name)
        toc.append({"title": line.title, "level": line.level, "chapter": number, "fragment": line.fragment[:200]})
        if number and not titles[number - 1]:
            titles[number - 1] = line.title
    return {
        "title": package.metadata("title"),
        "creator": package.metadata("creator"),
        "language": _language(package.metadata("language")),
        "direction": package.direction,
        "titles": titles,
        "toc": toc,
    }, ()


def chapter(file: BinaryIO, number: int) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: the chapter as HTML, cleaned. Values: title, language, direction, vertical, chapters, sounds.

    Args:
        file: the book.
        number: place in the spine, from 1.

    Raises:
        RenditionError: no such chapter, or it cannot be read.
    """
    package = Package(Archive(file))
    if not 1 <= number <= len(package.spine):
        raise RenditionError(f"no chapter {number}, the book has {len(package.spine)}")
    entry = package.spine[number - 1]
    if entry.media_type in RASTER:
        root = etree.fromstring(b"<body><img/></body>")
        root[0].set("src", entry.name.rpartition("/")[2])
    else:
        root = parse_markup(package.archive.read(entry.name))
    sounds = sounds_of(package, entry, root if entry.media_type not in RASTER else None)
    _Cleaner(package, entry.name).clean(root)
    body = next((e for e in root.iter() if local_name(e) == "body"), root)
    text = etree.tostring(body, encoding="unicode", method="html", with_tail=False)
    if len(text) > MAX_HTML:
        raise RenditionLimitError(f"a chapter of {len(text)} letters")
    heading = next((e for e in body.iter() if local_name(e) in {"h1", "h2", "h3"}), None)
    values = {
        "title": one_line("".join(map(str, heading.itertext()))) if heading is not None else "",
        "language": _language(root.get("lang") or root.get(_XML_LANGUAGE) or package.metadata("language")),
        "direction": package.direction,
        "vertical": _vertical(package, entry.name),
        "chapters": len(package.spine),
        "sounds": sounds,
    }
    return values, (clean(text).encode(),)


def resource(file: BinaryIO, name: str) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: a picture of the book, unaltered. Values: media_type, by its first bytes.

    Raises:
        RenditionError: there is no such file, or it is no picture that browsers show safely.
    """
    body = Archive(file).read(name)
    media_type = picture_type(body[:16])
    if not media_type:
        raise RenditionError("that file of the book is no picture")
    return {"media_type": media_type}, (body,)


def cover_bytes(file: BinaryIO) -> bytes | None:
    """The book's own cover picture, None when it has none."""
    package = Package(Archive(file))
    name = package.cover()
    return package.archive.read(name) if name else None


class _Cleaner:
    """Makes a chapter plain: drops what runs or loads, keeps text, turns references into our two schemes."""

    def __init__(self, package: Package, name: str) -> None:
        self._package, self._name = package, name

    def clean(self, root: Any) -> None:
        for element in list(root.iter()):
            kind = local_name(element)
            if not kind or kind in _DROPPED:
                if element is not root:
                    _remove(element)
                continue
            reference = picture_reference(element) if kind in {"img", "image"} else element.get("href", "")
            attributes = self._attributes(element)
            element.attrib.clear()
            element.tag = "img" if kind == "image" else kind
            for name, value in attributes.items():
                element.set(name, value)
            if element.tag == "img":
                self._picture(element, reference)
            elif kind == "a" and reference:
                self._link(element, reference)
        etree.cleanup_namespaces(root)

    def _attributes(self, element: Any) -> dict[str, str]:
        kept = {name: str(element.get(name))[:1000] for name in _KEPT if element.get(name) is not None}
        language = element.get("lang") or element.get(_XML_LANGUAGE)
        if language and _LANGUAGE.match(language):
            kept["lang"] = language
        return kept

    def _picture(self, element: Any, reference: str) -> None:
        name, _ = self._package.archive.resolve(self._name, reference) if reference else ("", "")
        if name:
            element.set("src", "epub-resource:" + quote(name, safe="/"))
        else:
            element.tag = "span"

    def _link(self, element: Any, reference: str) -> None:
        name, fragment = self._package.archive.resolve(self._name, reference)
        number = self._package.chapter_number(name)
        if number is not None:
            element.set("href", f"epub-chapter:{number}#{quote(fragment[:200], safe='')}")


def _remove(element: Any) -> None:
    """Take an element out and keep the text after it."""
    parent = element.getparent()
    if parent is None:
        return
    if element.tail:
        before = element.getprevious()
        if before is not None:
            before.tail = (before.tail or "") + element.tail
        else:
            parent.text = (parent.text or "") + element.tail
    parent.remove(element)


def _vertical(package: Package, name: str) -> bool:
    """Whether the chapter's own style sheets set its columns from top to bottom."""
    body = package.archive.read(name)
    if _VERTICAL.search(as_text(body)[: 1 << 20]):
        return True
    try:
        root = parse_markup(body)
    except RenditionError:
        return False
    sheets = [e.get("href", "") for e in root.iter() if local_name(e) == "link" and "stylesheet" in e.get("rel", "")]
    for reference in sheets[:8]:
        sheet, _ = package.archive.resolve(name, reference)
        if sheet and _VERTICAL.search(as_text(package.archive.read(sheet, 4 << 20))):
            return True
    return False


def _language(text: str) -> str:
    return text if _LANGUAGE.match(text) else ""
