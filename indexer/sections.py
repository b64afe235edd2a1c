"""The text of a resource in sections: chapters, pages or minutes, as JSON lines. docs/format.md has the form.

One section a line, canonical JSON: {"kind", "label", "n", "target", "text"}, members at their default left out. A
file is read a line at a time; what is out of bounds or form is an error, never an endless read.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from indexer.canonical import Canonical
from indexer.errors import IndexFormatError, RecordError

KINDS = ("chapter", "page", "time")
MAX_SECTIONS = 20_000
MAX_LETTERS = 20_000
"""Characters of one section; a longer chapter goes on in the next, with the same label and target."""
MAX_TOTAL = 16 << 20
"""Bytes of a file of sections."""
MAX_LABEL, MAX_TARGET = 300, 300
MAX_LINE = 8 * MAX_LETTERS
SECTIONS_TYPE = "application/jsonl"

UNWANTED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2028\u2029\u2060-\u2069\ufeff\ufdd0-\ufdef\ufff9-\ufffb"
    "\ufffe\uffff\ud800-\udfff]"
)
"""Characters that no section holds: controls but line feed and tab, soft hyphens, marks of direction and width."""


@dataclass(frozen=True, slots=True)
class Section(Canonical):
    """A stretch of a resource's text that can be gone to.

    Attributes:
        n: place among the sections of the file, from 1.
        kind: one of `KINDS`.
        label: what a reader sees: a title, a page's own number, a time.
        target: where it is. EPUB: chapter from 1, `#` and an id when it begins inside; HTML: the same, chapter 1;
            PDF and pages of scans: page from 1; recordings: second; plain text: letters before it.
        text: NFC, lines ended by a line feed, no controls.
    """

    n: int
    kind: str
    label: str = ""
    target: str = ""
    text: str = ""


def dump_section(section: Section) -> bytes:
    """The canonical line of a section, ended by a line feed."""
    text = json.dumps(section.to_json(), ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode() + b"\n"


def load_section(line: bytes) -> Section:
    """The section of one line, within bounds.

    Raises:
        IndexFormatError: it is none.
    """
    try:
        section = Section.from_json(json.loads(line))
    except (RecordError, ValueError, RecursionError) as error:
        raise IndexFormatError("sections", f"a line that is no section: {error}") from error
    texts = (section.label, section.target, section.text)
    bounds = (MAX_LABEL, MAX_TARGET, MAX_LETTERS)
    if section.kind not in KINDS or not 1 <= section.n <= MAX_SECTIONS:
        raise IndexFormatError("sections", "a section of no known kind or number")
    if any(len(text) > most for text, most in zip(texts, bounds, strict=True)):
        raise IndexFormatError("sections", "a section that is too long")
    if any(UNWANTED.search(text) or not unicodedata.is_normalized("NFC", text) for text in texts):
        raise IndexFormatError("sections", "a section that is not clean")
    return section


def read_sections(file: BinaryIO) -> Iterator[Section]:
    """The sections of a file in order; memory is that of one.

    Raises:
        IndexFormatError: a line is no section, is out of order, or there is too much.
    """
    total = 0
    expected = 1
    while line := file.readline(MAX_LINE + 1):
        total += len(line)
        if len(line) > MAX_LINE or total > MAX_TOTAL:
            raise IndexFormatError("sections", "more text than a file of sections may hold")
        section = load_section(line)
        if section.n != expected:
            raise IndexFormatError("sections", "a section out of order")
        expected += 1
        yield section
