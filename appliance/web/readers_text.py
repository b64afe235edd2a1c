"""Texts and web pages as readers get them: decoded, cleaned, cut into pages."""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

import nh3
from lxml import html
from markupsafe import Markup, escape

from appliance.web.readers_figures import figure_filter, figures_of
from appliance.web.readers_work import renditions
from indexer.text.encodings import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from appliance.web.readers_work import Work

MAX_BYTES = 8 << 20
"""Of a text that is shown; more of it is not read."""
PAGE_LETTERS = 6000
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre",
    "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_BLANK = re.compile(r"\n\s*\n+")
_NO_XML = re.compile("[^\\t\\n\\x20-\\ud7ff\\ue000-\\ufffd\\U00010000-\\U0010ffff]")
_HEADINGS = ("h1", "h2", "h3")
_HEADING = re.compile(
    r"^[ \t\u3000]*(?:第[0-9０-９〇零一二三四五六七八九十百千两]{1,9}[章回卷节節篇部集折出讲講][^\n。！？]{0,40}"
    r"|(?:序言?|自序|前言|引言|楔子|引子|尾声|后记|後記|附录|附錄|跋)|#{1,3} [^\n]{1,80})[ \t\u3000]*$",
    re.MULTILINE,
)
"""A line that stands alone and is called a chapter, or a heading of Markdown."""
_TAG = re.compile(r"<[^<>]*>?")
_TAG_START = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})")
_CLOSED_BY_OTHERS = {
    "p",
    "li",
    "dt",
    "dd",
    "td",
    "th",
    "tr",
    "br",
    "hr",
    "img",
    "input",
    "meta",
    "link",
    "option",
    "col",
    "wbr",
}
_DEEPEST = 400
_MAX_CONTENTS = 2000
_LONGEST_HEADING = 80
_KEPT = 6
_KEPT_LETTERS = 12 << 20
_kept: dict[tuple[str, str], Pages] = {}
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Pages:
    """A text as it is read.

    Attributes:
        pages: at least one, safe to stand in a page. contents: (title, 1-based page, anchor on it) of its headings.
    """

    pages: tuple[Markup, ...]
    contents: tuple[tuple[str, int, str], ...] = ()


def text_pages(work: Work) -> Pages:
    """The pages of the open text. The last few texts are kept: a reader turns many pages of one.

    Raises:
        ServingError: its bytes cannot be had.
    """
    key = (work.item.id, work.item.sha256)
    held = work.held_item()
    with _lock:
        kept = _kept.get(key)
    if kept is not None:
        return kept
    found = cut(decode_text(renditions().source(held).read_at(0, MAX_BYTES)), work.item.media_type, figures_of(work))
    if sum(map(len, found.pages)) <= _KEPT_LETTERS:
        with _lock:
            _kept[key] = found
            while len(_kept) > _KEPT:
                _kept.pop(next(iter(_kept)))
    return found


def cut(text: str, media_type: str, figures: Mapping[str, str] | None = None) -> Pages:
    """The pages of a text of that kind, by its headings and lengths.

    Args:
        text: decoded.
        media_type: of the file.
        figures: pictures that a web page may show, see `figures_of`.
    """
    if media_type not in _MARKUP:
        return _plain_pages(text)
    return _plain_pages(_TAG.sub(" ", text)) if _too_deep(text) else _markup_pages(text, figures or {})


def _too_deep(text: str) -> bool:
    """Whether elements stand in one another so deep that cleaning them would take minutes."""
    depth = 0
    for tag in _TAG_START.finditer(text):
        if tag[2].lower() not in _CLOSED_BY_OTHERS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > _DEEPEST:
                return True
    return False


def clean_markup(text: str, figures: Mapping[str, str] | None = None) -> str:
    """A web page's own words, headings and figures; scripts, styles, frames, forms and all other addresses are gone."""
    return _cleaned(text, figures or {})


def _cleaned(text: str, figures: Mapping[str, str], *, anchors: bool = False) -> str:
    named = {tag: {"id"} for tag in _HEADINGS} if anchors else {}
    return nh3.clean(
        text,
        tags=_TAGS,
        attribute_filter=figure_filter(figures),
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
        attributes={
            "*": {"lang", "dir", "title"},
            "td": {"colspan", "rowspan"},
            "th": {"colspan", "rowspan"},
            "img": {"src", "alt"},
            **named,
        },
        url_schemes=set(),
        link_rel=None,
    )


