"""Cues of WebVTT and SRT, tolerant of everything: what is no cue is passed over. Runs in the child process only."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from indexer.text.encodings import decode_text

MAX_CUES = 100_000
_TIME = r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_LINE = re.compile(rf"\s*{_TIME}\s+-->\s+{_TIME}")
_TAG = re.compile(r"<[^<>]{0,500}>")


def decode(body: bytes) -> str:
    """Text in whatever encoding it seems to be, line ends as line feeds; bad bytes become U+FFFD."""
    return decode_text(body).replace("\r\n", "\n").replace("\r", "\n")


def cues(body: bytes) -> Iterator[tuple[float, float, str]]:
    """(start, end, text) of each cue, seconds, at most `MAX_CUES`; tags are taken out."""
    lines = decode(body).split("\n")
    found = at = 0
    while at < len(lines) and found < MAX_CUES:
        match = _LINE.match(lines[at][:200])
        at += 1
        if match is None:
            continue
        words = []
        while at < len(lines) and lines[at].strip():
            words.append(html.unescape(_TAG.sub("", lines[at][:5000])))
            at += 1
        start, end = _seconds(match.groups()[:4]), _seconds(match.groups()[4:])
        found += 1
        if end >= start:
            yield start, end, "\n".join(words)


def _seconds(parts: tuple[str | None, ...]) -> float:
    hours, minutes, seconds, fraction = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{fraction}")
