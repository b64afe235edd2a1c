"""A chapter's HTML made safe: cleaned in the child, checked in the asking process.

Cleaning is done by nh3 (html5ever, written in Rust) against a closed list: no scripts, styles, classes, forms or
frames; pictures and links of the book only, as two made-up schemes. It happens in the child, for the tree that it
builds can be a thousand times as large as the file. The child may be in that file's hands, so the asking process lets
nothing through but the form that the cleaned text has (`indexer.renditions.grammar`), and puts its own addresses in.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from urllib.parse import unquote

import nh3

from indexer.errors import RenditionLimitError
from indexer.renditions.grammar import ANY, Grammar

PictureUrl = Callable[[str], str]
ChapterUrl = Callable[[int, str], str]

MAX_HTML = 8 << 20
"""Letters of a chapter before it is cleaned."""
MAX_CLEANED = 4 << 20
"""Bytes of a chapter that was cleaned: twice the longest Chinese novel, in one page."""
MAX_LINKED = 20_000
"""Pictures and links of a chapter that get addresses; nobody can use more of them."""
ID_PREFIX = "b-"  # a book's ids never meet the page's own
_TAGS = frozenset({
    "a", "abbr", "article", "aside", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code",
    "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "footer", "h1",
    "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "ins", "kbd", "li", "main", "mark", "nav", "ol", "p",
    "pre", "q", "rb", "rp", "rt", "rtc", "ruby", "s", "samp", "section", "small", "span", "strong", "sub", "summary",
    "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
})  # fmt: skip
_NUMBERS = {"start", "value", "colspan", "rowspan"}
_ATTRIBUTES: dict[str, set[str]] = {
    "*": {"id", "lang", "dir", "title"},
    "a": {"href"},
    "img": {"src", "alt"},
    "ol": {"start", "reversed", "type"},
    "li": {"value"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "time": {"datetime"},
}
_CONTENT_TOO = {"script", "style", "title", "iframe", "object", "template", "noscript", "form", "select", "textarea"}
_VALUES = {
    **dict.fromkeys(_NUMBERS, "-?[0-9]{1,6}"),
    "id": ID_PREFIX + ANY,
    "href": "epub-chapter:[0-9]{1,5}(?:#" + ANY + ")?",
    "src": "epub-resource:" + ANY,
}


def _with_values(names: set[str]) -> dict[str, str]:
    return {name: _VALUES.get(name, ANY) for name in names}


_GRAMMAR = Grammar({tag: _with_values(_ATTRIBUTES.get(tag, set())) for tag in _TAGS}, _with_values(_ATTRIBUTES["*"]))
_LINKED = re.compile(r"<(?:a|img) [^<>]*>")
_ADDRESS = re.compile(r'(?<= )(src="epub-resource|href="epub-chapter):([^"<>]*)"')
_PLACE = re.compile(r"epub-chapter:[0-9]{1,5}(?:#.*)?", re.DOTALL)


def clean(text: str) -> str:
    """HTML of the closed list, in one form, with references of the two schemes. Runs in the child.

    Raises:
        RenditionError: more is left than a chapter may hold.
    """

    def change(_tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return value if value.startswith("epub-resource:") else None
        if name == "href":
            return value if _PLACE.fullmatch(value) else None
        if name == "id":
            return ID_PREFIX + value if value and not value.isspace() else None
        if name in _NUMBERS:
            return value if value.isascii() and value.removeprefix("-").isdecimal() and len(value) <= 6 else None
        return value

    cleaned = nh3.clean(
        text,
        tags=set(_TAGS),
        clean_content_tags=_CONTENT_TOO,
        attributes=_ATTRIBUTES,
        attribute_filter=change,
        url_schemes={"epub-resource", "epub-chapter"},
        link_rel=None,
    )
    if len(cleaned.encode()) > MAX_CLEANED:
        raise RenditionLimitError(f"a chapter of {len(cleaned)} letters")
    return cleaned


def checked(cleaned: str) -> str:
    """What `clean` gives, or so the child says.

    Raises:
        RenditionError: it is something else.
    """
    return _GRAMMAR.check(cleaned)


def addressed(cleaned: str, picture_url: PictureUrl, chapter_url: ChapterUrl) -> str:
    """Checked markup with addresses for the inside of a page.

    Args:
        cleaned: from `checked`.
        picture_url: the address of a picture, from its name in the book.
        chapter_url: the address of a place: chapter from 1, and the fragment (with `ID_PREFIX`) or "".
    """

    def put(found: re.Match[str]) -> str:
        name, _, _ = found[1].partition("=")
        rest = html.unescape(found[2])
        if name == "src":
            address = picture_url(unquote(rest))
        else:
            number, _, fragment = rest.partition("#")
            address = chapter_url(int(number), ID_PREFIX + unquote(fragment) if fragment else "")
        return f'{name}="{html.escape(address)}"'

    return _LINKED.sub(lambda tag: _ADDRESS.sub(put, tag[0]), cleaned, count=MAX_LINKED)
