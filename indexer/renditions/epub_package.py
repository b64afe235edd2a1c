"""What an EPUB's package says: metadata, spine, table of contents, cover. Runs in the child process only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.errors import RenditionError
from indexer.renditions.epub_archive import Archive, local_name, parse_markup, parse_xml

MAX_SPINE = 5000
MAX_TOC = 5000
MAX_TITLE = 300
_MAX_DEPTH = 8
_MAX_MANIFEST = 20_000
_PACKAGE = "application/oebps-package+xml"
_NCX = "application/x-dtbncx+xml"
RASTER = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp", "image/avif", "image/jpg"})
MARKUP = frozenset({"application/xhtml+xml", "text/html", "application/x-dtbook+xml", "text/x-oeb1-document"})


@dataclass(frozen=True)
class Entry:
    """A line of the manifest.

    Attributes:
        id: its own. name: the file in the archive, empty when it is not in the book. media_type: as the book has it.
        properties: of the file. fallback: id of what is shown instead. overlay: id of what says it aloud.
    """

    id: str
    name: str
    media_type: str
    properties: frozenset[str]
    fallback: str
    overlay: str = ""


@dataclass(frozen=True)
class TocEntry:
    """A line of the table of contents; `name` is the file it leads to."""

    title: str
    level: int
    name: str
    fragment: str


class Package:
    """The package document of an EPUB."""

    def __init__(self, archive: Archive) -> None:
        """Find and read it.

        Raises:
            RenditionError: there is none, or it cannot be read.
        """
        self.archive = archive
        self._name = _find(archive)
        self._root = parse_xml(archive.read(self._name, 8 << 20))
        self.manifest = {entry.id: entry for entry in self._entries()}
        self.spine = tuple(self._spine())
        self._numbers: dict[str, int] = {}
        for number, entry in enumerate(self.spine, 1):
            self._numbers.setdefault(entry.name, number)

    # — metadata —

    def metadata(self, name: str) -> str:
        """The first Dublin Core element of that name, as one line, at most 300 characters."""
        for element in self._root.iter():
            if local_name(element) == name and "purl.org/dc" in str(element.tag):
                return one_line("".join(element.itertext()))
        return ""

    @property
    def direction(self) -> str:
        """How pages turn: ltr or rtl."""
        spine = self._first("spine")
        return "rtl" if spine is not None and spine.get("page-progression-direction") == "rtl" else "ltr"

    def _first(self, name: str) -> Any:
        return next((e for e in self._root.iter() if local_name(e) == name), None)

    def _children(self, parent: str, name: str) -> Iterator[Any]:
        element = self._first(parent)
        if element is not None:
            yield from (child for child in element if local_name(child) == name)

    # — manifest and spine —

    def _entries(self) -> Iterator[Entry]:
        for number, item in enumerate(self._children("manifest", "item")):
            if number >= _MAX_MANIFEST:
                return
            name, _ = self.archive.resolve(self._name, item.get("href", ""))
            properties = frozenset(item.get("properties", "").split())
            yield Entry(
                item.get("id", ""),
                name,
                item.get("media-type", "").lower(),
                properties,
                item.get("fallback", ""),
                item.get("media-overlay", ""),
            )

    def _spine(self) -> Iterator[Entry]:
        for number, reference in enumerate(self._children("spine", "itemref")):
            if number >= MAX_SPINE:
                return
            entry = self.manifest.get(reference.get("idref", ""))
            if entry is not None:
                yield self._readable(entry)

    def _readable(self, entry: Entry) -> Entry:
        """The entry itself or the first of its fallbacks that is markup or a picture."""
        current = entry
        for _ in range(_MAX_DEPTH):
            if current.media_type in MARKUP or current.media_type in RASTER:
                return current
            following = self.manifest.get(current.fallback)
            if following is None:
                break
            current = following
        return entry

    def chapter_number(self, name: str) -> int | None:
        """The place in the spine, from 1, of a file."""
        return self._numbers.get(name) if name else None

    # — table of contents —

    def toc(self) -> tuple[TocEntry, ...]:
        """The table of contents: navigation document, else NCX, else empty. At most 5,000 lines, 8 levels."""
        lines: list[TocEntry] = []
        try:
            for line in self._toc_lines():
                lines.append(line)
                if len(lines) >= MAX_TOC:
                    break
        except RenditionError:
            pass  # a broken table of contents leaves the spine to read by
        return tuple(lines)

    def _toc_lines(self) -> Iterator[TocEntry]:
        navigation = next((e for e in self.manifest.values() if "nav" in e.properties and e.name), None)
        if navigation is not None:
            root = parse_markup(self.archive.read(navigation.name))
            for element in root.iter():
                if local_name(element) == "nav" and "toc" in _epub_type(element):
                    yield from self._nav(element, navigation.name, 0)
                    return
        spine = self._first("spine")
        ncx = self.manifest.get(spine.get("toc", "")) if spine is not None else None
        ncx = ncx or next((e for e in self.manifest.values() if e.media_type == _NCX), None)
        if ncx is not None and ncx.name:
            root = parse_xml(self.archive.read(ncx.name))
            start = next((e for e in root.iter() if local_name(e) == "navmap"), None)
            if start is not None:
                yield from self._ncx(start, ncx.name, 0)

    def _nav(self, element: Any, base: str, level: int) -> Iterator[TocEntry]:
        if level > _MAX_DEPTH:
            return
        for child in element:
            kind = local_name(child)
            if kind in {"a", "span"}:
                name, fragment = self.archive.resolve(base, child.get("href", "")) if child.get("href") else ("", "")
                title = one_line("".join(child.itertext()))
                if title:
                    yield TocEntry(title, max(level - 1, 0), name, fragment)
            elif kind == "ol":
                yield from self._nav(child, base, level + 1)
            elif kind in {"li", "div"}:
                yield from self._nav(child, base, level)

    def _ncx(self, element: Any, base: str, level: int) -> Iterator[TocEntry]:
        if level > _MAX_DEPTH:
            return
        for point in element:
            if local_name(point) != "navpoint":
                continue
            label = next((e for e in point if local_name(e) == "navlabel"), None)
            content = next((e for e in point if local_name(e) == "content"), None)
            title = one_line("".join(label.itertext())) if label is not None else ""
            target = content.get("src", "") if content is not None else ""
            name, fragment = self.archive.resolve(base, target) if target else ("", "")
            if title:
                yield TocEntry(title, level, name, fragment)
            yield from self._ncx(point, base, level + 1)

    # — cover —

    def cover(self) -> str:
        """The file of the cover picture, empty when the book names none."""
        by_property = (e for e in self.manifest.values() if "cover-image" in e.properties)
        named = {m.get("content", "") for m in self._children("metadata", "meta") if m.get("name") == "cover"}
        by_meta = (self.manifest[i] for i in sorted(named) if i in self.manifest)
        by_word = (e for e in self.manifest.values() if "cover" in e.id.lower() or "cover" in e.name.lower())
        for candidates in (by_property, by_meta, by_word):
            for entry in candidates:
                if entry.name and entry.media_type in RASTER:
                    return entry.name
        return self._cover_of_guide() or self._cover_of_first_page()

    def _cover_of_guide(self) -> str:
        for reference in self._children("guide", "reference"):
            if reference.get("type", "").lower() == "cover":
                name, _ = self.archive.resolve(self._name, reference.get("href", ""))
                if name:
                    return self._picture_in(name)
        return ""

    def _cover_of_first_page(self) -> str:
        """The first page's picture, when there is hardly anything else on that page."""
        first = self.spine[0] if self.spine else None
        if first is None or not first.name:
            return ""
        if first.media_type in RASTER:
            return first.name
        return self._picture_in(first.name, most_text=60)

    def _picture_in(self, page: str, most_text: int = 1 << 20) -> str:
        try:
            root = parse_markup(self.archive.read(page))
        except RenditionError:
            return ""
        body = next((e for e in root.iter() if local_name(e) == "body"), root)
        if len("".join(map(str, body.itertext())).strip()) > most_text:
            return ""
        for element in root.iter():
            target = picture_reference(element)
            if target:
                return self.archive.resolve(page, target)[0]
        return ""


