"""The queue and the reading threads of one drive."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass

from appliance.errors import DriveGoneError, SickDriveError
from appliance.serving.jobs import Job, Urgency, Work

_IDLE_SECONDS = 30.0  # a thread without work ends after this


@dataclass(frozen=True, slots=True)
class DriveState:
    """What a drive's pool looks like now.

    Attributes:
        sick: a read passed its deadline and nothing has come back since.
        queued: reads that wait for a thread.
        running: reads within their deadline.
        stuck: reads past their deadline whose threads are written off.
        oldest: seconds that the oldest running read has taken, 0.0 when none runs.
    """

    sick: bool
    queued: int
    running: int
    stuck: int
    oldest: float


@dataclass(frozen=True, slots=True)
class PoolLimits:
    """Bounds of every drive's pool.

    Attributes:
        threads: threads that read and hash; two overlap one disk arm with one core.
        deadline: seconds for one read; more than a sleeping disk needs to spin up.
        retry: seconds between two probes of a sick drive.
        stuck: threads written off before a drive is left alone until one of them comes back.
        crowd: threads of the caller's that may wait for a drive that is slow to answer.
        slow: seconds that one read may take before the drive counts as slow to answer.
    """

    threads: int = 2
    deadline: float = 20.0
    retry: float = 10.0
    stuck: int = 8
    crowd: int = 4
    slow: float = 2.0


class DrivePool:
    """The queue and the threads of one drive. All state under one condition."""

    def __init__(
        self, drive: str, limits: PoolLimits, *, started: Callable[[], None], well: Callable[[str], None]
    ) -> None:
        self._drive, self._limits, self._started, self._well = drive, limits, started, well
        self._changed = threading.Condition()
        self._queues: tuple[deque[Job], ...] = tuple(deque() for _ in Urgency)
        self._jobs: dict[Hashable, Job] = {}
        self._running: set[Job] = set()
        self._stuck: set[Job] = set()
        self._threads = self._idle = self._waiting = 0
        self._sick = self._closed = False
        self._tried = 0.0

    def submit(self, name: Hashable, work: Work, urgency: Urgency) -> Job:
        """Queue a read, or join the one of that name that is on its way.

        Raises:
            SickDriveError: the drive is sick and it is not yet time to try it again.
            DriveGoneError: the pool is closed.
        """
        with self._changed:
            if self._closed:
                raise DriveGoneError(self._drive, "it was unplugged")
            job = self._jobs.get(name)
            if job is not None:
                job.waiters += 1
                if urgency < job.urgency and not job.started:
                    job.urgency = urgency
                    self._queues[urgency].append(job)  # the copy in the slower queue is passed over later
                return job
            if self._sick or len(self._stuck) >= self._limits.stuck:
                self._probe_or_refuse()
            job = self._jobs[name] = Job(self._drive, name, work, urgency)
            self._queues[urgency].append(job)
            if not self._idle and self._threads < self._limits.threads:
                self._threads += 1
                threading.Thread(target=self._work, name=f"drive-{self._drive}", daemon=True).start()
            self._changed.notify()
            return job

    def _probe_or_refuse(self) -> None:
        now, limits = time.monotonic(), self._limits
        if now - self._tried < limits.retry or len(self._stuck) >= limits.stuck:
            wait = max(1.0, limits.retry - (now - self._tried))
            raise SickDriveError(self._drive, "it does not answer; it is tried again later", retry_after=wait)
        self._tried = now

    def leave(self, job: Job) -> None:
        """One party lost interest; a read that nobody wants and that has not begun is dropped."""
        with self._changed:
            job.waiters -= 1
            if job.waiters <= 0 and not job.started and self._jobs.get(job.name) is job:
                del self._jobs[job.name]
                for queue in self._queues:
                    while job in queue:
                        queue.remove(job)

    def wait(self, job: Job) -> bytes:
        """Wait for a job in the caller's thread; a drive may hold a few callers only for longer than it may be slow."""
        with self._changed:
            crowded = self._waiting >= self._limits.crowd
            if crowded and not job.done() and self._oldest() > self._limits.slow:
                raise self._crowded(job)
            self._waiting += 1
        try:
            if crowded and not job.wait(self._limits.slow):
                raise self._crowded(job)
            return job.result()
        finally:
            with self._changed:
                self._waiting -= 1

    def _crowded(self, job: Job) -> SickDriveError:
        self.leave(job)
        return SickDriveError(self._drive, "it is slow to answer and others wait already", retry_after=5.0)

    def _next(self) -> Job | None:
        for queue in self._queues:
            while queue:
                job = queue.popleft()
                if not job.started and not job.done():
                    return job
        return None

    def _take(self) -> Job | None:
        """The next job, or None when this thread may end."""
        with self._changed:
            job = self._next()
            while job is None:
                if self._closed:
                    break
                self._idle += 1
                woken = self._changed.wait(_IDLE_SECONDS)
                self._idle -= 1
                job = self._next()
                if job is None and not woken:
                    break
            if job is None:
                self._threads -= 1
                return None
            job.started = time.monotonic()
            self._running.add(job)
        self._started()
        return job

    def _work(self) -> None:
        while (job := self._take()) is not None:
            outcome: bytes | BaseException
            try:
                outcome = job.work()
            except BaseException as error:  # noqa: BLE001 - whoever waits must hear of it, whatever it is
                outcome = error
            surplus, recovered = self._finished(job)
            job.settle(outcome)
            del job, outcome  # an idle thread must not keep a chunk alive
            if recovered:
                self._well(self._drive)
            if surplus:
                return

    def _finished(self, job: Job) -> tuple[bool, bool]:
        """Take a job off the books. Returns (the thread is one too many, the drive is well again)."""
        with self._changed:
            if self._jobs.get(job.name) is job:
                del self._jobs[job.name]
            was_stuck = job in self._stuck
            self._stuck.discard(job)
            self._running.discard(job)
            recovered, self._sick = self._sick, False
            if not was_stuck:
                return False, recovered
            if self._threads < self._limits.threads and not self._closed:
                self._threads += 1
                return False, recovered
            return True, recovered

    def check(self, now: float) -> bool:
        """Declare the drive sick when a read is past its deadline. Returns whether it became sick now."""
        with self._changed:
            late = [job for job in self._running if now - job.started > self._limits.deadline]
            if not late:
                return False
            became = not self._sick
            self._sick, self._tried = True, now
            for job in late:
                self._running.discard(job)
                self._stuck.add(job)
                self._threads -= 1  # written off: it may never return
            told = late + self._drain()
        for job in told:
            job.settle(
                SickDriveError(self._drive, f"no answer in {self._limits.deadline:g} s", retry_after=self._limits.retry)
            )
        for job in late:
            job.late()
        return became

    def _drain(self) -> list[Job]:
        """Empty the queues. Only jobs that run within their deadline stay on the books."""
        waiting = [job for job in self._jobs.values() if job not in self._running]
        for queue in self._queues:
            queue.clear()
        self._jobs = {job.name: job for job in self._running}
        return [job for job in waiting if not job.started]

    def close(self) -> None:
        """Fail whatever waits; threads end when they are free."""
        with self._changed:
            self._closed = True
            told = [*self._jobs.values(), *self._running, *self._stuck]
            self._drain()
            self._changed.notify_all()
        for job in told:
            job.settle(DriveGoneError(self._drive, "it was unplugged"))

    def busy(self) -> bool:
        """Whether a read runs whose deadline must be watched."""
        return bool(self._running)

    def _oldest(self) -> float:
        return max((time.monotonic() - job.started for job in self._running), default=0.0)

    def state(self) -> DriveState:
        """What the pool looks like now."""
        with self._changed:
            queued = len(self._jobs) - len(self._running)
            return DriveState(self._sick, queued, len(self._running), len(self._stuck), self._oldest())
