"""A chapter's HTML made safe, in the asking process.

The child that took the book apart may be in a hostile file's hands, so its HTML is sanitised here, by nh3 (written in
Rust), against a closed list: no scripts, styles, classes, forms or frames; pictures and links of the book only.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import unquote

import nh3

PictureUrl = Callable[[str], str]
ChapterUrl = Callable[[int, str], str]

ID_PREFIX = "b-"  # a book's ids never meet the page's own
_TAGS = frozenset(
    [
        "a",
        "abbr",
        "article",
        "aside",
        "b",
        "bdi",
        "bdo",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "footer",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "header",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "main",
        "mark",
        "nav",
        "ol",
        "p",
        "pre",
        "q",
        "rb",
        "rp",
        "rt",
        "rtc",
        "ruby",
        "s",
        "samp",
        "section",
        "small",
        "span",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]
)
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
_NUMBERS = {"start", "value", "colspan", "rowspan"}
_CONTENT_TOO = {"script", "style", "title", "iframe", "object", "template", "noscript", "form", "select", "textarea"}


def sanitise(html: str, picture_url: PictureUrl, chapter_url: ChapterUrl) -> str:
    """HTML for the inside of a page.

    Args:
        html: as `indexer.renditions.epub.chapter` gives it.
        picture_url: the address of a picture, from its name in the book.
        chapter_url: the address of a place: chapter from 1, and the fragment (with `ID_PREFIX`) or "".
    """

    def change(_tag: str, name: str, value: str) -> str | None:
        if name == "src":
            return _picture(value, picture_url)
        if name == "href":
            return _place(value, chapter_url)
        if name == "id":
            return ID_PREFIX + value if value and not value.isspace() else None
        if name in _NUMBERS:
            return value if value.lstrip("-").isdecimal() and len(value) <= 6 else None
        return value

    return nh3.clean(
        html,
        tags=set(_TAGS),
        clean_content_tags=_CONTENT_TOO,
        attributes=_ATTRIBUTES,
        attribute_filter=change,
        url_schemes={"epub-resource", "epub-chapter"},
        link_rel=None,
    )


def _picture(value: str, picture_url: PictureUrl) -> str | None:
    scheme, _, rest = value.partition(":")
    return picture_url(unquote(rest)) if scheme == "epub-resource" and rest else None


def _place(value: str, chapter_url: ChapterUrl) -> str | None:
    scheme, _, rest = value.partition(":")
    number, _, fragment = rest.partition("#")
    if scheme != "epub-chapter" or not number.isdecimal() or len(number) > 5:
        return None
    return chapter_url(int(number), ID_PREFIX + unquote(fragment) if fragment else "")