def picture_reference(element: Any) -> str:
    """What an img or an SVG image element points to, else empty."""
    if local_name(element) not in {"img", "image"}:
        return ""
    for name, value in element.attrib.items():
        if str(name).rpartition("}")[2] in {"src", "href", "xlink:href"}:
            return str(value)
    return ""


def one_line(text: str) -> str:
    """Text without line breaks and runs of spaces, at most 300 characters."""
    return " ".join(text.split())[:MAX_TITLE]


def _epub_type(element: Any) -> frozenset[str]:
    for name, value in element.attrib.items():
        if str(name).rpartition("}")[2] in {"type", "epub:type"}:
            return frozenset(str(value).split())
    return frozenset()


def _find(archive: Archive) -> str:
    """The package document's name: what the container says, else the first file that ends in .opf."""
    container = "META-INF/container.xml"
    if container in archive:
        try:
            root = parse_xml(archive.read(container, 1 << 20))
        except RenditionError:
            root = None
        for element in root.iter() if root is not None else ():
            if local_name(element) == "rootfile" and element.get("media-type", _PACKAGE) == _PACKAGE:
                name, _ = archive.resolve("", element.get("full-path", ""))
                if name:
                    return name
    name = next((n for n in archive.names if n.lower().endswith(".opf")), "")
    if not name:
        raise RenditionError("the book has no package document")
    return name
