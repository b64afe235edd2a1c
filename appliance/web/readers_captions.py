"""Captions as browsers take them: WebVTT as it is, SubRip turned into it."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from indexer.text.encodings import decode_text

if TYPE_CHECKING:
    from collections.abc import Iterator

CAPTION_TYPES = frozenset({"text/vtt", "application/x-subrip"})
MAX_BYTES = 2 << 20
"""Of a caption file that are read; a film of three hours has a tenth of it."""
MAX_CHAPTER_BYTES = 64 << 10
"""Of a file of chapters: five hundred of them with long titles."""
MAX_CUES = 20_000
_MAX_LINES = 8
_MAX_LINE = 500
_TIME = r"(\d{1,3}):([0-5]?\d):([0-5]?\d)[,.](\d{1,3})"
_START = re.compile(r"(?:(\d{1,3}):)?([0-5]?\d):([0-5]?\d)\.\d{3}\s+-->")
_MAX_TITLE = 200
_TIMES = re.compile(rf"\s*{_TIME}\s*-->\s*{_TIME}(?=\s|\Z)")
_TAG = re.compile(r"<(/?)([biu])>|<[^<>]{0,200}>|\{\\[^{}]{0,100}\}", re.IGNORECASE)
_STYLE = re.compile(r"STYLE(?=\s|\Z)")


def as_webvtt(content: bytes) -> str:
    """A caption file as WebVTT in UTF-8.

    WebVTT keeps its cues; style sheets in it are left out. Of SubRip the cues are kept, in their order, with bold,
    italic and underlined words; everything else in them is text. Text in GB18030 and UTF-16 is understood.

    Args:
        content: the file, or its first `MAX_BYTES`.

    Returns:
        At most `MAX_CUES` cues; none of a file that is neither.
    """
    text = decode_text(content[:MAX_BYTES]).replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")
    if text.startswith("WEBVTT"):
        blocks = re.split(r"\n\n+", text)
        return "\n\n".join(block for block in blocks if not _STYLE.match(block)) + "\n"
    return "\n\n".join(["WEBVTT", *_cues(text)]) + "\n"


def chapters_of(content: bytes) -> list[tuple[int, str]]:
    """(second, title) of the cues of a file of chapters, in order of time, a title once at a place.

    Of more than `MAX_CHAPTER_BYTES` only the beginning is looked at: a page may ask for sixty such files.
    """
    lines = as_webvtt(content[:MAX_CHAPTER_BYTES]).split("\n")
    found: dict[int, str] = {}
    for n, line in enumerate(lines[:-1]):
        match = _START.match(line)
        if match and (title := html.unescape(_TAG.sub("", lines[n + 1][:_MAX_LINE])).strip()[:_MAX_TITLE]):
            hours, minutes, seconds = (int(group or 0) for group in match.groups())
            found.setdefault(hours * 3600 + minutes * 60 + seconds, title)
    return sorted(found.items())


def _cues(text: str) -> Iterator[str]:
    """Cues as blocks of WebVTT. A cue ends at the line of times of the next one, for some files lack blank lines."""
    times, lines, count = "", list[str](), 0
    for line in (*text.split("\n"), "0:0:0,0 --> 0:0:0,0"):
        match = _TIMES.match(line)
        if match is None:
            lines.append(line)
            continue
        if times:
            cue = "\n".join(_shown(lines))
            if cue:
                yield f"{times}\n{cue}"
                count += 1
        if count >= MAX_CUES:
            return
        times, lines = f"{_time(*match.groups()[:4])} --> {_time(*match.groups()[4:])}", []


def _shown(lines: list[str]) -> list[str]:
    """The words of a cue: without the number of the next cue and blank lines, each line bounded and escaped."""
    kept = [line.strip() for line in lines]
    while kept and not kept[-1]:
        kept.pop()
    if len(kept) > 1 and kept[-1].isdecimal() and not kept[-2]:
        kept.pop()
    return [_escaped(line[:_MAX_LINE]) for line in kept if line][:_MAX_LINES]


def _escaped(line: str) -> str:
    out, at = [], 0
    for tag in _TAG.finditer(line):
        out.append(html.escape(line[at : tag.start()], quote=False))
        if tag[2]:
            out.append(f"<{tag[1]}{tag[2].lower()}>")
        at = tag.end()
    out.append(html.escape(line[at:], quote=False))
    return "".join(out)


def _time(hours: str, minutes: str, seconds: str, rest: str) -> str:
    return f"{int(hours):02}:{int(minutes):02}:{int(seconds):02}.{rest.ljust(3, '0')}"
