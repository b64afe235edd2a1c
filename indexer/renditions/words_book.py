"""The words of EPUB chapters, of web pages and of PDF pages. Runs in the child process only."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

from lxml import etree

from indexer.errors import RenditionError
from indexer.renditions import pdf
from indexer.renditions.document import place
from indexer.renditions.epub_archive import Archive, local_name, parse_markup
from indexer.renditions.epub_package import MARKUP, Package, one_line

Found = tuple[str, str, str, str]
"""kind, label, target, text as found."""

_PAGE_LETTERS = 400_000
_SILENT = frozenset({"script", "style", "head", "rt", "rp", "template", "noscript", "iframe", "object", "svg", "math"})
_BLOCKS = frozenset(
    {
        "address", "article", "aside", "blockquote", "body", "br", "caption", "dd", "div", "dl", "dt", "figcaption",
        "figure", "footer", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre",
        "section", "table", "td", "th", "tr", "ul",
    }
)  # fmt: skip
_BREAK = "\u2029"
_WIDE = r"[\u2e80-\u9fff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]"
_WIDE_LINES = re.compile(rf"(?<={_WIDE})(?<![。！？；：])\s*\n\s*(?={_WIDE})")
_HYPHEN = re.compile(r"(?<=[^\W\d_])(?:[\x02\ufffe]\s*|[-\u2010\u00ad]\n\s*)(?=[a-z\u00df-\u00ff])")
_SPACE = re.compile(r"\s+")


def joined_lines(text: str) -> str:
    """Lines of a page joined where a word or a Chinese sentence goes on; other line ends stay."""
    return _WIDE_LINES.sub("", _HYPHEN.sub("", text.replace("\r\n", "\n")))


def of_pdf(file: BinaryIO) -> Iterator[Found]:
    """Pages that hold text; a page that cannot be read is passed over."""
    with pdf.opened(file) as document:
        for number in range(len(document)):
            try:
                text = _page(document, number)
            except pdf.pdfium.PdfiumError:
                continue
            if text and not text.isspace():
                yield "page", "", str(number + 1), joined_lines(text)


def _page(document: Any, number: int) -> str:
    page = document[number]
    try:
        text = page.get_textpage()
        try:
            return str(text.get_text_range(0, min(text.count_chars(), _PAGE_LETTERS), errors="ignore"))
        finally:
            text.close()
    finally:
        page.close()


def of_epub(file: BinaryIO) -> Iterator[Found]:
    """Chapters in reading order, parted where the table of contents points inside; unreadable ones are left out."""
    package = Package(Archive(file))
    labels: dict[str, str] = {}
    anchors: dict[str, dict[str, str]] = {}
    for line in package.toc():
        if line.fragment:
            anchors.setdefault(line.name, {}).setdefault(line.fragment, line.title)
        else:
            labels.setdefault(line.name, line.title)
    seen = set()
    readable = 0
    for number, entry in enumerate(package.spine, 1):
        if entry.media_type not in MARKUP or not entry.name or entry.name in seen:
            continue
        seen.add(entry.name)
        try:
            root = parse_markup(package.archive.read(entry.name))
        except RenditionError:
            continue
        readable += 1
        label = labels.get(entry.name, "")
        for title, anchor, text in _flow(root, label, anchors.get(entry.name, {})):
            yield "chapter", title, place(number, anchor), text
    if not readable and package.spine:
        raise RenditionError("no chapter of the book can be read")


def of_html(file: BinaryIO) -> Iterator[Found]:
    """A web page, parted at headings of the first two levels that have an id."""
    root = parse_markup(file.read(8 << 20))
    headings = (e for e in root.iter() if local_name(e) in {"h1", "h2"} and e.get("id"))
    anchors = {str(e.get("id")): one_line("".join(map(str, e.itertext()))) for e in headings}
    title = next((one_line("".join(map(str, e.itertext()))) for e in root.iter() if local_name(e) == "title"), "")
    for label, anchor, text in _flow(root, title, anchors):
        yield "chapter", label, place(1, anchor), text


def _flow(root: Any, label: str, anchors: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """(label, id, text) of each stretch of a chapter; without a label its first heading is taken."""
    parts: list[str] = []
    anchor = ""
    walk = etree.iterwalk(root, events=("start", "end"))
    for event, element in walk:
        name = local_name(element)
        if event == "start":
            here = element.get("id") or ""
            if here in anchors:
                if text := _paragraphs(parts):
                    yield label or _first_line(text), anchor, text
                parts, label, anchor = [], anchors[here], here
            if name in _SILENT:
                walk.skip_subtree()
                continue
            parts += [_BREAK if name in _BLOCKS else "", element.text or ""]
        else:
            parts += [_BREAK if name in _BLOCKS else "", (element.tail or "") if element is not root else ""]
    if text := _paragraphs(parts):
        yield label or _first_line(text), anchor, text


def _paragraphs(parts: list[str]) -> str:
    """Paragraphs a line each; a line end inside one is a space, or nothing between Chinese characters."""
    paragraphs = "".join(parts).split(_BREAK)
    lines = (_SPACE.sub(" ", _WIDE_LINES.sub("", paragraph)).strip() for paragraph in paragraphs)
    return "\n".join(line for line in lines if line)


def _first_line(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= 40 else ""
