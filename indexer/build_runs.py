"""Runs of an index's build: some thousand records at a time, each run with a small vocabulary of its own, on scratch.

A run holds what can be said of its records alone, sorted; `indexer.build_merge` and `indexer.build_columns` put the
runs together. Files of a run, numbers as the machine has them, for they never leave it:

    keys      its terms in byte order, a line feed between: the byte of the field, then the term; last, under
              `indexer.build_sorting.SORT_MARK`, what titles are sorted by
    counts    u4 a term: its postings
    rows      u2 a posting, in the order of terms and then rows: the row, counted from the run's first
    weights   u1 a posting
    columns   the columns of `OWN_COLUMNS` one after another; combinations are numbered within the run
    lengths   u1 a row: Whoosh's length byte
    hashes    u8 a row: of the id
    parents   u2 and u8 a row that has a parent: the row and the hash of its parent's id
    text      the normal texts one after another
    sizes     u4 a row: bytes of its text
    entries   lines of what may be suggested, see `indexer.suggest_entries`
"""

from __future__ import annotations

import hashlib
from array import array
from collections import defaultdict
from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
from whoosh.util.numeric import length_to_byte

from indexer.build_sorting import sorted_terms
from indexer.model import Resource
from indexer.schema import COLUMNS, FIELD_BYTES, IndexTables, index_row
from indexer.suggest_entries import EntryCollector

MAX_POSTINGS, MAX_TERMS, MAX_ROWS = 1_000_000, 250_000, 1 << 16
"""A run ends with the record that reaches one of them. Memory: about 220 bytes a term and 35 a posting."""

SORT_BYTES = 256
"""Bytes of a sort key that count."""

OWN_COLUMNS = tuple(name for name in COLUMNS if name not in {"rid", "parent", "title_rank"})
"""Columns that a record alone decides."""

PARENT = np.dtype([("row", "u2"), ("hash", "u8")])


@dataclass(frozen=True, slots=True)
class Run:
    """A run on scratch.

    Attributes:
        name: its files are `<name>.<kind>` in the scratch folder.
        rows: its records. postings: (term, row) pairs of fields. length: sum of the lengths of its rows.
        tables: table → its combinations, in the order in which they were met.
        first, last: ids of its first and last record.
    """

    name: str
    rows: int
    postings: int
    length: int
    tables: dict[str, list[list[str]]]
    first: str
    last: str

    def path(self, scratch: Path, kind: str) -> Path:
        """Where a file of the run lies."""
        return scratch / f"{self.name}.{kind}"


def write_runs(records: Iterable[Resource], scratch: Path, prefix: str) -> Generator[Run, None, None]:
    """Write all records as runs under names that begin with `prefix`, in order; none for no records.

    Memory: that of one run (see `MAX_TERMS`), about 90 MB.
    """
    builder: _RunBuilder | None = None
    number = count()
    for resource in records:
        builder = builder or _RunBuilder()
        builder.add(resource)
        if builder.is_full:
            yield builder.written(scratch, f"{prefix}-{next(number)}")
            builder = None
    if builder:
        yield builder.written(scratch, f"{prefix}-{next(number)}")


class _RunBuilder:
    """The records of a run while they come in."""

    def __init__(self) -> None:
        number = count().__next__
        self._fields: dict[str, dict[str, int]] = {name: defaultdict(number) for name in FIELD_BYTES}
        self._sort_keys = defaultdict[bytes, int](number)
        self._numbers, self._weights, self._row_counts = array("I"), array("B"), array("I")
        self._columns = {name: array(COLUMNS[name]) for name in OWN_COLUMNS}
        self._lengths = array("I")
        self._hashes = array("Q")
        self._parents: list[tuple[int, int]] = []
        self._texts: list[bytes] = []
        self._tables = IndexTables()
        self._entries = EntryCollector()
        self._first = self._last = ""

    @property
    def is_full(self) -> bool:
        """Whether no further record may come in."""
        terms = len(self._sort_keys) + len(self._entries) + sum(map(len, self._fields.values()))
        return len(self._numbers) >= MAX_POSTINGS or terms >= MAX_TERMS or len(self._row_counts) >= MAX_ROWS

    def add(self, resource: Resource) -> None:
        """Take a record in."""
        row = len(self._row_counts)
        indexed = index_row(resource, row, self._tables)
        before = len(self._numbers)
        for name, held in indexed.terms.items():
            self._numbers.extend(map(self._fields[name].__getitem__, held))
            self._weights.extend(held.values())
        self._numbers.append(self._sort_keys[indexed.sort_key.encode()[:SORT_BYTES]])
        self._weights.append(1)
        self._row_counts.append(len(self._numbers) - before)
        for name, column in self._columns.items():
            column.append(indexed.columns[name])
        self._lengths.append(len(indexed.terms["x"]))
        self._hashes.append(_hash64(resource.id))
        if indexed.parent:
            self._parents.append((row, _hash64(indexed.parent)))
        self._texts.append(indexed.text.encode())
        self._entries.add(resource, row)
        self._first, self._last = self._first or resource.id, resource.id

    def written(self, scratch: Path, name: str) -> Run:
        """Write the run; the builder is used up."""
        files = sorted_terms(self._fields, self._numbers, self._weights, self._row_counts, self._sort_keys)
        files["columns"] = [column.tobytes() for column in self._columns.values()]
        files["lengths"] = [bytes(map(length_to_byte, self._lengths))]
        files["hashes"] = [self._hashes.tobytes()]
        files["parents"] = [np.array(self._parents, PARENT).tobytes()]
        files["text"] = self._texts
        files["entries"] = (line + b"\n" for line in self._entries.lines())
        files["sizes"] = [np.fromiter(map(len, self._texts), "u4", len(self._texts)).tobytes()]
        rows = len(self._row_counts)
        run = Run(
            name, rows, len(self._numbers) - rows, sum(self._lengths), self._tables.to_json(), self._first, self._last
        )
        for kind, pieces in files.items():
            with run.path(scratch, kind).open("wb") as file:
                file.writelines(pieces)
        return run


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def own_columns(content: bytes, rows: int) -> Iterator[tuple[str, Any]]:
    """The columns of a run's file, with their names."""
    at = 0
    for name in OWN_COLUMNS:
        kind = np.dtype(COLUMNS[name])
        yield name, np.frombuffer(content, kind, rows, at)
        at += rows * kind.itemsize
