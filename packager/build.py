"""Build: from a source folder to a bag with its truth, its accelerators and an unsigned release.

    work/build.db        the journal (see `packager.journal`)
    work/bag/…           the bag, complete when `work/release.json` stands
    work/disks/<n>/      the lists of each drive, when there are several (see `packager.disks`)
    work/release.json    the release to be signed
    work/problems.jsonl  every row and file that was not taken, with line and reason

The truth files are the same bytes for the same input, whatever was interrupted. Memory is bounded by the ids of the
source, a few resources a worker and `workers` child processes; time is that of reading the source once.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from indexer.model import dump_line
from indexer.renditions.api import Renditions
from indexer.renditions.sandbox import Sandbox
from packager.cutting import Cutter
from packager.derivatives import Workshop
from packager.disks import Split, counts_of, place, placed_items, splits, write_disks, write_table
from packager.errors import BuildSpaceError, SourceChangedError
from packager.format.layout import DriveLayout
from packager.format.release import Release
from packager.inside import write_section_indexes
from packager.journal import BuildJournal
from packager.made import MadeBefore
from packager.packing import PackedResource, pack_resource
from packager.progress import Progress
from packager.sources.class_table import read_class_table
from packager.sources.folder import Problem, Source, open_source
from packager.spread import Placement
from packager.truth import accelerators_of, make_catalogue, make_search, write_classes, write_truth
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from indexer.class_names import ClassName
    from packager.format.files import Files

_BATCH_RECORDS, _BATCH_SECONDS = 20_000, 5.0
"""Resources and seconds between two durable points of the journal, whichever comes first.

