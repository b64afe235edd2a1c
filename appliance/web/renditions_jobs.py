"""Renditions as jobs in threads of their own: no thread that answers readers waits for a parser.

A request that needs one is parked (`appliance.serving.channel.Parked`) and runs again when it is there. What could not
be made is remembered, for the bytes are the signed ones and will not get better; and a work whose files use up their
limits again and again rests, so that one bad work cannot hold the parsers that all share.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from flask import has_request_context, request

from appliance.errors import BusyError
from appliance.serving.channel import LINK
from appliance.serving.jobs import Job, Urgency
from appliance.web.bytes import GRACE
from appliance.web.renditions_turns import ReadersInTurn
from indexer.errors import RenditionError, RenditionLimitError

if TYPE_CHECKING:
    from appliance.serving.channel import Link

_log = logging.getLogger(__name__)
_T = TypeVar("_T")

MAX_WAITING = 200
"""Jobs that wait for their turn; who comes then is asked to come again."""
MAX_WAITING_EACH = 60
"""Of them for one reader's address, so that there is room for the others."""
LONGEST_WAIT = 60.0
"""Seconds that a thread waits when a request may not be parked any more."""
MAX_HELD = 4
"""Threads that may wait so; the others answer readers meanwhile."""
REST_SECONDS = 600.0
"""How long a rendition that used up its limits is not tried again, and a work that did so `STRIKES` times on end."""
STRIKES = 3
_REMEMBERED = 2000


class RenditionJob(Job):
    """One rendition on its way; `value` is what was made."""

    def __init__(self, name: Hashable, work: Callable[[], Any], owner: str = "") -> None:
        super().__init__("", name, bytes, Urgency.FIRST)
        self._make, self.owner = work, owner
        self.value: Any = None

    def make(self) -> Exception | None:
        """Make `value`; the error when that fails, for those who wait."""
        try:
            self.value = self._make()
        except Exception as error:  # noqa: BLE001 - whoever waits for it gets it
            return error
        return None


class RenditionJobs:
    """Runs jobs, the same one once however many ask for it. Thread-safe.

    Readers take turns, by their addresses: who leafs through a heavy book keeps nobody waiting for longer than the
    jobs that run already.

    Args:
        threads: jobs at a time, as many as the sandbox takes at a time.
        clock: seconds that only grow.
    """

    def __init__(self, threads: int = 2, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pool = ThreadPoolExecutor(threads, "rendition")
        self._turns = ReadersInTurn[RenditionJob]()
        self._clock = clock
        self._lock = threading.Lock()
        self._held = threading.BoundedSemaphore(MAX_HELD)
        self._jobs: dict[Hashable, RenditionJob] = {}
        self._failed: OrderedDict[Hashable, tuple[RenditionError, float]] = OrderedDict()
        self._strikes: OrderedDict[str, tuple[int, float]] = OrderedDict()
        self._closed = False

    def result(self, name: Hashable, work: Callable[[], _T], *, owner: str) -> _T:
        """What `work` makes, or made for another request.

        Args:
            name: stands for the bytes and for what is made of them.
            work: makes it, in another thread.
            owner: the work that it belongs to.

        Raises:
            Parked: it takes longer; let it pass.
            BusyError: too many wait.
            RenditionError: it cannot be made, or could not a while ago.
            ServingError: its bytes cannot be had.
        """
        link: Link | None = request.environ.get(LINK) if has_request_context() else None
        settled = link.settled(name) if link is not None else None
        job = settled if isinstance(settled, RenditionJob) else self._submit(name, work, owner)
        if link is not None and not job.wait(GRACE):
            link.park(job)
        if not job.done():
            self._wait(job, bounded=link is not None)
        job.result()
        value: _T = job.value
        return value

    def _wait(self, job: Job, *, bounded: bool) -> None:
        """Wait in this thread; among those that answer readers only a few may."""
        if bounded and not self._held.acquire(blocking=False):
            raise BusyError("too many threads wait for renditions")
        try:
            if not job.wait(LONGEST_WAIT):
                raise BusyError("a rendition takes too long")
        finally:
            if bounded:
                self._held.release()

    def close(self) -> None:
        """Take no more jobs; those that wait fail."""
        with self._lock:
            self._closed = True
            waiting = list(self._jobs.values())
        self._pool.shutdown(wait=False, cancel_futures=True)
        for job in waiting:
            job.settle(BusyError("the box is shutting down"))

    def _submit(self, name: Hashable, work: Callable[[], Any], owner: str) -> RenditionJob:
        reader = request.remote_addr or "" if has_request_context() else ""
        with self._lock:
            job = self._jobs.get(name)
            if job is not None:
                if not job.started and self._turns.waiting(reader) < MAX_WAITING_EACH:
                    self._turns.add(reader, job)  # it comes when it is the turn of either of them
                return job
            self._refuse_known(name, owner)
            full = len(self._jobs) >= MAX_WAITING or self._turns.waiting(reader) >= MAX_WAITING_EACH
            if self._closed or full:
                raise BusyError("too many renditions wait")
            job = self._jobs[name] = RenditionJob(name, work, owner)
            self._turns.add(reader, job)
            self._pool.submit(self._run_next)
            return job

    def _run_next(self) -> None:
        """Run the job of the reader whose turn it is; one call stands for each job."""
        with self._lock:
            job = self._turns.next()
            while job is not None and job.started:  # it was asked for by two
                job = self._turns.next()
            if job is None:
                return
            job.started = time.monotonic()
        self._run(job, job.owner)

    def _refuse_known(self, name: Hashable, owner: str) -> None:
        error, until = self._failed.get(name, (None, 0.0))
        if error is not None and self._clock() < until:
            raise error
        if (rests := self._resting(owner)) is not None:
            raise rests

    def _resting(self, owner: str) -> RenditionLimitError | None:
        count, until = self._strikes.get(owner, (0, 0.0))
        if count < STRIKES or self._clock() >= until:
            return None
        return RenditionLimitError(f"{owner} used up its limits {count} times and rests")

    def _run(self, job: RenditionJob, owner: str) -> None:
        with self._lock:
            rests = self._resting(owner)  # since this job was asked for
            if rests is not None:
                self._jobs.pop(job.name, None)
        if rests is not None:
            job.settle(rests)
            return
        error = job.make()
        with self._lock:  # before anybody is told: who asks again must not meet this job
            self._jobs.pop(job.name, None)
            if error is None:
                self._strikes.pop(owner, None)
            elif isinstance(error, RenditionLimitError):
                self._strike(job.name, error, owner)
            elif isinstance(error, RenditionError):
                self._remember(self._failed, job.name, (error, float("inf")))
        job.settle(b"" if error is None else error)

    def _strike(self, name: Hashable, error: RenditionLimitError, owner: str) -> None:
        until = self._clock() + REST_SECONDS
        count, before = self._strikes.get(owner, (0, 0.0))
        count = count + 1 if self._clock() < before else 1
        self._remember(self._failed, name, (error, until))
        self._remember(self._strikes, owner, (count, until))
        if count == STRIKES:
            _log.warning("%s used up its limits %d times and rests for %d s: %s", owner, count, REST_SECONDS, error)

    @staticmethod
    def _remember(shelf: OrderedDict[Any, Any], key: Hashable, value: Any) -> None:
        shelf[key] = value
        shelf.move_to_end(key)
        while len(shelf) > _REMEMBERED:
            shelf.popitem(last=False)
