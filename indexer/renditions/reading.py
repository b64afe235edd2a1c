"""Texts and web pages as readers get them: decoded, cleaned, cut into pages.

`pages` runs in the child process only, for cleaning and cutting may take more than a file's size lets expect. Its body
is one line of JSON, {"ends": [byte after each page], "contents": [[title, page, anchor], …]}, and the pages after it;
`TextPages` reads that in the asking process and lets nothing else through than such pages are made of.
"""

from __future__ import annotations

import html
import json
import posixpath
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO, Self
from urllib.parse import quote, unquote, urlsplit

import nh3

from indexer.errors import RenditionError
from indexer.renditions.grammar import ANY, Grammar
from indexer.text.encodings import decode_text

MARKUP = frozenset({"text/html", "application/xhtml+xml"})
MAX_BYTES = 8 << 20
"""Of a text that is shown; more of it is not read."""
PAGE_LETTERS = 6000
PAGE_BLOCKS = 600
PAGE_MARKUP = 1 << 20
"""Letters of a page with its markup; a block that is longer by itself, which no terminal would show, becomes words."""
_MAX_PAGES = 20_000
_MAX_CONTENTS = 2000
_LONGEST_HEADING = 80
_DEEPEST = 400
_WRAPPERS = 20
_LONGEST_PLACE = 2000
_LONGEST_HEAD = 2 << 20
_HEAD_PIECE = 64 << 10

_TAGS = {
    "a", "abbr", "b", "blockquote", "br", "caption", "cite", "code", "dd", "del", "dfn", "div", "dl", "dt", "em",
    "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "ol", "p", "pre",
    "q", "rp", "rt", "ruby", "s", "samp", "section", "small", "span", "strong", "sub", "sup", "table", "tbody", "td",
    "tfoot", "th", "thead", "tr", "u", "ul", "var",
}  # fmt: skip
_COMMON = {"lang": ANY, "dir": ANY, "title": ANY}
_CELL = {"colspan": ANY, "rowspan": ANY}
_HEADINGS = ("h1", "h2", "h3")
_FIGURE = "web-figure:"
"""A scheme of our own for a picture beside the page: the place follows, percent-encoded."""
_PICTURE = {"src": _FIGURE + "[A-Za-z0-9%/._~-]{1,2000}", "alt": ANY}
_OWN = {"td": _CELL, "th": _CELL, "img": _PICTURE, **{tag: {"id": "s[0-9]{1,5}"} for tag in _HEADINGS}}
_GRAMMAR = Grammar({tag: _OWN.get(tag, {}) for tag in _TAGS}, _COMMON)
_CONTENT_TOO = {"script", "style", "title", "template", "noscript", "iframe", "object"}

_BLANK = re.compile(r"\n\s*\n+")
_HEADING = re.compile(
    r"^[ \t\u3000]*(?:第[0-9０-９〇零一二三四五六七八九十百千两]{1,9}[章回卷节節篇部集折出讲講][^\n。！？]{0,40}"
    r"|(?:序言?|自序|前言|引言|楔子|引子|尾声|后记|後記|附录|附錄|跋)|#{1,3} [^\n]{1,80})[ \t\u3000]*$",
    re.MULTILINE,
)
"""A line that stands alone and is called a chapter, or a heading of Markdown."""
_TAG_RUNS = re.compile(r"(?:<[^<>]*>?)+")
_SPACES = re.compile(r"[ \t]{2,}")
_TAG_START = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,15})")
_CLEANED_TAG = re.compile(r"<(/?)([a-z0-9]+)[^<>]*>")
_CLEANED_HEADING = re.compile(r"<(h[123])((?: [^<>]*)?)>(.*?)</\1>", re.DOTALL)
_NO_PICTURE = re.compile(r"<img(?![^<>]* src=)[^<>]*>")
_IMG = re.compile(r"<img [^<>]*>")
_SRC = re.compile(r'(?<= )src="web-figure:([^"<>]*)"')
_WRAPPER = re.compile(r"\s*<(?:div|section)(?: [^<>]*)?>")
_VOID = frozenset({"br", "hr", "img"})
_CLOSED_BY_OTHERS = frozenset({
    "p", "li", "dt", "dd", "td", "th", "tr", "br", "hr", "img", "input", "meta", "link", "option", "col", "wbr",
})  # fmt: skip


# — in the child —


