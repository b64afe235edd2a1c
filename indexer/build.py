"""Build the index of a release in one pass over its records, with bounded memory.

Postings are written to a scratch file as they come, then sorted in groups of terms that fit in memory. The result is
the same for the same records and the same toolchain: names come from the content, nothing from the clock.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray
from whoosh.util.numeric import length_to_byte

from indexer.build_postings import PostingSink, write_postings
from indexer.codec import INDEX_FORMAT, POSTINGS_MAGIC
from indexer.codec_terms import encode_terms
from indexer.errors import IndexerError
from indexer.model import Resource
from indexer.schema import COLUMNS, FIELD_BYTES, IndexTables, index_row

Progress = Callable[[int, int | None], None]
TOC = "toc.json"
TEXT_MAGIC = b"SXTXT001"
SORT_BYTES = 32
PROGRESS_EVERY = 1000


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What a build made and took.

    Attributes:
        records: rows. terms: different terms of all fields. postings: (term, row) pairs.
        size: bytes of all files.
        segment: name of the segment, from the content.
        seconds: of which `reading` went into records and terms, `sorting` into sorting and writing postings.
    """

    records: int
    terms: int
    postings: int
    size: int
    segment: str
    seconds: float
    reading: float
    sorting: float


def build_index(
    records: Iterable[Resource], out: Path, *, progress: Progress | None = None, total: int | None = None
) -> IndexStats:
    """Write the index of `records` into the folder `out`; row n is the n-th record.

    Memory: about 220 bytes a different term, 200 bytes a record, and 300 MB for sorting, whatever the number of
    postings: about 1.5 GB for a million records with descriptions. Scratch space inside `out`: 12 bytes a posting.
    Durability: none; the caller syncs or copies what it keeps. `out` is empty or absent before, and is removed
    again when the build fails.

    Args:
        records: in the order of the catalogue.
        out: the folder to make.
        progress: called as `progress(done, total)` every thousand records and at the end.
        total: how many records are expected, when known; only passed on to `progress`.

    Raises:
        IndexerError: `out` is there and not empty.
    """
    if out.exists() and any(out.iterdir()):
        raise IndexerError(f"{out.name} is not empty; an index is written into a new folder")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".sorting-", dir=out) as scratch:
            return _build(records, out, Path(scratch), progress, total)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise


class _Rows:
    """Columns and texts while rows come in."""

    def __init__(self, scratch: Path) -> None:
        self.columns = {name: array(code) for name, code in COLUMNS.items() if name not in {"parent", "title_rank"}}
        self.lengths: list[int] = []
        self.id_hashes = array("Q")
        self.parents: list[tuple[int, int]] = []
        self.sort_keys: list[bytes] = []
        self.text = (scratch / "text").open("wb")
        self.text_ends = array("Q", [0])
        self.tables = IndexTables()

    def add(self, resource: Resource, row: int) -> dict[str, dict[str, int]]:
        """Take a row in; its terms by field come back."""
        indexed = index_row(resource, row, self.tables)
        for name, column in self.columns.items():
            column.append(indexed.columns[name])
        self.lengths.append(len(indexed.terms["x"]))
        self.id_hashes.append(_hash64(resource.id))
        if indexed.parent:
            self.parents.append((row, _hash64(indexed.parent)))
        self.sort_keys.append(indexed.sort_key.encode()[: 8 * SORT_BYTES])
        text = indexed.text.encode()
        self.text.write(text)
        self.text_ends.append(self.text_ends[-1] + len(text))
        return indexed.terms

    def finished_columns(self) -> dict[str, NDArray[Any]]:
        """All columns, with parents found and titles ranked."""
        done = {name: np.frombuffer(column, column.typecode) for name, column in self.columns.items()}
        total = len(self.lengths)
        parent = np.zeros(total, "u4")
        hashes = np.frombuffer(self.id_hashes, "u8")
        order = np.argsort(hashes, kind="stable")
        for row, wanted in self.parents:
            place = int(np.searchsorted(hashes, np.uint64(wanted), sorter=order))
            if place < total and int(hashes[order[place]]) == wanted and int(order[place]) != row:
                parent[row] = int(order[place]) + 1
        rank = np.zeros(total, "u4")
        rank[sorted(range(total), key=self.sort_keys.__getitem__)] = np.arange(total, dtype="u4")
        return {**done, "parent": parent, "title_rank": rank}


