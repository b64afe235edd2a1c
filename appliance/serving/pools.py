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
from collections.abc import Callable, Hashable

from appliance.errors import DriveGoneError
from appliance.serving.drive_pool import DrivePool, DriveState, PoolLimits
from appliance.serving.jobs import Job, Urgency, Work

__all__ = ["DrivePools", "DriveState", "Job", "PoolLimits", "Urgency"]

logger = logging.getLogger(__name__)


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
        self._pools: dict[str, DrivePool] = {}
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

    def _pool(self, drive: str) -> DrivePool:
        with self._lock:
            if self._closed:
                raise DriveGoneError(drive, "the box is shutting down")
            pool = self._pools.get(drive)
            if pool is None:
                pool = self._pools[drive] = DrivePool(drive, self.limits, started=self._busy.set, well=self._recovered)
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
