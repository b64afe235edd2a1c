"""The text of a file in sections (see `indexer.sections`), cleaned and bounded. Runs in the child process only."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from typing import Any, BinaryIO

from lxml import etree

from indexer import sections as form
from indexer.errors import RenditionError
from indexer.renditions import words_book
from indexer.renditions.captions import cues, decode
from indexer.renditions.words_book import Found, joined_lines

MAX_TEXT_FILE = 24 << 20
_STRETCH = 4000
"""Letters of plain text without headings that make one section."""
_COUNT = "0-9〇零一二三四五六七八九十百千两上中下"
_HEADING = re.compile(
    rf"[ \t\u3000]*((?:第[{_COUNT}]{{1,7}}[章回卷节節篇部集讲講]|卷[{_COUNT}]{{1,5}})(?:[ \t\u3000:：、.].{{0,60}})?"
    r"|#{1,3} .{1,80})\s*"
)
_SPACES = re.compile(r"[ \t\u00a0]{2,}")


def sections(file: BinaryIO, media_type: str) -> tuple[dict[str, Any], Iterable[bytes]]:
    """Body: sections as JSON lines, none when the file holds no text. Values: sections (count), cut (too long).

    Raises:
        RenditionError: no text is taken from files of this kind, or it is damaged.
    """
    found = KINDS.get(media_type)
    if found is None:
        raise RenditionError(f"no text is taken from {media_type}")
    values: dict[str, Any] = {"sections": 0, "cut": False}
    return values, _lines(found(file), values)


def _lines(found: Iterator[Found], values: dict[str, Any]) -> Iterator[bytes]:
    """Clean, cut and number what was found; pieces of about 64 KiB."""
    total, waiting = 0, bytearray()
    for kind, label, target, text in found:
        plain, name = clean(text), clean(label).replace("\n", " ").replace("\t", " ").strip()[: form.MAX_LABEL]
        for piece in _cut(plain):
            section = form.Section(values["sections"] + 1, kind, name, target[: form.MAX_TARGET], piece)
            line = form.dump_section(section)
            total += len(line)
            if total > form.MAX_TOTAL or section.n > form.MAX_SECTIONS:
                values["cut"] = True
                yield bytes(waiting)
                return
            values["sections"] = section.n
            waiting += line
            if len(waiting) >= 1 << 16:
                yield bytes(waiting)
                waiting.clear()
    yield bytes(waiting)


def clean(text: str) -> str:
    """NFC without controls, lines trimmed, runs of spaces and of empty lines as one."""
    text = form.UNWANTED.sub("", unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")))
    lines = (_SPACES.sub(" ", line).strip(" \t\u00a0\u3000") for line in text.split("\n"))
    # Taking characters out can bring two together that compose.
    return unicodedata.normalize("NFC", "\n".join(line for line in lines if line))


def _cut(text: str) -> Iterator[str]:
    """Pieces of at most `MAX_LETTERS`, cut after a line or a sentence where there is one."""
    while len(text) > form.MAX_LETTERS:
        end = max(text.rfind(mark, form.MAX_LETTERS // 2, form.MAX_LETTERS) for mark in "\n。.！？")
        end = end + 1 if end > 0 else form.MAX_LETTERS
        yield from _whole(text[:end])
        text = text[end:].lstrip()
    yield from _whole(text)


def _whole(piece: str) -> Iterator[str]:
    piece = unicodedata.normalize("NFC", piece.strip())
    if piece:
        yield piece[: form.MAX_LETTERS]


# — kinds —


def _plain(file: BinaryIO) -> Iterator[Found]:
    """Plain text by its headings (第一回, 卷二, # of Markdown), else in stretches; targets count letters."""
    text = decode(file.read(MAX_TEXT_FILE))
    label, start, at, length = "", 0, 0, 0
    for line in text.splitlines(keepends=True):
        heading = _HEADING.fullmatch(line[:120]) if len(line) < 120 else None
        if (heading or length >= _STRETCH) and at > start:
            yield "chapter", label, str(start), text[start:at]
            start, length = at, 0
        if heading:
            label = heading[1].lstrip("# ")
        at += len(line)
        length += len(line)
    yield "chapter", label, str(start), text[start:]


def _captions(file: BinaryIO) -> Iterator[Found]:
    """Cues by minute; a cue that stays on the screen while another begins is said once."""
    minute, said = -1, [""]
    for start, _, text in cues(file.read(MAX_TEXT_FILE)):
        now = int(start) // 60
        if now != minute:
            if minute >= 0:
                yield "time", _clock(minute), str(minute * 60), "\n".join(said)
            minute, said = now, [""]
        if text and text != said[-1]:
            said.append(text)
    if minute >= 0:
        yield "time", _clock(minute), str(minute * 60), "\n".join(said)


def _clock(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}:00"


def _alto(file: BinaryIO) -> Iterator[Found]:
    """Pages of ALTO: words by line, a word broken at the end of a line taken whole from SUBS_CONTENT."""
    parser = {"resolve_entities": False, "no_network": True, "load_dtd": False, "huge_tree": False}
    page, lines, line = 0, [""], [""]
    try:
        for event, element in etree.iterparse(file, events=("start", "end"), recover=True, **parser):
            name = str(element.tag).rpartition("}")[2].lower()
            if event == "start":
                if name == "page":
                    page, lines = page + 1, []
                elif name == "textline":
                    line = []
                continue
            if name == "string":
                line.append(_alto_word(element))
            elif name == "textline":
                lines.append(" ".join(word for word in line if word))
            elif name == "page":
                yield "page", "", str(page), joined_lines("\n".join(lines))
                element.clear()
    except etree.XMLSyntaxError as error:
        raise RenditionError(f"the ALTO file is damaged: {error}") from error


def _alto_word(element: Any) -> str:
    if element.get("SUBS_TYPE") == "HypPart2":
        return ""
    return str(element.get("SUBS_CONTENT") or element.get("CONTENT") or "")


KINDS: dict[str, Callable[[BinaryIO], Iterator[Found]]] = {
    "application/pdf": words_book.of_pdf,
    "application/epub+zip": words_book.of_epub,
    "application/xhtml+xml": words_book.of_html,
    "text/html": words_book.of_html,
    "text/plain": _plain,
    "text/markdown": _plain,
    "text/vtt": _captions,
    "application/x-subrip": _captions,
    "application/alto+xml": _alto,
}
