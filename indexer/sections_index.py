"""The index of the texts inside resources, opened and checked. docs/format.md, "Index of sections", has the layout.

It may be far larger than the appliance's own disk and then stays on its drive: what is asked at every search (some of
the terms, lengths, where each record's sections begin) is in memory, the rest is read by offset through `BlockReader`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import POSTINGS_MAGIC, Ids, Weights, blocks_of, read_body
from indexer.codec_files import BLOCK, BlockReader, ProvedByBlock
from indexer.codec_index import MAX_LENGTH, MAX_RECORDS, TEXT_MAGIC, TOC
from indexer.codec_terms import TermFigures, TermFile
from indexer.errors import IndexFormatError
from indexer.formats import SECTIONS_FORMAT
from indexer.schema import term_key
from indexer.sections import MAX_LINE, Section, load_section

OpenName = Callable[[str], BlockReader]
"""From the name of a file of the index to its bytes."""

MAX_TOC = 64 << 10
MAX_TEXTS = 5_000_000
MAX_SPARSE = 64 << 20
"""Bytes of the list of some of the terms."""

NAME = "sections"
"""What all files but `toc.json` are called before their extension."""

RUN = np.dtype([("resource", "<u4"), ("item", "<u4"), ("first", "<u4")])
"""Of a file of sections: the row of its record, its place among the record's items, the row of its first section."""

_SEGMENT = re.compile(r"[0-9a-f]{16}\Z")
_EXTENSIONS = (".dig", ".len", ".pst", ".run", ".tri", ".trm", ".txo", ".txt")
BY_BLOCK = (".pst", ".trm", ".txo", ".txt")
"""Files that are read here and there; `.dig` holds the SHA-256 of each of their blocks of 64 KiB, in this order."""
DIGEST = 32
MAX_DIGESTS = 256 << 20
"""Bytes of `.dig`: half a tebibyte of index."""


class SectionIndex:
    """One index, read-only; any thread may ask.

    Memory: a byte a section, 24 a file of sections, some of the terms, and 32 a block where blocks are proved.

    Attributes:
        sections: rows. records: of the catalogue that its records' rows are of.
        resources: rows of the records that have sections, rising. starts: of each its first section.
        lengths: length byte of every section. average: mean number of different terms.
    """

    def __init__(self, open_file: OpenName, records: int) -> None:
        """Open and check.

        Args:
            open_file: opens a file of the index by its name; `toc.json` comes first.
            records: in the catalogue.

        Raises:
            IndexFormatError: a file is not what it should be, or the index is of another catalogue.
        """
        self._files: list[BlockReader] = []
        try:
            self._open(open_file, records)
        except BaseException:
            self.close()
            raise

    def _open(self, open_file: OpenName, records: int) -> None:
        toc = _read_toc(open_file(TOC))
        self.sections: int = toc["sections"]
        self.records = records
        if toc["records"] != records:
            raise IndexFormatError(TOC, f"is of a catalogue of {toc['records']} records, not {records}")
        self.average = max(1.0, toc["total_length"] / max(1, self.sections))
        opened: dict[str, BlockReader] = {}
        for extension in _EXTENSIONS:
            name = NAME + extension
            file = opened[extension] = open_file(name)
            self._files.append(file)
            if file.size != toc["files"].get(name):
                raise IndexFormatError(name, f"has {file.size} bytes, the table of contents says otherwise")
        _give_digests(opened)
        self._postings, self._text, self._ends = opened[".pst"], opened[".txt"], opened[".txo"]
        if bytes(self._postings.read(0, len(POSTINGS_MAGIC))) != POSTINGS_MAGIC:
            raise IndexFormatError(self._postings.name, "is not a postings file of this format")
        if self._ends.size != 16 + 8 * self.sections or bytes(self._ends.read(0, 8)) != TEXT_MAGIC:
            raise IndexFormatError(self._ends.name, "is not of this format")
        self.terms = TermFile(opened[".trm"], self._postings.size, self.sections, _sparse(opened[".tri"]))
        if opened[".len"].size != self.sections:
            raise IndexFormatError(opened[".len"].name, "does not have one length a section")
        self.lengths = np.frombuffer(bytes(opened[".len"].read(0, self.sections)), "u1")
        self._runs = _runs(opened[".run"], self.sections, records)
        is_first = np.ones(len(self._runs), bool)
        is_first[1:] = self._runs["resource"][1:] != self._runs["resource"][:-1]
        self.resources: Ids = self._runs["resource"][is_first].astype("u4")
        self.starts: Ids = self._runs["first"][is_first].astype("u4")

    def figures(self, term: str) -> TermFigures | None:
        """What the term file says of a term, None when no section holds it."""
        return self.terms.figures(term_key("x", term).encode("utf-8", "replace"))

    def postings(self, figures: TermFigures, most: int) -> tuple[Ids, Weights, bool]:
        """The first sections (ascending) that hold a term, at least `most` of them or all; weights; whether all.

        Raises:
            IndexFormatError: they are not what they should be.
        """
        if figures.documents == 1:
            return np.array([figures.first], "u4"), np.array([figures.max_weight], "u1"), True
        parts: list[tuple[Ids, Weights]] = []
        count = 0
        for block in blocks_of(self._postings, figures.offset, figures.length, self.sections):
            parts.append(read_body(self._postings, block))
            count += block.count
            if count >= most:
                break
        if not parts or count > figures.documents:
            raise IndexFormatError(self._postings.name, f"has other postings at {figures.offset} than promised")
        ids, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
        return ids, weights, count == figures.documents

    def section(self, row: int) -> Section:
        """A section.

        Raises:
            IndexFormatError: there is none, or its line is no section.
        """
        if not 0 <= row < self.sections:
            raise IndexFormatError(self._text.name, f"has no section {row}")
        start, end = np.frombuffer(self._ends.read(8 + 8 * row, 16), "<u8").tolist()
        if not 0 <= end - start <= MAX_LINE:
            raise IndexFormatError(self._ends.name, f"gives section {row} an impossible length")
        return load_section(bytes(self._text.read(start, end - start)))

    def item_of(self, row: int) -> tuple[int, int]:
        """The row of a section's record, and the place of its text among the record's items."""
        run = self._runs[int(np.searchsorted(self._runs["first"], row, side="right")) - 1]
        return int(run["resource"]), int(run["item"])

    def rows_of(self, resource: int) -> range:
        """The sections of a record; empty when it has none here."""
        place = int(np.searchsorted(self.resources, resource))
        if place == len(self.resources) or int(self.resources[place]) != resource:
            return range(0)
        end = int(self.starts[place + 1]) if place + 1 < len(self.starts) else self.sections
        return range(int(self.starts[place]), end)

    def close(self) -> None:
        """Let all files go."""
        while self._files:
            self._files.pop().close()


