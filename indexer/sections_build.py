"""Build the index of the texts inside resources from their files of sections, with bounded memory.

As with records (`indexer.build`) the same files give the same bytes under one toolchain, however the work was shared
out. Row n is the n-th section of all files in order; a record's sections follow each other.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import tempfile
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from shutil import copyfileobj
from typing import Any

import numpy as np
from numpy.typing import NDArray

from indexer.build_merge import merged
from indexer.build_postings import write_group
from indexer.build_runs import Run
from indexer.build_workers import runs_in_order
from indexer.codec import POSTINGS_MAGIC
from indexer.codec_files import BLOCK
from indexer.codec_toc import TOC
from indexer.errors import IndexerError
from indexer.formats import SECTIONS_FORMAT
from indexer.sections_index import BY_BLOCK, EXTENSIONS, LINES, NAME, RUN
from indexer.sections_runs import TEXT, TextFile, write_section_runs
from indexer.sections_terms import GroupWriter

PART = 8 << 20
"""Bytes of files of sections in a task."""
Progress = Callable[[int, int | None], None]
"""Sections that were read, and how many there are when that is known."""
_COPY = 1 << 20


@dataclass(frozen=True, slots=True)
class SectionStats:
    """What a build made and took.

    Attributes:
        sections: rows. texts: files of sections. terms: different ones. postings: (term, row) pairs.
        size: bytes of all files. segment: what stands for their content.
        seconds: of which `reading` went into sections and terms, the rest into merging.
    """

    sections: int
    texts: int
    terms: int
    postings: int
    size: int
    segment: str
    seconds: float
    reading: float


def build_sections(
    files: Iterable[TextFile], out: Path, *, records: int, workers: int = 1, progress: Progress | None = None
) -> SectionStats:
    """Write the index of the sections of `files` into the folder `out`.

    Memory: about 200 MB, 90 MB a worker, and a few bytes a section and 12 a file, whatever the number of terms and
    postings. Scratch space inside `out`: about 12 bytes a posting. Durability: none.

    Args:
        files: by record, then by item.
        out: the folder to make; removed again when the build fails.
        records: in the catalogue that the records' rows are of.
        workers: processes that turn sections into terms; with one, this process does it itself.
        progress: called as sections come, and at the end.

    Raises:
        IndexFormatError: a file holds something else than sections, or they are more than an index can hold.
        BuildWorkerError: a worker died or could not go on.
        IndexerError: `out` is there and not empty.
        OSError: a file cannot be read, or the disk is full.
    """
    started = time.perf_counter()
    if out.exists() and any(out.iterdir()):
        raise IndexerError(f"{out.name} is not empty; an index is written into a new folder")
    out.mkdir(parents=True, exist_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".sorting-", dir=out) as folder:
            scratch = Path(folder)
            kept: list[Run] = []
            # After an error both end here: a worker that still wrote would keep the scratch folder from going.
            with closing(_runs(files, scratch, workers)) as runs, closing(_Rows(scratch)) as rows:
                for run in runs:
                    rows.take(run)
                    kept.append(run)
                    if progress:
                        progress(rows.sections, None)
            read = time.perf_counter()
            terms = _merge(kept, scratch)
            figures = {"records": records, "sections": rows.sections, "texts": rows.texts}
            figures["total_length"] = sum(run.length for run in kept)
            segment, size = _named(out, scratch, figures)
    except BaseException:
        shutil.rmtree(out, ignore_errors=True)
        raise
    if progress:
        progress(rows.sections, rows.sections)
    postings = sum(run.postings for run in kept)
    ended = time.perf_counter()
    return SectionStats(rows.sections, rows.texts, terms, postings, size, segment, ended - started, read - started)


def _runs(files: Iterable[TextFile], scratch: Path, workers: int) -> Generator[Run, None, None]:
    if workers == 1:
        yield from write_section_runs(files, scratch, "run")
        return
    for runs in runs_in_order(_tasks(files, scratch), workers):
        yield from runs


def _tasks(files: Iterable[TextFile], scratch: Path) -> Iterator[dict[str, Any]]:
    def task() -> dict[str, Any]:
        return {"scratch": str(scratch.absolute()), "part": part, "texts": texts}

    texts: list[tuple[int, int, str]] = []
    part = size = 0
    for file in files:
        texts.append((file.resource, file.item, str(file.path.absolute())))
        size += file.size
        if size >= PART:
            yield task()
            texts, part, size = [], part + 1, 0
    if texts:
        yield task()


class _Rows:
    """The files with something for every section, put together from runs as they come. sections, texts: so far."""

    def __init__(self, scratch: Path) -> None:
        self._scratch = scratch
        self.sections = self.texts = 0
        self._end = 0
        self._last = (-1, -1)
        self._blocks = 0
        self._files = {name: (scratch / f"new{name}").open("wb") for name in (".len", ".run", ".txb", ".txt")}

    def take(self, run: Run) -> None:
        """Append the sections of a run and remove what is no longer needed of it."""
        texts = np.frombuffer(self._read(run, "texts"), TEXT)
        runs = np.empty(len(texts), RUN)
        runs["resource"], runs["item"] = texts["resource"], texts["item"]
        runs["first"] = texts["row"].astype("u4") + np.uint32(self.sections)
        # A file that goes on in the next run is one file.
        goes_on = len(runs) > 0 and (int(runs["resource"][0]), int(runs["item"][0])) == self._last
        runs = runs[1:] if goes_on else runs
        if len(texts):
            self._last = int(texts["resource"][-1]), int(texts["item"][-1])
        self._files[".run"].write(runs.tobytes())
        self.texts += len(runs)
        self._files[".len"].write(self._read(run, "lengths"))
        sizes = np.frombuffer(self._read(run, "sizes"), "u4").astype("i8")
        self._take_lines(self._end + np.cumsum(sizes) - sizes)
        text = run.path(self._scratch, "text")
        with text.open("rb") as file:
            copyfileobj(file, self._files[".txt"], _COPY)
        text.unlink()
        self._end += int(sizes.sum())
        self.sections += run.rows

    def close(self) -> None:
        """Write what is still in memory, and end."""
        self._fill(-(-self._end // BLOCK))
        for file in self._files.values():
            file.close()

    def _take_lines(self, starts: NDArray[np.int64]) -> None:
        """Say of each block that lines begin in which is the first; `starts`: of the run's lines, from the next row."""
        for place in np.unique(starts // BLOCK, return_index=True)[1].tolist():
            block, skip = divmod(int(starts[place]), BLOCK)
            if block < self._blocks:
                continue  # the run before began one in it
            self._fill(block, place)
            self._files[".txb"].write(np.array([(self.sections + place, skip)], LINES).tobytes())
            self._blocks += 1

    def _fill(self, block: int, ahead: int = 0) -> None:
        """Say of the blocks up to `block` that no line begins in them, the next one being `ahead` rows from here."""
        empty = max(0, block - self._blocks)
        self._files[".txb"].write(np.array([(self.sections + ahead, 0)] * empty, LINES).tobytes())
        self._blocks += empty

    def _read(self, run: Run, kind: str) -> bytes:
        path = run.path(self._scratch, kind)
        content = path.read_bytes()
        path.unlink()
        return content


def _merge(runs: list[Run], scratch: Path) -> int:
    """Write postings, terms and the list of their groups; how many terms there are."""
    lengths = np.fromfile(scratch / "new.len", "u1")
    with (scratch / "new.pst").open("wb") as file, (scratch / "new.trm").open("wb") as out:
        file.write(POSTINGS_MAGIC)
        terms = GroupWriter(out)
        for group in merged(runs, scratch):
            records = write_group(file, group, lengths, packed=True)
            # Only one field's terms stand here: its byte tells nothing.
            terms.add([key[1:] for key in group.keys], records, file.tell())
        (scratch / "new.tri").write_bytes(terms.finish())
    return terms.count


def _named(out: Path, scratch: Path, figures: dict[str, int]) -> tuple[str, int]:
    """Give the files their names, write the table of contents; what stands for the content, and all bytes.

    Names are the same in every release, so that a delta patches one file into the next.
    """
    with (scratch / "new.dig").open("wb") as by_block:
        for extension in BY_BLOCK:
            with (scratch / f"new{extension}").open("rb") as file:
                while block := file.read(BLOCK):
                    by_block.write(hashlib.sha256(block).digest())
    digests: dict[str, str] = {}
    for extension in EXTENSIONS:
        with (scratch / f"new{extension}").open("rb") as file:
            digests[extension] = hashlib.file_digest(file, "sha256").hexdigest()
    segment = hashlib.sha256(json.dumps(digests, sort_keys=True).encode()).hexdigest()[:16]
    sizes: dict[str, int] = {}
    for extension in EXTENSIONS:
        path, target = scratch / f"new{extension}", out / f"{NAME}{extension}"
        sizes[target.name] = path.stat().st_size
        path.replace(target)
    toc = {"format": SECTIONS_FORMAT, "segment": segment, "files": sizes, **figures}
    text = json.dumps(toc, sort_keys=True, separators=(",", ":")).encode()
    (out / TOC).write_bytes(text)
    return segment, sum(sizes.values()) + len(text)
