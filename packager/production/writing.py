"""From the command to the bench: which targets, which numbers, what was done; and the report."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from packager.format.release import canonical_json
from packager.production.bench import Bench, BenchOptions, Job, Outcome
from packager.production.errors import TargetError, WriteError
from packager.production.geometry import MARK_AT
from packager.production.mark import MARK_SIZE, Mark, read_mark
from packager.production.run_journal import RunJournal, Subject
from packager.production.serials import following
from packager.production.targets import Permission, Target, check_identities, judge
from provisioning.disks.gpt import SECTOR

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from packager.format.files import Files
    from packager.production.bench import Running
    from packager.production.facts import ImageFacts
    from provisioning.disks.machine import Machine


@dataclass(frozen=True, slots=True)
class Refusal:
    """A target that may not be written. n: its place on the bench; error: why."""

    n: int
    path: Path
    error: TargetError


class RefusedError(Exception):
    """At least one target may not be written, so none was touched; `refusals` in the order of the targets."""

    def __init__(self, refusals: Sequence[Refusal]) -> None:
        self.refusals = tuple(refusals)
        super().__init__("; ".join(str(refusal.error) for refusal in refusals))


def plan_jobs(
    facts: ImageFacts, paths: Sequence[Path], first: str, records: Path, machine: Machine, permission: Permission
) -> list[Job]:
    """Judge every target and give every drive its number. Nothing is written.

    A disk that an interrupted run has begun keeps the number of that run, whatever its place on the bench is now.

    Args:
        facts: of the image.
        paths: the targets, in the order of the bench.
        first: number of the first drive; the others follow.
        records: folder of records on the PC.
        machine: where it is.
        permission: what is allowed.

    Raises:
        RefusedError: a target may not be written.
        ValueError: `first` is no number of a drive.
    """
    marks = [_own_mark(facts, path, records) for path in paths]
    targets: list[Target] = []
    refusals: list[Refusal] = []
    for n, (path, mark) in enumerate(zip(paths, marks, strict=True), 1):
        try:
            targets.append(judge(path, machine, facts.size, permission, own=mark is not None))
        except TargetError as error:
            refusals.append(Refusal(n, path, error))
    if not refusals:
        try:
            check_identities(targets, permission)
        except TargetError as error:
            refusals.append(Refusal(0, paths[0], error))
    if refusals:
        raise RefusedError(refusals)
    kept = {mark.serial for mark in marks if mark is not None}
    free = iter([serial for serial in following(first, len(paths) + len(kept)) if serial not in kept])
    return [
        Job(n, target, mark.serial if mark is not None else next(free))
        for n, (target, mark) in enumerate(zip(targets, marks, strict=True), 1)
    ]


def check_jobs(paths: Sequence[Path], machine: Machine) -> list[Job]:
    """The targets of a check: these are only read, so only whether they are there is judged.

    Raises:
        RefusedError: one is not there.
    """
    missing = [
        Refusal(n, path, TargetError("desk.drive.not_disk", f"{path} is not there", item=str(path)))
        for n, path in enumerate(paths, 1)
        if not path.is_file() and machine.numbers(path) is None
    ]
    if missing:
        raise RefusedError(missing)
    jobs = []
    for n, path in enumerate(paths, 1):
        numbers = machine.numbers(path)
        disk = machine.disk(numbers) if numbers else None
        model, identity, size = (disk.model, disk.serial, disk.size) if disk else ("", path.name, 0)
        jobs.append(Job(n, Target(path, numbers is not None, size, model, identity), ""))
    return jobs


def write_all(
    facts: ImageFacts, image: Path, jobs: Sequence[Job], options: BenchOptions, files: Files,
    show: Callable[[Sequence[Running]], None] = lambda _: None,
) -> list[Outcome]:  # fmt: skip
    """Write or check all drives; see `bench.Bench`."""
    return Bench(facts, image, options, files).run(jobs, show)


def report(facts: ImageFacts, outcomes: Sequence[Outcome], options: BenchOptions) -> bytes:
    """A JSON document with what became of every drive, for programs."""
    return canonical_json(
        {
            "check": options.check,
            "date": options.date,
            "drives": [_of(outcome) for outcome in outcomes],
            "format": "shuxiang-report-1",
            "image_sha256": facts.sha256,
            "release": facts.release.target,
            "used_bytes": facts.used,
        }
    )


def _of(outcome: Outcome) -> dict[str, Any]:
    job = outcome.job
    return {
        "cloned": asdict(outcome.cloned) if outcome.cloned else None,
        "done": outcome.done,
        "hardware": {"model": job.target.model, "serial": job.target.identity},
        "n": job.n,
        "reason": outcome.reason,
        "seconds": round(outcome.seconds),
        "sentence": outcome.sentence,
        "serial": job.serial,
        "target": str(job.target.path),
    }


def _own_mark(facts: ImageFacts, path: Path, records: Path) -> Mark | None:
    """The mark on a target, when the journal of that drive on this PC says that it wrote it."""
    mark = _mark_on(path)
    journal_path = records / mark.serial / "journal.db" if mark else None
    if mark is None or journal_path is None or not journal_path.is_file():
        return None
    try:
        with RunJournal(journal_path) as journal:
            size = _size(path)
            return mark if journal.mark(Subject(facts.sha256, size, mark.serial)) == mark else None
    except WriteError:
        return None  # held by another run, which writes this very disk


def _mark_on(path: Path) -> Mark | None:
    try:
        handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        return read_mark(os.pread(handle, MARK_SIZE, MARK_AT))
    except OSError:
        return None
    finally:
        os.close(handle)


def _size(path: Path) -> int:
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return os.lseek(handle, 0, os.SEEK_END) // SECTOR * SECTOR
    finally:
        os.close(handle)