def _read_toc(file: BlockReader) -> dict[str, Any]:
    try:
        if file.size > MAX_TOC:
            raise IndexFormatError(TOC, "is too large")
        toc = json.loads(bytes(file.read(0, file.size)))
        if not isinstance(toc, dict) or toc.get("format") != SECTIONS_FORMAT:
            raise IndexFormatError(TOC, f"is not of the format {SECTIONS_FORMAT}")
        numbers = [toc.get(name) for name in ("sections", "records", "texts", "total_length")]
        if not all(type(number) is int and 0 <= number <= MAX_LENGTH for number in numbers):
            raise IndexFormatError(TOC, "has a figure that cannot be")
        if toc["sections"] > MAX_RECORDS or toc["texts"] > MAX_TEXTS:
            raise IndexFormatError(TOC, "is of more sections than an index may have")
        if not isinstance(toc.get("files"), dict) or not _SEGMENT.match(str(toc.get("segment"))):
            raise IndexFormatError(TOC, "has a member of another shape")
    except (ValueError, RecursionError) as error:
        raise IndexFormatError(TOC, f"is not JSON: {error}") from error
    finally:
        file.close()
    return toc


def _give_digests(files: dict[str, BlockReader]) -> None:
    """Let files that are read here and there be proved by the block."""
    file = files[".dig"]
    sizes = [DIGEST * -(-files[extension].size // BLOCK) for extension in BY_BLOCK]
    if file.size != sum(sizes) or file.size > MAX_DIGESTS:
        raise IndexFormatError(file.name, "does not have one digest a block")
    at = 0
    for extension, size in zip(BY_BLOCK, sizes, strict=True):
        reader = files[extension]
        if isinstance(reader, ProvedByBlock):
            reader.take_digests(bytes(file.read(at, size)))
        at += size


def _sparse(file: BlockReader) -> list[bytes]:
    if file.size > MAX_SPARSE:
        raise IndexFormatError(file.name, "is too large")
    content = bytes(file.read(0, file.size))
    return content.split(b"\n") if content else []


def _runs(file: BlockReader, sections: int, records: int) -> NDArray[np.void]:
    if file.size % RUN.itemsize or file.size > RUN.itemsize * MAX_TEXTS:
        raise IndexFormatError(file.name, "is not of this format")
    runs = np.frombuffer(bytes(file.read(0, file.size)), RUN)
    resources, items, firsts = (runs[name].astype("i8") for name in ("resource", "item", "first"))
    if (len(runs) == 0) != (sections == 0):
        raise IndexFormatError(file.name, "does not say whose the sections are")
    if len(runs):
        rises = np.diff(resources << 32 | items) > 0
        whole = firsts[0] == 0 and bool((np.diff(firsts) > 0).all()) and int(firsts[-1]) < sections
        if not (whole and bool(rises.all()) and int(resources[-1]) < records):
            raise IndexFormatError(file.name, "is out of order, or points outside of the catalogue")
    return runs
