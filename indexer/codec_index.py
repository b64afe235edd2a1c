"""The files of one index, opened and checked: terms, postings, columns, texts and tables.

`toc.json` names the segment and the size of every file; a file of another size refuses the whole index. Nothing is
unpickled, and no name from the file is used as a path before it is compared with the names that this code expects.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.codec import Ids, Weights, read_postings
from indexer.codec_files import BlockReader, MappedFile, OpenFile
from indexer.codec_suggest import EntryFile, ReadingFile, SoundFile
from indexer.codec_terms import TermFigures, TermFile
from indexer.codec_toc import TOC, NamedFiles
from indexer.errors import IndexFormatError
from indexer.formats import INDEX_FORMAT
from indexer.safe_load import shut_pickle
from indexer.schema import COLUMNS, TABLES, term_key

shut_pickle()

TEXT_MAGIC = b"SXTXT001"
LENGTHS = "_x_len"
MAX_TOC = 64 << 20
MAX_RECORDS = 50_000_000
MAX_LENGTH = 1 << 53
"""Highest sum of lengths: what a mean can be made of."""


class IndexFiles:
    """One index, read-only; any thread may ask. Memory: every 256th term and the tables.

    Columns stay in their files, in the order of bytes that Whoosh gave them (big-endian); NumPy turns round what is
    taken out of them.
    """

    def __init__(self, folder: Path, open_file: OpenFile = MappedFile) -> None:
        """Open and check all files.

        Args:
            folder: the folder that `build_index` made.
            open_file: how a file is read; a memory map unless the index stays on a drive.

        Raises:
            IndexFormatError: a file is missing, of another size or version, or its header is wrong.
        """
        self.name = folder.name
        self._files: list[BlockReader] = []
        self._scored: list[EntryFile | SoundFile] = []
        try:
            self._open(folder, open_file)
        except BaseException:
            self.close()
            raise

    def _open(self, folder: Path, open_file: OpenFile) -> None:
        files = NamedFiles(lambda name: open_file(folder / name), INDEX_FORMAT, MAX_TOC, self._files)
        toc = files.toc
        if not _is_toc(toc):
            raise IndexFormatError(TOC, "has a member of another shape")
        self.segment: str = toc["segment"]
        self.records: int = toc["records"]
        self.total_length: int = toc["total_length"]
        self.tables = read_tables(toc["tables"])

        def opened(extension: str) -> BlockReader:
            return files.open(f"main_{self.segment}{extension}")

        self._postings = files.postings(f"main_{self.segment}.pst")
        self.terms = TermFile(opened(".trm"), self._postings.size, self.records)
        types = {**COLUMNS, LENGTHS: "B"}
        self.column_files = {name: opened(f".{name}.col") for name in types}
        self.columns = {name: self._column(self.column_files[name], code) for name, code in types.items()}
        for table in TABLES:
            if self.records and int(self.columns[table].max()) >= len(self.tables[table]):
                raise IndexFormatError(self.name, f"column {table} points outside its table")
        self._text, ends = opened(".txt"), opened(".txo")
        if ends.size != 8 + 8 * (self.records + 1) or bytes(ends.read(0, 8)) != TEXT_MAGIC:
            raise IndexFormatError(ends.name, "is not of this format")
        self._ends = np.frombuffer(ends.read(8, ends.size - 8), "<u8")
        self.entries = EntryFile(opened(".sge"), self.records)
        self.sounds = SoundFile(opened(".sgs"), self.entries.keys.count)
        self._scored = [self.entries, self.sounds]
        self.readings = ReadingFile(opened(".sgr"))

    def _column(self, file: BlockReader, code: str) -> NDArray[Any]:
        kind = np.dtype(">" + np.dtype(code).str[1:])
        if file.size != kind.itemsize * self.records:
            raise IndexFormatError(file.name, "does not have one number a record")
        return np.frombuffer(file.read(0, file.size), kind)

    def figures(self, field: str, term: str) -> TermFigures | None:
        """What the term file says of a term of a field, None when no record holds it."""
        return self.terms.figures(term_key(field, term).encode("utf-8", "replace"))

    def postings(self, figures: TermFigures) -> tuple[Ids, Weights]:
        """The rows (ascending) and weights of a term.

        Raises:
            IndexFormatError: they are not what they should be.
        """
        if figures.documents == 1:
            return np.array([figures.first], "u4"), np.array([figures.max_weight], "u1")
        return read_postings(self._postings, figures.offset, figures.length, figures.documents, self.records)

    @property
    def postings_file(self) -> BlockReader:
        """The postings file, for Whoosh's own searcher."""
        return self._postings

    def text(self, row: int) -> bytes:
        """The normal text of a row in UTF-8, sections divided by `SECTION_MARK`.

        Raises:
            IndexFormatError: its place lies outside the file.
        """
        start, end = int(self._ends[row]), int(self._ends[row + 1])
        return bytes(self._text.read(start, end - start))

    def texts(self, rows: Ids) -> list[bytes]:
        """The texts of several rows, see `text`.

        Raises:
            IndexFormatError: a place lies outside the file.
        """
        starts, ends = self._ends[rows].tolist(), self._ends[1:][rows].tolist()
        read = self._text.read
        return [bytes(read(start, end - start)) for start, end in zip(starts, ends, strict=True)]

    def close(self) -> None:
        """Let all files go."""
        self.columns, self.column_files = {}, {}
        self._ends = np.zeros(0, "<u8")
        while self._scored:
            self._scored.pop().close()
        while self._files:
            self._files.pop().close()


def _is_toc(toc: dict[str, Any]) -> bool:
    numbers = (toc.get("records"), toc.get("total_length"))
    segment, files = toc.get("segment"), toc.get("files")
    return (
        all(type(number) is int and number >= 0 for number in numbers)
        and toc["records"] <= MAX_RECORDS
        and toc["total_length"] <= MAX_LENGTH
        and isinstance(segment, str)
        and len(segment) == 16
        and set(segment) <= set("0123456789abcdef")
        and isinstance(files, dict)
        and isinstance(toc.get("tables"), dict)
    )


def read_tables(stored: Any) -> dict[str, list[tuple[str, ...]]]:
    """The tables of an index, checked.

    Raises:
        IndexFormatError: one is missing or of another shape.
    """
    if not isinstance(stored, dict):
        raise IndexFormatError(TOC, "has no tables")
    tables: dict[str, list[tuple[str, ...]]] = {}
    for name in TABLES:
        combinations = stored.get(name)
        if not isinstance(combinations, list) or not combinations or combinations[0] != []:
            raise IndexFormatError(TOC, f"table {name} is missing or does not begin with the empty combination")
        for values in combinations:
            if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
                raise IndexFormatError(TOC, f"table {name} holds something that is not text")
        tables[name] = [tuple(values) for values in combinations]
    return tables