class _Vocabulary:
    """Terms in the order in which they were met, numbered; about 220 bytes a term."""

    def __init__(self) -> None:
        number = count().__next__
        self._fields = {name: defaultdict[str, int](number) for name in FIELD_BYTES}

    def numbers(self, terms: dict[str, dict[str, int]]) -> list[int]:
        """The numbers of a row's terms, field by field; new terms get the next."""
        found: list[int] = []
        for name, held in terms.items():
            found.extend(map(self._fields[name].__getitem__, held))
        return found

    def sorted(self) -> tuple[tuple[array[int], bytearray], NDArray[np.uint32]]:
        """All keys in byte order (their lengths, and all of them), and for each number the place of its key.

        The vocabulary is used up while it is sorted.
        """
        lengths, keys = array("I"), bytearray()
        numbers = array("I")
        for name, mark in sorted(FIELD_BYTES.items(), key=lambda pair: pair[1]):
            known = self._fields.pop(name)
            # The order of code points is the order of bytes in UTF-8.
            ordered = sorted(known)
            numbers.extend(map(known.__getitem__, ordered))
            known.clear()
            for term in ordered:
                key = bytes([mark]) + term.encode()
                lengths.append(len(key))
                keys += key
        rank = np.empty(len(lengths), "u4")
        rank[np.frombuffer(numbers, "u4")] = np.arange(len(lengths), dtype="u4")
        return (lengths, keys), rank


def _hash64(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")


def _build(
    records: Iterable[Resource], out: Path, scratch: Path, progress: Progress | None, total: int | None
) -> IndexStats:
    started = time.perf_counter()
    rows = _Rows(scratch)
    vocabulary = _Vocabulary()
    done = 0
    with PostingSink(scratch) as sink, rows.text:
        for done, resource in enumerate(records, 1):
            terms = rows.add(resource, done - 1)
            sink.add(vocabulary.numbers(terms), chain.from_iterable(map(dict.values, terms.values())))
            if progress and done % PROGRESS_EVERY == 0:
                progress(done, total)
    read = time.perf_counter()
    writer = _Writer(out, scratch)
    lengths = np.frombuffer(bytes(map(length_to_byte, rows.lengths)), "u1")
    keys, rank = vocabulary.sorted()
    del vocabulary
    with writer.file(".pst") as file:
        file.write(POSTINGS_MAGIC)
        figures = write_postings(file, sink, rank, lengths)
    writer.write(".trm", encode_terms(*keys, figures))
    for name, column in {**rows.finished_columns(), "_x_len": lengths}.items():
        # Whoosh's numeric columns: big-endian, one number a row.
        writer.write(f".{name}.col", [column.astype(column.dtype.newbyteorder(">")).tobytes()])
    ends = np.frombuffer(rows.text_ends, "u8")
    writer.write(".txo", [TEXT_MAGIC, ends.astype("<u8").tobytes()])
    writer.take(".txt", scratch / "text")
    segment, size = writer.finish(done, int(sum(rows.lengths)), rows.tables)
    if progress:
        progress(done, done)
    ended = time.perf_counter()
    return IndexStats(done, len(rank), sink.count, size, segment, ended - started, read - started, ended - read)


class _Writer:
    """Files of the segment under scratch names; hashed while written, named by content at the end."""

    def __init__(self, out: Path, scratch: Path) -> None:
        self._out, self._scratch = out, scratch
        self._files: dict[str, Path] = {}

    def file(self, extension: str) -> BinaryIO:
        """A new file of the segment, to write to."""
        self._files[extension] = self._scratch / f"new{extension}"
        return self._files[extension].open("wb")

    def write(self, extension: str, pieces: Iterable[bytes]) -> None:
        """Write a whole file of the segment."""
        with self.file(extension) as file:
            file.writelines(pieces)

    def take(self, extension: str, path: Path) -> None:
        """Make a file written elsewhere a file of the segment."""
        self._files[extension] = path

    def finish(self, records: int, total_length: int, tables: IndexTables) -> tuple[str, int]:
        """Name the files, write the table of contents; the segment's name and all bytes."""
        digests: dict[str, str] = {}
        for extension, path in sorted(self._files.items()):
            with path.open("rb") as file:
                digests[extension] = hashlib.file_digest(file, "sha256").hexdigest()
        segment = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:16]
        sizes: dict[str, int] = {}
        for extension, path in sorted(self._files.items()):
            target = self._out / f"main_{segment}{extension}"
            sizes[target.name] = path.stat().st_size
            path.replace(target)
        toc = {
            "format": INDEX_FORMAT,
            "segment": segment,
            "records": records,
            "total_length": total_length,
            "files": sizes,
            "tables": tables.to_json(),
        }
        text = json.dumps(toc, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        (self._out / TOC).write_bytes(text)
        return segment, sum(sizes.values()) + len(text)