def pages(file: BinaryIO, media_type: str, plain: bool = False) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: the pages (see above). Values: none.

    Args:
        file: the text.
        media_type: of `MARKUP`, else it is plain text.
        plain: take markup as words only.
    """
    return {}, (cut(decode_text(file.read(MAX_BYTES)), media_type, plain=plain),)


def cut(text: str, media_type: str, *, plain: bool = False) -> bytes:
    """The pages of a text of that kind, by its headings and lengths."""
    book = _Book()
    if media_type not in MARKUP:
        _fill_plain(book, text)
    elif plain or _too_deep(text):
        _fill_plain(book, _words(text))
    else:
        _fill_markup(book, text)
    return book.done()


class _Book:
    """Pages as they fill: a heading begins a new one unless the last is still short."""

    def __init__(self) -> None:
        self.pages: list[str] = []
        self.contents: list[tuple[str, int, str]] = []
        self._open: list[str] = []
        self._letters = self._length = 0

    def heading(self, title: str) -> str:
        """Take a heading into the contents; its anchor, empty when there are too many."""
        if self._letters > PAGE_LETTERS // 3:
            self.close()
        if len(self.contents) >= _MAX_CONTENTS:
            return ""
        anchor = f"s{len(self.contents) + 1}"
        self.contents.append((title[:_LONGEST_HEADING], len(self.pages) + 1, anchor))
        return anchor

    def add(self, content: str, letters: int) -> None:
        """Put a block on the page."""
        self._open.append(content)
        self._letters += letters
        self._length += len(content)

    def room(self, letters: int, length: int) -> None:
        """Begin a new page when a block of so many letters, `length` with its markup, does not fit on this one."""
        full = self._letters + letters > PAGE_LETTERS or self._length + length > PAGE_MARKUP
        if self._open and (full or len(self._open) >= PAGE_BLOCKS):
            self.close()

    def close(self) -> None:
        """End the page."""
        if self._open:
            self.pages.append("".join(self._open))
        self._open, self._letters, self._length = [], 0, 0

    def done(self) -> bytes:
        """The pages, one at least, as a body."""
        self.close()
        bodies = [page.encode("utf-8", "replace") for page in self.pages[:_MAX_PAGES]] or [b""]
        ends, end = [], 0
        for body in bodies:
            end += len(body)
            ends.append(end)
        contents = [line for line in self.contents if line[1] <= len(bodies)]
        head = json.dumps({"ends": ends, "contents": contents}, ensure_ascii=False, separators=(",", ":"))
        return b"".join((head.encode("utf-8", "replace"), b"\n", *bodies))


def _fill_plain(book: _Book, text: str) -> None:
    # All of it is escaped at once: a text may have millions of paragraphs.
    plain = _printable(text.replace("\r\n", "\n").replace("\r", "\n"))
    for title, paragraph in _blocks(html.escape(plain, quote=False)):
        if title:
            anchor = book.heading(html.unescape(title))
            book.add(f'<h2 id="{anchor}">{title}</h2>' if anchor else f"<h2>{title}</h2>", len(title))
            continue
        book.room(len(paragraph), len(paragraph))
        book.add(f"<p>{paragraph.replace(chr(10), '<br>')}</p>", len(paragraph))


def _words(markup: str) -> str:
    """The words of markup that is not laid out; a hundred thousand tags are one space, not pages of them."""
    return _SPACES.sub(" ", html.unescape(_TAG_RUNS.sub(" ", markup)))


def _printable(text: str) -> str:
    """Lines without controls and marks of direction."""
    lines = text.split("\n")
    for number, line in enumerate(lines):
        if not line.isprintable():
            lines[number] = "".join(c for c in line if c in "\t\u3000" or c.isprintable())
    return "\n".join(lines)


def _blocks(text: str) -> Iterator[tuple[str, str]]:
    """(heading, "") and ("", paragraph) in turn."""
    at = 0
    for match in _HEADING.finditer(text):
        yield from (("", paragraph) for paragraph in _paragraphs(text[at : match.start()]))
        yield match[0].strip().lstrip("# ").strip(), ""
        at = match.end()
    yield from (("", paragraph) for paragraph in _paragraphs(text[at:]))


def _paragraphs(text: str) -> Iterator[str]:
    """Paragraphs between blank lines; a longer one is cut at line ends, then anywhere."""
    for block in _BLANK.split(text):
        whole, at = block.strip("\n"), 0
        while len(whole) - at > PAGE_LETTERS:
            end = whole.rfind("\n", at + 1, at + PAGE_LETTERS)
            end = end if end > 0 else at + PAGE_LETTERS
            yield whole[at:end]
            at = end + 1 if whole.startswith("\n", end) else end
        if whole[at:].strip():
            yield whole[at:]


def _too_deep(text: str) -> bool:
    """Whether elements stand in one another so deep that no browser would show them well."""
    depth = 0
    for tag in _TAG_START.finditer(text):
        if tag[2].lower() not in _CLOSED_BY_OTHERS:
            depth = max(0, depth - 1) if tag[1] else depth + 1
            if depth > _DEEPEST:
                return True
    return False


def cleaned(text: str) -> str:
    """A web page's own words, headings and pictures beside it, in one form.

    Scripts, styles, frames, forms and all other addresses are gone.
    """

    def change(tag: str, name: str, value: str) -> str | None:
        return _figure(value) if (tag, name) == ("img", "src") else value

    found = nh3.clean(
        text,
        tags=_TAGS,
        clean_content_tags=_CONTENT_TOO,
        attributes={"*": set(_COMMON), "td": set(_CELL), "th": set(_CELL), "img": set(_PICTURE)},
        attribute_filter=change,
        url_schemes={_FIGURE.rstrip(":")},
        link_rel=None,
    )
    return _NO_PICTURE.sub("", found)


def _figure(address: str) -> str | None:
    """The place of a picture beside the page, in our own scheme; None for any other address."""
    try:
        parts = urlsplit(address.strip().removeprefix(_FIGURE))
    except ValueError:
        return None
    if parts.scheme or parts.netloc or not parts.path:
        return None
    place = quote(posixpath.normpath(unquote(parts.path)))
    return _FIGURE + place if len(place) <= _LONGEST_PLACE else None


def _fill_markup(book: _Book, text: str) -> None:
    """Pages of cleaned markup, cut between the blocks of its body."""
    body = cleaned(text)
    for _ in range(_WRAPPERS):
        inner = _unwrapped(body)
        if inner is None:
            break
        body = inner
    for block, letters in _top_blocks(body):
        if len(block) > PAGE_MARKUP:
            _fill_plain(book, _words(block))
            continue
        if not block.startswith(("<h1", "<h2", "<h3")) or len(block) > PAGE_LETTERS:
            book.room(letters, len(block))
        if "<h" in block:
            block = _CLEANED_HEADING.sub(lambda found: _anchored(book, found), block)
        book.add(block, letters)


def _anchored(book: _Book, found: re.Match[str]) -> str:
    title = " ".join(html.unescape(_CLEANED_TAG.sub("", found[3])).split())
    anchor = book.heading(title) if title else ""
    mark = f' id="{anchor}"' if anchor else ""
    return f"<{found[1]}{found[2]}{mark}>{found[3]}</{found[1]}>"


def _unwrapped(body: str) -> str | None:
    """What is in the one element that holds everything, None when there is no such element."""
    opening = _WRAPPER.match(body)
    if opening is None:
        return None
    depth = 1
    for tag in _CLEANED_TAG.finditer(body, opening.end()):
        if tag[2] not in _VOID:
            depth += -1 if tag[1] else 1
        if depth == 0:
            return body[opening.end() : tag.start()] if not body[tag.end() :].strip() else None
    return None


def _top_blocks(body: str) -> Iterator[tuple[str, int]]:
    """The elements that stand in nothing, each with the words after it, and the letters of its words.

    Words before the first element are a block by themselves.
    """
    depth = start = marks = 0
    for tag in _CLEANED_TAG.finditer(body):
        begin, end = tag.span()
        if not tag[1]:
            if depth == 0 and begin > start:
                yield body[start:begin], begin - start - marks
                start, marks = begin, 0
            if tag[2] not in _VOID:
                depth += 1
        else:
            depth -= 1
        marks += end - begin
    if body[start:].strip():
        yield body[start:], len(body) - start - marks


# — in the asking process —


class TextPages:
    """The pages of a text, as the child gave them. Only what is asked for is in memory: a text may have 32 MiB.

    Attributes:
        count: how many, at least 1. contents: (title, 1-based page, anchor on it) of its headings.
    """

    def __init__(self, read_at: Callable[[int, int], bytes], size: int) -> None:
        """Read the first line of what the child gave.

        Args:
            read_at: its bytes from an offset, at most as many as asked.
            size: bytes of it.

        Raises:
            RenditionError: that is no such line.
        """
        self._read_at = read_at
        head = self._head()
        self._start = len(head) + 1
        try:
            values = json.loads(head)
            self._ends = [_whole(end) for end in values["ends"]]
            self.contents = tuple((str(title), _whole(page), str(anchor)) for title, page, anchor in values["contents"])
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise RenditionError("the child gave no pages") from error
        self.count = len(self._ends)
        ordered = self._ends == sorted(self._ends) and self.count <= _MAX_PAGES and len(self.contents) <= _MAX_CONTENTS
        if not self.count or not ordered or self._ends[-1] != size - self._start:
            raise RenditionError("the child gave pages that do not fit together")

    @classmethod
    def of(cls, body: bytes) -> Self:
        """The pages of a body in memory."""
        return cls(lambda offset, n: body[offset : offset + n], len(body))

    def page(self, number: int) -> str:
        """Page `number` (from 1), safe to stand in a page.

        Raises:
            RenditionError: it is not what such pages are made of.
        """
        start = self._ends[number - 2] if number > 1 else 0
        body = self._read_at(self._start + start, self._ends[number - 1] - start)
        return _GRAMMAR.check(body.decode("utf-8", "replace"))

    def _head(self) -> bytes:
        head = bytearray()
        while len(head) < _LONGEST_HEAD and (piece := self._read_at(len(head), _HEAD_PIECE)):
            line, end, _ = piece.partition(b"\n")
            head += line
            if end:
                return bytes(head)
        raise RenditionError("the child gave no pages")


def addressed(page: str, figure_url: Callable[[str], str]) -> str:
    """A checked page with addresses for its pictures; those that `figure_url` does not know ("") are left out."""

    def put(tag: re.Match[str]) -> str:
        found = _SRC.search(tag[0])
        address = figure_url(unquote(found[1])) if found else ""
        return _SRC.sub(lambda _: f'src="{html.escape(address)}"', tag[0]) if address else ""

    return _IMG.sub(put, page)


def _whole(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise ValueError(value)
    return value