What a power cut costs is bounded by the seconds. With a point for every 200 items a million small ones wrote 90 kB
each: the journal is in the order of random ids, and a page is written once for each point that touches it.
"""
_AHEAD = 8
"""Resources in flight for each worker, so that one slow file leaves the others something to do."""
_PATIENCE = 7 * 86400.0
"""Seconds that a job of a build waits for its turn: others are in work meanwhile."""
_SPARE = 256 << 20
"""Bytes of the work disk that a build leaves free."""


@dataclass(frozen=True, slots=True)
class BuildOptions:
    """What a release is called and how it is built.

    Attributes:
        bundle: the bundle's id.
        seq: the release's number in it; None for the next one, or for the last signed one when nothing changed.
        issued: ISO date. edition: as people read it.
        workers: resources packed at a time. quiet: show no progress.
        fonts: folders of fonts for covers of PDFs that do not hold their own.
        drive_sizes: bytes of the drives: none for one drive of any size, one for as many such drives as it takes,
            several for exactly these.
        name: what readers call the bundle, as it is signed; empty for the name that goes with its id.
    """

    bundle: str
    issued: str
    edition: str
    seq: int | None = None
    workers: int = 2
    quiet: bool = False
    fonts: tuple[Path, ...] = ()
    drive_sizes: tuple[int, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class BuildResult:
    """What a build made: the release to sign, and what was left out.

    Attributes:
        release: as in `work/release.json`. resources, items: packed. size: bytes of payload.
        problems: lines in `work/problems.jsonl`. resumed: whether an interrupted build was taken up.
        splits: resources that no drive holds whole.
    """

    release: Release
    resources: int
    items: int
    size: int
    problems: tuple[Problem, ...]
    resumed: bool
    splits: tuple[Split, ...] = ()


def build(source_folder: Path, work: Path, options: BuildOptions, files: Files) -> BuildResult:
    """Build `source_folder` into `work`; an interrupted build goes on where it was.

    Args:
        source_folder: a folder with `catalogue.csv` or `catalogue.jsonl` and the files it names.
        work: the work folder, made when absent; one build at a time.
        options: names and workers.
        files: the writer.

    Raises:
        SourceError: the folder is no source.
        SourceChangedError: a file changed while it was read; what was done stays.
        BuildSpaceError: the work disk is too small; what was done stays.
        ItemTooLargeError, DrivesTooSmallError: drives of `drive_sizes` do not hold it; what was done stays.
    """
    files.make_dir(work)
    files.remove(work / "release.json")
    layout = DriveLayout(work)
    files.make_dir(layout.bag)
    source = open_source(source_folder)
    with BuildJournal(work / "build.db") as journal:
        resumed = journal.state("finished") == "no"
        journal.set_state("finished", "no")
        journal.commit()
        sandbox = Sandbox(jobs=options.workers, queue_seconds=_PATIENCE, fonts=options.fonts)
        with (
            Renditions(sandbox) as renditions,
            MadeBefore(work / "build.db") as before,
            Cutter(renditions, work, options.workers) as cutter,
        ):
            workshop = Workshop(layout.bag, files, renditions, before, cutter)
            problems = _pack_all(source, workshop, journal, options, "接着封装" if resumed else "已封装")
        journal.forget_unseen()
        journal.commit()
        _remove_strangers(layout, journal)
        classes = list(read_class_table(source.folder, problems))
        release, found = _finish(layout, journal, options, files, classes)
        resources, items, size = journal.totals()
        problems = [*source.problems, *problems]
        _write_problems(work / "problems.jsonl", problems, files)
        files.write_atomic(work / "release.json", release.to_bytes())
        journal.set_state("finished", "yes")
        journal.commit()
    return BuildResult(release, resources, items, size, tuple(problems), resumed, tuple(found))


def _remove_strangers(layout: DriveLayout, journal: BuildJournal) -> None:
    """Leave in the bag only payload that the journal holds: no left-overs of a kill, of another type, of a lost row.

    `meta/` is removed as a whole: all of it is made anew, and a half-written database beside it must not be listed.
    """
    shutil.rmtree(layout.meta, ignore_errors=True)
    for folder, _, names in os.walk(layout.bag / "data"):
        for name in names:
            path = Path(folder) / name
            if not journal.holds(path.relative_to(layout.bag).as_posix()):
                path.unlink()


def _pack_all(
    source: Source, workshop: Workshop, journal: BuildJournal, options: BuildOptions, verb: str
) -> list[Problem]:
    problems: list[Problem] = []
    progress = Progress(verb, quiet=options.quiet)
    lines = _count_lines(source.catalogue)
    done = size = 0
    records = 0  # since the last durable point
    durable = time.monotonic()
    for line, packed in _packed(source, journal, options.workers, workshop):
        for item in packed.items:
            journal.add_item(item)
        for made in packed.made:
            journal.add_made(made)
        journal.add_record(packed.resource.id, dump_line(packed.resource), packed.size)
        problems += [
            Problem(line=line, id=packed.resource.id, field=name, reason=reason, kept=True)
            for name, reason in packed.problems
        ]
        done, size = done + 1, size + packed.size
        records += 1
        if records >= _BATCH_RECORDS or time.monotonic() - durable > _BATCH_SECONDS:
            journal.commit()
            _check_space(workshop)
            records, durable = 0, time.monotonic()
        progress.update(done, None, size, line / lines)
    journal.commit()
    progress.close(f"已封装 {done:,} 种，{numbers.size(size)}。")
    return problems


def _count_lines(path: Path) -> int:
    """Lines of the catalogue, for the time left; at least 1."""
    with path.open("rb") as stream:
        return 1 + sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))


def _packed(
    source: Source, journal: BuildJournal, workers: int, workshop: Workshop
) -> Iterator[tuple[int, PackedResource]]:
    """The resources of `source`, packed by `workers` threads, in the order of the source; few are in flight."""
    waiting: deque[tuple[int, Future[PackedResource] | PackedResource]] = deque()
    pool = ThreadPoolExecutor(workers, "pack")
    try:
        for entry in source:
            if entry.files:
                known = journal.known(entry.resource.id)
                waiting.append((entry.line, pool.submit(pack_resource, entry.resource, entry.files, known, workshop)))
            else:
                # A catalogue entry: nothing that another thread could do meanwhile.
                waiting.append((entry.line, pack_resource(entry.resource, (), {}, workshop)))
            while len(waiting) > _AHEAD * workers:
                yield _result(*waiting.popleft())
        while waiting:
            yield _result(*waiting.popleft())
    except SourceChangedError:
        journal.commit()
        raise
    finally:
        workshop.cutter.close()  # after an error nobody waits for the rest of a large pack
        pool.shutdown(cancel_futures=True)


def _result(line: int, packed: Future[PackedResource] | PackedResource) -> tuple[int, PackedResource]:
    return line, packed.result() if isinstance(packed, Future) else packed


def _check_space(workshop: Workshop) -> None:
    free = workshop.files.free_space(workshop.bag)
    if free < _SPARE:
        raise BuildSpaceError(_SPARE - free)


def _finish(
    layout: DriveLayout, journal: BuildJournal, options: BuildOptions, files: Files, classes: Iterable[ClassName]
) -> tuple[Release, list[Split]]:
    """Write everything that follows from the journal and describe it."""
    truth = write_truth(layout, journal, files)
    progress = Progress("正在建立检索", quiet=options.quiet)
    make_search(layout, progress.update, options.workers)
    resources = journal.totals()[0]
    progress.close(f"检索已建好，共 {resources:,} 条。")
    last = last_signed(layout, options.bundle)
    before = last.seq if last is not None else None
    placement = Placement(1)
    if options.drive_sizes:
        make_catalogue(layout)  # how large it is decides what a drive has room for
        placement = place(layout.root, journal, options.drive_sizes, journal.placement(before or 0))
    progress = Progress("正在建立正文检索", quiet=options.quiet)
    sections = write_section_indexes(layout, journal, placement, progress.update, options.workers)
    if sections:
        progress.close(f"正文检索已建好，共 {sections:,} 段。")
        truth = write_truth(layout, journal, files)
    make_catalogue(layout)
    accelerators = accelerators_of(layout, files) | write_classes(layout, classes, files)
    if options.drive_sizes:
        accelerators |= write_table(layout.root, placement, journal, files)

    def described(seq: int, issued: str, edition: str, supersedes: int | None) -> Release:
        disks = write_disks(
            layout.root, lambda: placed_items(journal, placement), counts_of(placement),
            bundle=options.bundle, seq=seq, issued=issued, files=files,
        )  # fmt: skip
        return Release(
            bundle=options.bundle, seq=seq, issued=issued, edition=edition, truth=truth, accelerators=accelerators,
            disks=disks, supersedes=supersedes, count=resources, name=options.name,
        )  # fmt: skip

    release = None
    if last is not None and options.seq is None and last.truth == truth:
        again = described(last.seq, last.issued, last.edition, last.supersedes)
        release = last if again == last else None
    if release is None:
        seq = options.seq or (before or 0) + 1
        supersedes = before if before is not None and before < seq else None
        release = described(seq, options.issued, options.edition, supersedes)
    journal.set_placement(release.seq, placement, before or 0)
    return release, splits(placement, journal)


def last_signed(layout: DriveLayout, bundle: str) -> Release | None:
    """The newest release of `bundle` that was signed in this work folder, or None.

    Raises:
        FormatError: a signed release there cannot be read.
    """
    folder = layout.tuf_targets / "releases" / bundle
    found = [Release.from_bytes(path.read_bytes()) for path in folder.glob("*.json")] if folder.is_dir() else []
    return max(found, key=lambda release: release.seq, default=None)


def _write_problems(path: Path, problems: list[Problem], files: Files) -> None:
    lines = (json.dumps(asdict(p), ensure_ascii=False, sort_keys=True).encode() + b"\n" for p in problems)
    files.write_atomic(path, lines)
