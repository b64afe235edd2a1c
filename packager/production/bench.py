"""Several drives at a time: each in a thread of its own, and none waits for another.

A drive that fails ends its own thread. A drive that does not answer within the deadline is given up: its thread may
hang in the kernel for ever, the others go on and the report is written all the same.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from packager.errors import DriveError
from packager.format.layout import INFO_NAME
from packager.production.certificate import CERTIFICATE, SEGMENTS, SERIAL, DriveFacts, certificate, serial_text
from packager.production.cloning import Clone, Cloned
from packager.production.errors import TargetError
from packager.production.facts import ImageFacts
from packager.production.fat import make_fat
from packager.production.geometry import moment_of, named_uuid
from packager.production.label import LABEL, Label, label_page
from packager.production.readme import README, Sender, info_document, readme
from packager.production.run_journal import RunJournal
from provisioning.disks.medium import DiskMedium, Medium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from packager.format.files import Files
    from packager.production.targets import Target

_TICK = 0.05
"""Seconds between two looks at the threads."""
_LOOKS_A_SHOW = 4


@dataclass(frozen=True, slots=True)
class BenchOptions:
    """How drives are written.

    Attributes:
        records: folder on the PC; below it one folder a drive with its journal, certificate and label.
        date: ISO day, for the certificates. person: who does it.
        sender: who stands behind the drives.
        deadline: seconds without any answer after which a drive is given up.
        whole: write also what nothing uses.
        check: only read back and compare.
    """

    records: Path
    date: str
    person: str = ""
    sender: Sender = field(default_factory=Sender)
    deadline: float = 120.0
    whole: bool = False
    check: bool = False


@dataclass(frozen=True, slots=True)
class Job:
    """One drive to write. n: its place on the bench, from 1; serial: the number that it gets, empty for a check."""

    n: int
    target: Target
    serial: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a drive.

    Attributes:
        job: which. cloned: what was done, None when it failed.
        sentence, params: key and values of what staff read when it failed. reason: the same for the log.
        seconds: how long it took.
    """

    job: Job
    cloned: Cloned | None
    sentence: str
    reason: str
    seconds: float
    params: Mapping[str, str | int] = field(default_factory=dict)

    @property
    def done(self) -> bool:
        """Whether the drive is complete."""
        return self.cloned is not None


class Running:
    """A job under way; written by its thread, read by the one that shows it.

    Attributes:
        phase: what it is about. phase_done: bytes of that. outcome: at the end.
    """

    def __init__(self, job: Job, clock: Callable[[], float]) -> None:
        self.job = job
        self.phase, self.phase_done = "", 0
        self.outcome: Outcome | None = None
        self._clock = clock
        self._begun = self._heard = clock()
        self._stop = False

    def listen(self, phase: str, count: int) -> None:
        """Hear of a step; raises when the job was given up."""
        if self._stop:
            raise _StoppedError
        self.phase, self.phase_done = phase, (self.phase_done + count if phase == self.phase else count)
        self._heard = self._clock()

    def silent_for(self) -> float:
        """Seconds since the drive answered."""
        return self._clock() - self._heard

    def end(self, cloned: Cloned | None, sentence: str = "", reason: str = "", **params: str | int) -> None:
        """Give the outcome, unless there is one."""
        if self.outcome is None:
            seconds = round(self._clock() - self._begun, 1)
            self.outcome = Outcome(self.job, cloned, sentence, reason, seconds, params)

    def stop(self) -> None:
        """Have its thread end at the next step."""
        self._stop = True


class _StoppedError(Exception):
    """The job was given up while its thread was still at work."""


