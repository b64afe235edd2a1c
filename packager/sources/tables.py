"""Catalogue files read row by row: CSV in the encodings that offices write, JSON lines.

A row that cannot be read is given as one with a fault, and reading goes on behind it. Memory is bounded: a physical
line has at most 8 Mi characters, a row at most 5,000 lines.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from indexer.text.encodings import detect_encoding

MAX_LINE = 8 << 20
MAX_ROW_LINES = 5_000
_HEAD = 64 << 10
_BLOCK = 1 << 20
_ESCAPED = re.compile("[\udc80-\udcff]")
Line = tuple[int, str | None]


@dataclass(frozen=True, slots=True)
class RawRow:
    """A row as it stands in the file.

    Attributes:
        line: 1-based physical line where it begins.
        value: cells of a table, or the JSON value of a line.
        fault: why the row cannot be used, empty when it can.
        note: what was done to read it, empty when nothing.
    """

    line: int
    value: Any = None
    fault: str = ""
    note: str = ""


def table_encoding(path: Path) -> str:
    """The encoding of a catalogue file; UTF-8 where nothing speaks against it."""
    with path.open("rb") as stream:
        head = stream.read(_HEAD)
        if head.startswith(b"\xef\xbb\xbf"):
            return "utf-8-sig"
        if head.startswith((b"\xff\xfe", b"\xfe\xff")):
            return "utf-16"
        # A long head in plain ASCII says nothing about the rows further down.
        while head and head.isascii() and b"\0" not in head and (block := stream.read(_BLOCK)):
            head = block
    at = next((i for i, b in enumerate(head) if b > 127), 0)
    # From just before the first byte that says something; an even offset keeps UTF-16 in step.
    return detect_encoding(head[max(0, at - 100) & ~1 :]) or detect_encoding(head) or "utf-8-sig"


def read_csv(path: Path, encoding: str) -> Iterator[RawRow]:
    """The rows of a CSV file, the header first; empty lines are passed over.

    Fields are parted by commas, or by tabs or semicolons where the first line has more of those.
    """
    with _open(path, encoding) as stream:
        lines = _Lines(stream)
        delimiter = ""
        while (entry := lines.read()) is not None:
            if entry[1] is not None and not entry[1].strip():
                continue
            delimiter = delimiter or max(",\t;", key=(entry[1] or "").count)
            yield _csv_row(lines, entry, delimiter)


def read_jsonl(path: Path, encoding: str) -> Iterator[RawRow]:
    """The values of a file of JSON lines; empty lines are passed over."""
    with _open(path, encoding) as stream:
        lines = _Lines(stream)
        while (entry := lines.read()) is not None:
            line, text = entry
            if text is None:
                yield RawRow(line, fault="这一行太长")
            elif text.strip():
                yield _json_row(line, text)


def _json_row(line: int, text: str) -> RawRow:
    text, note, fault = _repair(text)
    if fault:
        return RawRow(line, fault=fault)
    try:
        return RawRow(line, json.loads(text), note=note)
    except (ValueError, RecursionError) as error:
        return RawRow(line, fault=f"不是 JSON：{str(error)[:200]}")


def _open(path: Path, encoding: str) -> io.TextIOWrapper:
    """The file as text; bad bytes pass through as lone surrogates, so that one row can be repaired by itself."""
    errors = "replace" if encoding.startswith("utf-16") else "surrogateescape"
    return path.open(encoding=encoding, errors=errors, newline="")


class _Lines:
    """Physical lines with their numbers; the text of one that is too long is None. Lines can be put back."""

    def __init__(self, stream: io.TextIOWrapper) -> None:
        self._stream = stream
        self._number = 0
        self._back: deque[Line] = deque()

    def read(self) -> Line | None:
        if self._back:
            return self._back.popleft()
        text = self._stream.readline(MAX_LINE)
        if not text:
            return None
        self._number += 1
        if len(text) < MAX_LINE or text.endswith(("\n", "\r")):
            return self._number, text
        while (rest := self._stream.readline(MAX_LINE)) and not rest.endswith(("\n", "\r")):
            pass
        return self._number, None

    def put_back(self, lines: list[Line]) -> None:
        self._back.extendleft(reversed(lines))


def _csv_row(lines: _Lines, first: Line, delimiter: str) -> RawRow:
    """The row that begins with `first`. A quotation mark that is never closed spoils its own line only."""
    number, text = first
    if text is None:
        return RawRow(number, fault="这一行太长")
    taken: list[Line] = []
    length = len(text)
    inside = _inside_quotes(text, delimiter, inside=False)
    while inside:
        entry = lines.read()
        if entry is not None:
            taken.append(entry)
            length += len(entry[1] or "")
        if entry is None or entry[1] is None or len(taken) >= MAX_ROW_LINES or length > MAX_LINE:
            lines.put_back(taken)
            return RawRow(number, fault="引号没有配对，这一行读不出")
        inside = _inside_quotes(entry[1], delimiter, inside=True)
    whole, note, fault = _repair(text + "".join(t or "" for _, t in taken))
    return RawRow(number, fault=fault) if fault else _parse(number, whole, delimiter, note)


def _parse(line: int, text: str, delimiter: str, note: str) -> RawRow:
    csv.field_size_limit(2 * MAX_LINE)
    try:
        cells = next(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), [])
    except csv.Error as error:
        return RawRow(line, fault=f"不是 CSV：{error}")
    return RawRow(line, cells, note=note)


def _inside_quotes(text: str, delimiter: str, *, inside: bool) -> bool:
    """Whether a quoted field is still open at the end of `text`; quotes inside a bare field mean nothing."""
    if '"' not in text:
        return inside
    at = 0
    while True:
        if inside:
            end = text.find('"', at)
            if end < 0:
                return True
            inside = text[end + 1 : end + 2] == '"'
            at = end + (2 if inside else 1)
            if inside:
                continue
        elif text[at : at + 1] == '"':
            inside, at = True, at + 1
            continue
        after = text.find(delimiter, at)
        if after < 0:
            return False
        at = after + 1


def _repair(text: str) -> tuple[str, str, str]:
    """Text, note and fault of a row whose bytes may be in another encoding than the file's."""
    if not _ESCAPED.search(text):
        return text, "", ""
    raw = text.encode("utf-8", "surrogateescape")
    try:
        other = raw.decode("gb18030")
    except UnicodeError:
        other = ""
    if other and _is_plausible(other):
        return other, "这一行不是 UTF-8，已按 GB18030 读出，请核对", ""
    return "", "", "这一行的字符编码坏了，读不出"


def _is_plausible(text: str) -> bool:
    """Whether most Chinese characters are everyday ones (GB 2312 level 1): text read in a wrong encoding has few."""
    wide = [c for c in text if ord(c) > 0x2E7F]
    return bool(wide) and sum(_is_everyday(c) for c in wide) >= 0.7 * len(wide)


def _is_everyday(character: str) -> bool:
    code = character.encode("gb2312", "ignore")
    return len(code) == 2 and (0xB0 <= code[0] <= 0xD7 or code[0] <= 0xA3)
