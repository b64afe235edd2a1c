"""The index of the texts inside resources, opened and checked. docs/format.md, "Index of sections", has the layout.

It may be far larger than the appliance's own disk and then stays on its drive: what is asked at every search (the list
of groups of terms, lengths, where each record's sections begin) is in memory, the rest is read by offset through
`BlockReader`. A look anywhere may cost a movement of a disk's arm: what is needed together is asked for together.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import HEADER, Ids, Weights, blocks_of, read_body
from indexer.codec_files import BLOCK, BlockReader, ProvedByBlock
from indexer.codec_index import MAX_LENGTH, MAX_RECORDS
from indexer.codec_toc import TOC, NamedFiles, OpenName
from indexer.errors import IndexFormatError
from indexer.formats import SECTIONS_FORMAT
from indexer.sections import MAX_LINE, Section, load_section
from indexer.sections_terms import SectionTerm, TermGroups

MAX_TOC = 64 << 10
MAX_TEXTS = 5_000_000

NAME = "sections"
"""What all files but `toc.json` are called before their extension."""

RUN = np.dtype([("resource", "<u4"), ("item", "<u4"), ("first", "<u4")])
"""Of a file of sections: the row of its record, its place among the record's items, the row of its first section."""

_SEGMENT = re.compile(r"[0-9a-f]{16}\Z")
LINES = np.dtype([("row", "<u4"), ("skip", "<u4")])
"""Of a block of `.txt`: the first row whose line begins in it or later, and at which of its bytes."""

EXTENSIONS = (".dig", ".len", ".pst", ".run", ".tri", ".trm", ".txb", ".txt")
BY_BLOCK = (".pst", ".trm", ".txt")
"""Files that are read here and there; `.dig` holds the SHA-256 of each of their blocks, in this order."""
DIGEST = 32
MAX_DIGESTS = 256 << 20
"""Bytes of `.dig`: 128 GiB of index."""


class SectionIndex:
    """One index, read-only; any thread may ask.

    Memory: a byte a section, 24 a file of sections, some of the terms, 8 a block of texts, and 32 a block where blocks
    are proved.

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
        files = NamedFiles(open_file, SECTIONS_FORMAT, MAX_TOC, self._files)
        toc = files.toc
        _check(toc)
        self.sections: int = toc["sections"]
        self.records = records
        if toc["records"] != records:
            raise IndexFormatError(TOC, f"is of a catalogue of {toc['records']} records, not {records}")
        self.average = max(1.0, toc["total_length"] / max(1, self.sections))
        opened = {extension: files.open(NAME + extension) for extension in EXTENSIONS if extension != ".pst"}
        self._postings = opened[".pst"] = files.postings(NAME + ".pst")
        _give_digests(opened)
        self._text = opened[".txt"]
        self._lines = _line_starts(opened[".txb"], self._text.size, self.sections)
        self.terms = TermGroups(opened[".trm"], opened[".tri"], self._postings.size, self.sections)
        if opened[".len"].size != self.sections:
            raise IndexFormatError(opened[".len"].name, "does not have one length a section")
        self.lengths = np.frombuffer(bytes(opened[".len"].read(0, self.sections)), "u1")
        self._runs = _runs(opened[".run"], self.sections, records)
        is_first = np.ones(len(self._runs), bool)
        is_first[1:] = self._runs["resource"][1:] != self._runs["resource"][:-1]
        self.resources: Ids = self._runs["resource"][is_first].astype("u4")
        self.starts: Ids = self._runs["first"][is_first].astype("u4")

    def figures(self, terms: Sequence[str]) -> list[SectionTerm | None]:
        """What the index says of each of these terms, None of one that no section holds.

        Raises:
            IndexFormatError: what it says cannot be true.
            LateError: it is not known in time.
        """
        return self.terms.figures(terms)

    def postings(self, term: SectionTerm, most: int) -> tuple[Ids, Weights, bool]:
        """The first sections (ascending) that hold a term, at least `most` of them or all; weights; whether all.

        Raises:
            IndexFormatError: they are not what they should be.
            LateError: they are not known in time.
        """
        if term.documents == 1:
            return np.array([term.row], "u4"), np.array([term.weight], "u1"), True
        share = min(1.0, most / term.documents)
        self._postings.bring([(term.offset, min(term.length, int(term.length * share) + HEADER.size))])
        parts: list[tuple[Ids, Weights]] = []
        count = 0
        for block in blocks_of(self._postings, term.offset, term.length, self.sections):
            parts.append(read_body(self._postings, block))
            count += block.count
            if count >= most:
                break
        if not parts or count > term.documents:
            raise IndexFormatError(self._postings.name, f"has other postings at {term.offset} than promised")
        ids, weights = (np.concatenate(column) for column in zip(*parts, strict=True))
        return ids, weights, count == term.documents

    def bring(self, rows: Sequence[int]) -> None:
        """Have these sections at hand, as far as there is time."""
        blocks = np.searchsorted(self._lines["row"], np.array(rows, "u4"), side="right") - 1
        self._text.bring([(int(block) * BLOCK, BLOCK) for block in np.unique(blocks)])

    def section(self, row: int) -> Section:
        """A section.

        Raises:
            IndexFormatError: there is none, or its line is no section.
            LateError: it is not known in time.
        """
        if not 0 <= row < self.sections:
            raise IndexFormatError(self._text.name, f"has no section {row}")
        block = int(np.searchsorted(self._lines["row"], row, side="right")) - 1
        start = int(self._lines["skip"][block])
        content = self._bytes(block)
        for _ in range(row - int(self._lines["row"][block])):
            start = content.find(b"\n", start) + 1
            if not start:
                raise IndexFormatError(self._text.name, f"has no line for section {row}")
        end = content.find(b"\n", start)
        while end < 0:
            block, known = block + 1, len(content)
            if known - start > MAX_LINE or block == len(self._lines):
                raise IndexFormatError(self._text.name, f"has no whole line for section {row}")
            content += self._bytes(block)
            end = content.find(b"\n", known)
        return load_section(content[start:end])

    def _bytes(self, block: int) -> bytes:
        start = block * BLOCK
        return bytes(self._text.read(start, min(BLOCK, self._text.size - start)))

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


def _check(toc: dict[str, Any]) -> None:
    numbers = [toc.get(name) for name in ("sections", "records", "texts", "total_length")]
    if not all(type(number) is int and 0 <= number <= MAX_LENGTH for number in numbers):
        raise IndexFormatError(TOC, "has a figure that cannot be")
    if toc["sections"] > MAX_RECORDS or toc["texts"] > MAX_TEXTS:
        raise IndexFormatError(TOC, "is of more sections than an index may have")
    if not _SEGMENT.match(str(toc.get("segment"))):
        raise IndexFormatError(TOC, "has a member of another shape")


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


def _line_starts(file: BlockReader, text_size: int, sections: int) -> NDArray[np.void]:
    if file.size != LINES.itemsize * -(-text_size // BLOCK):
        raise IndexFormatError(file.name, "does not say of each block which lines begin in it")
    starts = np.frombuffer(bytes(file.read(0, file.size)), LINES)
    rows = starts["row"].astype("i8")
    if (sections > 0) != (len(rows) > 0) or (len(rows) and (rows[0] or int(rows.max()) > sections)):
        raise IndexFormatError(file.name, "says of blocks what cannot be")
    if (np.diff(rows) < 0).any() or (starts["skip"] >= BLOCK).any():
        raise IndexFormatError(file.name, "is out of order")
    return starts


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
