"""One small pool of reading threads per drive, with a deadline for every read.

A dying disk can block a read for minutes or for ever, and no signal ends such a read. So each drive has threads of
its own: when one read passes its deadline the drive is *sick*, everybody who waits for it is told at once, the thread
is written off, and the other drives notice nothing. After a pause one request is let through as a probe; as soon as a
read comes back, the drive is well again.

Reads of the same name are joined: whoever asks for a chunk that is already on its way gets the same job.
Most urgent first: a reader who waits for a first byte goes before a stream's next chunk, and that before reading ahead.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Hashable
from concurrent.futures import Future, InvalidStateError
from dataclasses import dataclass
from enum import IntEnum

from appliance.errors import DriveGoneError, SickDriveError

logger = logging.getLogger(__name__)

Work = Callable[[], bytes]
_IDLE_SECONDS = 30.0  # a thread without work ends after this


class Urgency(IntEnum):
    """Order in which a drive's waiting reads are taken."""

    FIRST = 0
    """Somebody waits and has seen nothing yet."""
    STREAM = 1
    """The next chunk of a stream that is running."""
    AHEAD = 2
    """A chunk that will probably be wanted."""


class Job:
    """One read on its way. Several parties may wait for it.

    Attributes:
        name: what is read; jobs of one name on one drive are the same job.
        started: `time.monotonic()` when a thread took it, 0.0 before.
    """

    def __init__(self, drive: str, name: Hashable, work: Work, urgency: Urgency) -> None:
        self.drive, self.name, self.work, self.urgency = drive, name, work, urgency
        self.started = 0.0
        self.waiters = 1
        self._future: Future[bytes] = Future()

    @classmethod
    def of(cls, value: bytes) -> Job:
        """A job that is already done."""
        job = cls("", None, bytes, Urgency.FIRST)
        job.settle(value)
        return job

    def done(self) -> bool:
        """Whether a result or an error is there."""
        return self._future.done()

    def wait(self, seconds: float) -> bool:
        """Wait up to `seconds`; whether the job is done then."""
        try:
            self._future.exception(timeout=seconds)
        except TimeoutError:
            return self.done()
        return True

    def result(self) -> bytes:
        """The bytes; waits for them. The pool's deadline ends the wait.

        Raises:
            ServingError: of the kind that the read met.
        """
        return self._future.result()

    def error(self) -> BaseException | None:
        """The error of a done job, or None."""
        return self._future.exception()

    def when_done(self, call: Callable[[], None]) -> None:
        """Call `call` once the job is done, in the thread that ends it (at once if it is done)."""
        self._future.add_done_callback(lambda _future: call())

    def settle(self, outcome: bytes | BaseException) -> bool:
        """Set the outcome unless there is one; whether this call set it."""
        try:
            if isinstance(outcome, BaseException):
                self._future.set_exception(outcome)
            else:
                self._future.set_result(outcome)
        except InvalidStateError:
            return False
        return True


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


class _DrivePool:
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
        """Wait for a job in the caller's thread; a drive that is slow to answer may hold a few callers only."""
        with self._changed:
            if not job.done() and self._waiting >= self._limits.crowd and self._oldest() > self._limits.slow:
                raise SickDriveError(self._drive, "it is slow to answer and others wait already", retry_after=5.0)
            self._waiting += 1
        try:
            return job.result()
        finally:
            with self._changed:
                self._waiting -= 1

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
        return became

    def _drain(self) -> list[Job]:
        """Empty the queues. Only jobs that run within their deadline stay on the books."""
        waiting = [job for job in self._jobs.values() if job not in self._running]
        for queue in self._queues:
            queue.clear()
        self._jobs = {job.name: job for job in self._running}
        return [job for job in waiting if not job.started]

    def close(self) -> None:
        with self._changed:
            self._closed = True
            told = [*self._jobs.values(), *self._running, *self._stuck]
            self._drain()
            self._changed.notify_all()
        for job in told:
            job.settle(DriveGoneError(self._drive, "it was unplugged"))

    def busy(self) -> bool:
        return bool(self._running)

    def _oldest(self) -> float:
        return max((time.monotonic() - job.started for job in self._running), default=0.0)

    def state(self) -> DriveState:
        with self._changed:
            queued = len(self._jobs) - len(self._running)
            return DriveState(self._sick, queued, len(self._running), len(self._stuck), self._oldest())