class _Book:
    """Pages as they fill: a heading begins a new one unless the last is still short."""

    def __init__(self) -> None:
        self.pages: list[Markup] = []
        self.contents: list[tuple[str, int, str]] = []
        self._open: list[Markup] = []
        self._letters = 0

    def heading(self, title: str) -> str:
        """Take a heading into the contents; its anchor, empty when there are too many."""
        if self._letters > PAGE_LETTERS // 3:
            self.close()
        if len(self.contents) >= _MAX_CONTENTS:
            return ""
        anchor = f"s{len(self.contents) + 1}"
        self.contents.append((title[:_LONGEST_HEADING], len(self.pages) + 1, anchor))
        return anchor

    def add(self, content: Markup, letters: int) -> None:
        """Put a block on the page, or on the next when this one is full."""
        self._open.append(content)
        self._letters += letters

    def room(self, letters: int) -> None:
        """Begin a new page when a block of so many letters does not fit on this one."""
        if self._open and self._letters + letters > PAGE_LETTERS:
            self.close()

    def close(self) -> None:
        """End the page."""
        if self._open:
            self.pages.append(Markup().join(self._open))
        self._open, self._letters = [], 0

    def done(self) -> Pages:
        """The pages, one at least."""
        self.close()
        return Pages(tuple(self.pages) or (Markup(),), tuple(self.contents))


def _plain_pages(text: str) -> Pages:
    plain = "".join(
        c for c in text.replace("\r\n", "\n").replace("\r", "\n") if c in "\n\t" or c.isprintable() or c == "\u3000"
    )
    book = _Book()
    for title, paragraph in _blocks(plain):
        if title:
            anchor = book.heading(title)
            book.add(Markup('<h2 id="{}">{}</h2>').format(anchor, title), len(title))
            continue
        book.room(len(paragraph))
        lines = Markup("<br>").join(escape(line) for line in paragraph.split("\n"))
        book.add(Markup("<p>{}</p>").format(lines), len(paragraph))
    return book.done()


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(heading, "") and ("", paragraph) in turn."""
    at = 0
    for match in _HEADING.finditer(text):
        yield from (("", paragraph) for paragraph in _paragraphs(text[at : match.start()]))
        yield match[0].strip().lstrip("# ").strip(), ""
        at = match.end()
    yield from (("", paragraph) for paragraph in _paragraphs(text[at:]))


def _markup_pages(text: str, figures: Mapping[str, str]) -> Pages:
    """Pages of cleaned markup, cut between the blocks of its body; what comes out was cleaned last of all."""
    cleaned = clean_markup(_NO_XML.sub("", text), figures)
    if not cleaned.strip():
        return Pages((Markup(),))
    body = html.fragment_fromstring(cleaned, create_parent="div")
    for picture in [img for img in body.iter("img") if not img.get("src")]:
        picture.drop_tree()
    while len(body) == 1 and body[0].tag in {"div", "section"} and not (body.text or "").strip():
        body = body[0]
    book = _Book()
    book.add(escape(body.text or ""), 0)
    shown = {address: address for address in figures.values()}
    for block in body:
        if not isinstance(block.tag, str):
            continue
        letters = sum(map(len, block.itertext()))
        if block.tag not in _HEADINGS:
            book.room(letters)
        for heading in block.iter(*_HEADINGS):
            title = " ".join("".join(heading.itertext()).split())
            anchor = book.heading(title) if title else ""
            if anchor:
                heading.set("id", anchor)
        book.add(Markup(_cleaned(html.tostring(block, encoding="unicode"), shown, anchors=True)), letters)  # noqa: S704 - cleaned by nh3
    return book.done()


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs between blank lines; a longer one is cut at line ends, then anywhere."""
    for block in _BLANK.split(text):
        rest = block.strip("\n")
        while len(rest) > PAGE_LETTERS:
            cut = rest.rfind("\n", 1, PAGE_LETTERS)
            cut = cut if cut > 0 else PAGE_LETTERS
            yield rest[:cut]
            rest = rest[cut:].strip("\n")
        if rest.strip():
            yield rest