class Bench:
    """Writes one image to several targets."""

    def __init__(
        self, facts: ImageFacts, image: Path, options: BenchOptions, files: Files, *,
        open_medium: Callable[[Job], Medium] | None = None, clock: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        """Name what takes part; `open_medium` opens a job's target, `clock` tells seconds."""
        self._facts, self._image, self._options, self._files, self._clock = facts, image, options, files, clock
        self._open = open_medium or self._open_disk

    def run(self, jobs: Sequence[Job], show: Callable[[Sequence[Running]], None] = lambda _: None) -> list[Outcome]:
        """Write all; returns when every drive is done, has failed or was given up.

        Args:
            jobs: the drives.
            show: called a few times a second with all of them.
        """
        running = [Running(job, self._clock) for job in jobs]
        threads = [threading.Thread(target=self._one, args=(r,), name=f"drive-{r.job.n}", daemon=True) for r in running]
        for thread in threads:
            thread.start()
        looks = 0
        try:
            while any(r.outcome is None for r in running):
                time.sleep(_TICK)
                for r in running:
                    if r.outcome is None and r.silent_for() > self._options.deadline:
                        r.stop()
                        r.end(None, "desk.drive.silent", f"no answer for {self._options.deadline:.0f} s")
                looks += 1
                if looks % _LOOKS_A_SHOW == 0:
                    show(running)
        except BaseException:
            for r in running:
                r.stop()
            for thread in threads:
                thread.join(2)
            raise
        return [r.outcome for r in running if r.outcome is not None]

    def _one(self, running: Running) -> None:
        try:
            running.end(self._check(running) if self._options.check else self._write(running))
        except DriveError as error:
            running.end(None, error.sentence, error.reason, **error.params)
        except OSError as error:
            sentence = "desk.drive.in_use" if error.errno == errno.EBUSY else "desk.drive.faulty"
            running.end(None, sentence, f"{error.strerror or error}")
        except _StoppedError:
            running.end(None, "desk.drive.silent", "stopped")
        except Exception as error:  # noqa: BLE001 - whatever it is, the other drives go on
            running.end(None, "desk.drive.faulty", f"{type(error).__name__}: {error}")

    def _check(self, running: Running) -> Cloned:
        with self._opened(running.job) as (image, medium), RunJournal(Path(":memory:")) as journal:
            return Clone(self._facts, image, medium, journal, "", running.listen).check()

    def _write(self, running: Running) -> Cloned:
        job, whole = running.job, self._options.whole
        folder = self._options.records / job.serial
        self._files.make_dir(folder)
        small = folder / "small.fat"
        with self._opened(job) as (image, medium), RunJournal(folder / "journal.db") as journal:
            clone = Clone(self._facts, image, medium, journal, job.serial, running.listen, whole=whole)
            try:
                return clone.run(lambda cloned: self._own_part(job, medium.size, cloned, small))
            finally:
                small.unlink(missing_ok=True)

    @contextmanager
    def _opened(self, job: Job) -> Iterator[tuple[int, Medium]]:
        """The image, as a descriptor, and the target."""
        image = os.open(self._image, os.O_RDONLY | os.O_CLOEXEC)
        try:
            medium = self._open(job)
            try:
                if job.target.device and job.target.size not in {0, medium.size}:
                    raise TargetError(
                        "desk.drive.wrong_disk", "another disk came in its place", item=job.target.identity
                    )
                yield image, medium
            finally:
                medium.close()
        finally:
            os.close(image)

    def _own_part(self, job: Job, size: int, cloned: Cloned, small: Path) -> Path:
        """Make the drive's papers, keep them on the PC, and put them into its small partition."""
        facts, options = self._facts, self._options
        drive = DriveFacts(job.serial, job.target.model, job.target.identity, size, options.date, options.person)
        papers = {
            INFO_NAME: info_document(facts.release, facts.disk.n),
            README: readme(facts.release, facts.disk.n, options.sender, job.serial),
            SERIAL: serial_text(job.serial),
            CERTIFICATE: certificate(facts, drive, cloned, options.sender),
            SEGMENTS: facts.segment_list(),
            LABEL: label_page([Label(facts.release, facts.disk.n, job.serial, options.sender)]),
        }
        for name in (CERTIFICATE, SEGMENTS, LABEL):
            self._files.write_atomic(small.parent / name, papers[name])
        volume = named_uuid(f"volume {job.serial}").int & 0xFFFFFFFF
        make_fat(small, facts.geometry.fat_size, papers, volume, moment_of(facts.release.issued))
        return small

    def _open_disk(self, job: Job) -> Medium:
        path = job.target.path
        if not job.target.device and not self._options.check and job.target.size < self._facts.size:
            with path.open("ab") as file:
                file.truncate(self._facts.size)
        return DiskMedium(path, read_only=self._options.check)