class DrivePools:
    """The pools of all drives, made when a drive is first read, and the watch over their deadlines.

    Threads are daemons: a read that never returns does not keep the process from ending.

    Args:
        limits: bounds of every pool.
        on_sick: called with the drive's name when it becomes sick (in the watching thread).
        on_well: called with the drive's name when a sick drive answers again (in one of its threads).
    """

    def __init__(
        self,
        limits: PoolLimits | None = None,
        *,
        on_sick: Callable[[str], None] | None = None,
        on_well: Callable[[str], None] | None = None,
    ) -> None:
        self.limits = limits or PoolLimits()
        self._on_sick, self._on_well = on_sick, on_well
        self._pools: dict[str, _DrivePool] = {}
        self._lock = threading.Lock()
        self._busy = threading.Event()
        self._closed = False
        self._watcher: threading.Thread | None = None

    def submit(self, drive: str, name: Hashable, work: Work, urgency: Urgency = Urgency.FIRST) -> Job:
        """Have `work` done by a thread of `drive`; never waits.

        Args:
            drive: the drive's name; a pool is made for a new one.
            name: what is read; equal names on one drive are read once.
            work: reads and returns the bytes; it may block for ever.
            urgency: which waiting reads go first.

        Returns:
            The job, perhaps one that others wait for already.

        Raises:
            SickDriveError: the drive is sick and it is not yet time to try it again.
            DriveGoneError: the pools are closed.
        """
        return self._pool(drive).submit(name, work, urgency)

    def wait(self, job: Job) -> bytes:
        """The job's bytes, waited for in the caller's thread, at most about one deadline.

        Raises:
            ServingError: of the kind that the read met, or SickDriveError when too many wait for a slow drive.
        """
        if job.done() or not job.drive:
            return job.result()
        return self._pool(job.drive).wait(job)

    def leave(self, job: Job) -> None:
        """Say that one party no longer wants this job."""
        if not job.done():
            with self._lock:
                pool = self._pools.get(job.drive)
            if pool is not None:
                pool.leave(job)

    def drop(self, drive: str) -> None:
        """Forget a drive that was unplugged: its waiting reads fail; a new pool is made if it comes back."""
        with self._lock:
            pool = self._pools.pop(drive, None)
        if pool is not None:
            pool.close()

    def states(self) -> dict[str, DriveState]:
        """The state of every drive that was read since it was plugged in."""
        with self._lock:
            pools = dict(self._pools)
        return {drive: pool.state() for drive, pool in pools.items()}

    def close(self) -> None:
        """Fail what waits and end the idle threads. Reads in the kernel are left to end by themselves."""
        with self._lock:
            self._closed = True
            pools, self._pools = list(self._pools.values()), {}
        for pool in pools:
            pool.close()
        self._busy.set()

    def _pool(self, drive: str) -> _DrivePool:
        with self._lock:
            if self._closed:
                raise DriveGoneError(drive, "the box is shutting down")
            pool = self._pools.get(drive)
            if pool is None:
                pool = self._pools[drive] = _DrivePool(drive, self.limits, started=self._busy.set, well=self._recovered)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="drive-watch", daemon=True)
                self._watcher.start()
            return pool

    def _recovered(self, drive: str) -> None:
        logger.warning("drive %s answers again", drive)
        if self._on_well is not None:
            self._on_well(drive)

    def _watch(self) -> None:
        """Look for late reads while any read runs; sleep otherwise."""
        tick = min(1.0, self.limits.deadline / 8)
        while not self._closed:
            self._busy.wait()
            time.sleep(tick)
            with self._lock:
                pools = dict(self._pools)
            self._busy.clear()
            for drive, pool in pools.items():
                if pool.check(time.monotonic()):
                    logger.error("drive %s does not answer: its items are refused, the other drives go on", drive)
                    if self._on_sick is not None:
                        self._on_sick(drive)
                if pool.busy():
                    self._busy.set()
