"""Build the index of a release in one pass over its records, with bounded memory.

Records are turned into runs of some thousand, each sorted by itself and written to scratch (`indexer.build_runs`), by
this process or by several (`indexer.build_workers`); then the runs are merged. The result is the same for the same
records and the same toolchain, however they were cut into runs: names come from the content, nothing from the clock.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from indexer.build_columns import ColumnFiles
from indexer.build_merge import merged
from indexer.build_postings import write_group
from indexer.build_runs import Run, write_runs
from indexer.build_suggest import write_suggestions
from indexer.build_workers import runs_of
from indexer.codec import POSTINGS_MAGIC
from indexer.codec_terms import TermWriter
from indexer.errors import IndexerError
from indexer.formats import INDEX_FORMAT
from indexer.model import Resource
from indexer.schema import IndexTables

Progress = Callable[[int, int | None], None]
TOC = "toc.json"
PROGRESS_EVERY = 1000


@dataclass(frozen=True, slots=True)
class IndexStats:
    """What a build made and took.

    Attributes:
        records: rows. terms: different terms of all fields. postings: (term, row) pairs.
        size: bytes of all files.
        segment: name of the segment, from the content.
        seconds: of which `reading` went into records and terms, `sorting` into merging and writing postings.
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

    Memory: about 200 MB, and 9 bytes a record (28 more for one that has a parent) while rows are put together, whatever
    the number of terms and postings. Scratch space inside `out`: about 12 bytes a posting. Durability: none; the
    caller syncs or copies what it keeps. `out` is empty or absent before, and is removed again when the build fails.

    Args:
        records: in the order of the catalogue.
        out: the folder to make.
        progress: called as `progress(done, total)` every thousand records and at the end.
        total: how many records are expected, when known; only passed on to `progress`.

    Raises:
        IndexerError: `out` is there and not empty.
    """

    def counted() -> Iterator[Resource]:
        for done, resource in enumerate(records, 1):
            yield resource
            if progress and done % PROGRESS_EVERY == 0:
                progress(done, total)

    return _built(out, lambda scratch: write_runs(counted(), scratch, "run"), lambda _: None, progress)


def build_index_of(
    catalogue_jsonl: Path, out: Path, *, workers: int = 1, progress: Progress | None = None, total: int | None = None
) -> IndexStats:
    """Write the index of a truth file into the folder `out`, with several processes; as `build_index` otherwise.

    Memory: this process's as in `build_index`, and while it reads about 90 MB for each worker. They end before the
    runs are merged.

    Args:
        catalogue_jsonl: canonical lines sorted by id.
        out: the folder to make.
        workers: processes that turn records into terms, beside this one, which then only puts their runs together.
        progress: called as `progress(done, total)` some thousand records apart, and at the end.
        total: how many records are expected, when known; only passed on to `progress`.

    Raises:
        IndexFormatError: a line of the truth cannot be read, or the order is wrong.
        BuildWorkerError: a worker died or could not go on.
        IndexerError: `out` is there and not empty.
    """

    def told(done: int) -> None:
        if progress:
            progress(done, total)

    return _built(out, lambda scratch: runs_of(catalogue_jsonl, scratch, workers), told, progress)


def _built(
    out: Path,
    runs: Callable[[Path], Generator[Run, None, None]],
    told: Callable[[int], None],
    progress: Progress | None,
) -> IndexStats:
    """Make the folder; when anything fails, nothing of it is left."""
    if out.exists() and any(out.iterdir()):
        raise IndexerError(f"{out.name} is not empty; an index is written into a new folder")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".sorting-", dir=out) as scratch:
            stats = _build(runs(Path(scratch)), out, Path(scratch), told)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    if progress:
        progress(stats.records, stats.records)
    return stats


def _build(runs: Generator[Run, None, None], out: Path, scratch: Path, told: Callable[[int], None]) -> IndexStats:
    """Put the runs together as they come, then merge their terms; `told` hears how many records have come."""
    started = time.perf_counter()
    kept: list[Run] = []
    # After an error the runs end here: a worker that still wrote would keep the scratch folder from going.
    with closing(runs), ColumnFiles(scratch) as columns:
        for run in runs:
            columns.take(run)
            kept.append(replace(run, tables={}))  # its combinations are now among the index's
            told(columns.rows)
        columns.flush()
        read = time.perf_counter()
        terms, title_ranks = _merge(kept, scratch, np.fromfile(columns.path("._x_len.col"), "u1"))
        extensions = [*columns.finish(title_ranks), ".pst", ".trm", *write_suggestions(kept, scratch)]
    total_length = sum(run.length for run in kept)
    segment, size = _named(out, scratch, extensions, columns.rows, total_length, columns.tables)
    ended = time.perf_counter()
    postings = sum(run.postings for run in kept)
    return IndexStats(columns.rows, terms, postings, size, segment, ended - started, read - started, ended - read)


def _merge(runs: list[Run], scratch: Path, lengths: NDArray[np.uint8]) -> tuple[int, NDArray[np.uint32]]:
    """Write postings and terms; how many terms there are, and the place of each row in the order of titles."""
    title_ranks, ranked = np.zeros(len(lengths), "u4"), 0
    with (scratch / "new.pst").open("wb") as file, TermWriter(scratch) as terms:
        file.write(POSTINGS_MAGIC)
        for group in merged(runs, scratch):
            if group.is_sort_keys:
                for rows, _ in group.pieces:
                    title_ranks[rows] = np.arange(ranked, ranked + len(rows), dtype="u4")
                    ranked += len(rows)
            else:
                terms.add(group.keys, write_group(file, group, lengths))
        with (scratch / "new.trm").open("wb") as out:
            terms.finish(out, file.tell())
    return terms.count, title_ranks


def _named(
    out: Path, scratch: Path, extensions: list[str], records: int, total_length: int, tables: IndexTables
) -> tuple[str, int]:
    """Name the files by their content, write the table of contents; the segment's name and all bytes."""
    digests: dict[str, str] = {}
    for extension in sorted(extensions):
        with (scratch / f"new{extension}").open("rb") as file:
            digests[extension] = hashlib.file_digest(file, "sha256").hexdigest()
    segment = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:16]
    sizes: dict[str, int] = {}
    for extension in digests:
        path, target = scratch / f"new{extension}", out / f"main_{segment}{extension}"
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
    (out / TOC).write_bytes(text)
    return segment, sum(sizes.values()) + len(text)
