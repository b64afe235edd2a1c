"""Texts and web pages as readers get them: decoded, cleaned, cut into pages."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import nh3
from markupsafe import Markup, escape

from appliance.web.readers_work import renditions

if TYPE_CHECKING:
    from collections.abc import Iterator

    from appliance.web.readers_work import Work

MAX_BYTES = 8 << 20
"""Of a text that is shown; more of it is not read."""
PAGE_LETTERS = 6000
_MARKUP = frozenset({"text/html", "application/xhtml+xml"})
_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt", "em", "h1",
    "h2", "h3", "h4", "h5", "h6", "hr", "i", "ins", "kbd", "li", "ol", "p", "pre", "q", "rp", "rt", "ruby", "s", "samp",
    "section", "small", "span", "strong", "sub", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "u", "ul",
    "var",
}  # fmt: skip
_BLANK = re.compile(r"\n\s*\n+")


def text_pages(work: Work) -> list[Markup]:
    """The pages of the open text, at least one, safe to stand in a page.

    Raises:
        ServingError: its bytes cannot be had.
    """
    content = renditions().source(work.held_item()).read_at(0, MAX_BYTES)
    text = decode(content)
    if work.item.media_type in _MARKUP:
        return [Markup(clean_markup(text))]  # noqa: S704 - cleaned by nh3 against a closed list
    return list(_pages(text)) or [Markup()]


def clean_markup(text: str) -> str:
    """A web page's own words and headings; scripts, styles, frames, forms and addresses are gone."""
    return nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "iframe", "object"},
        attributes={"*": {"lang", "dir", "title"}, "td": {"colspan", "rowspan"}, "th": {"colspan", "rowspan"}},
        url_schemes=set(),
        link_rel=None,
    )


def decode(content: bytes) -> str:
    """Text in UTF-8, UTF-16 with a mark, or GB18030, the encoding of most old Chinese files."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if content.startswith(mark):
            return content.decode(encoding, "replace")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.start > len(content) - 4 and len(content) == MAX_BYTES:
            return content.decode("utf-8", "ignore")
        return content.decode("gb18030", "replace")


def _pages(text: str) -> Iterator[Markup]:
    plain = "".join(
        c for c in text.replace("\r\n", "\n").replace("\r", "\n") if c in "\n\t" or c.isprintable() or c == "\u3000"
    )
    page: list[Markup] = []
    letters = 0
    for paragraph in _paragraphs(plain):
        if page and letters + len(paragraph) > PAGE_LETTERS:
            yield Markup().join(page)
            page, letters = [], 0
        page.append(Markup("<p>{}</p>").format(Markup("<br>").join(escape(line) for line in paragraph.split("\n"))))
        letters += len(paragraph)
    if page:
        yield Markup().join(page)


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
