"""The thread of one place where a drive can be: everything that touches the drive's disk happens here.

A disk that never answers holds this thread and no other. The driver sees that by `quiet_for` and goes on without it;
when the drive is at last unmounted the thread comes back by itself, finds that it is closed and ends.
"""

from __future__ import annotations

import errno
import logging
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import IntakeError
from appliance.intake.following import Rest
from appliance.intake.look import Glance, glance
from appliance.intake.mounts import Candidate
from appliance.intake.states import Refused, Short, Told
from appliance.intake.taking import Parcel, PayloadMissingError
from appliance.intake.trusting import Stopped
from appliance.store.holdings import Message
from packager.format.errors import FormatError, TrustError
from packager.format.release import Admission

_log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
SETTLE_SECONDS = 0.4
LEAST_ROOM = 1 << 20
"""Bytes without which the SSD counts as full: judging a drive writes its metadata and the trusted list."""

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
"""Reading a drive never ends so: our own disk is meant, and the drive is not to blame."""


@dataclass(frozen=True, slots=True)
class Looked:
    """A look was taken."""

    glance: Glance


@dataclass(frozen=True, slots=True)
class Admitted:
    """The trust job ended well."""

    attempt: int
    admission: Admission


@dataclass(frozen=True, slots=True)
class Brought:
    """The copy job ended well."""

    attempt: int
    parcel: Parcel


@dataclass(frozen=True, slots=True)
class Followed:
    """The job that follows ended well."""

    attempt: int
    rest: Rest


@dataclass(frozen=True, slots=True)
class Progressed:
    """The job has done so many bytes of so many."""

    attempt: int
    done: int
    total: int


News = Looked | Admitted | Brought | Followed | Progressed | Refused | Told | Short
Result = Admission | Message | Parcel | Rest
Job = Callable[["Place"], Result]


class Place:
    """One place and its thread."""

    def __init__(self, candidate: Candidate, tell: Callable[[Place, News], None]) -> None:
        """Begin to look.

        Args:
            candidate: where; the driver replaces it when the mount changes.
            tell: takes news, from this place's thread; it must not block.
        """
        self.candidate = candidate
        self.watched: tuple[str, ...] = ()
        self._tell = tell
        self._jobs: queue.Queue[tuple[int, Job, threading.Event] | None] = queue.Queue()
        self._stop = self._running = threading.Event()
        self._closed = threading.Event()
        self._attempt = 0
        self._touched = time.monotonic()
        self._working = False
        self._told = 0.0
        self._thread = threading.Thread(target=self._run, name=f"drive {candidate.folder.name}", daemon=True)
        self._thread.start()

    @property
    def folder(self) -> Path:
        """Where the drive is."""
        return self.candidate.folder

    @property
    def quiet_for(self) -> float:
        """Seconds since the disk last answered while something was asked of it; 0 when nothing is asked."""
        return time.monotonic() - self._touched if self._working else 0.0

    def look_now(self) -> None:
        """Look without waiting for the next turn; a storm of hints makes one look."""
        if self._jobs.empty():
            self._jobs.put(None)

    def begin(self, attempt: int, job: Job) -> None:
        """Do a job after what is being done; its result carries `attempt`."""
        self._stop.set()  # what an older attempt still does is of no use
        self._stop = threading.Event()
        self._jobs.put((attempt, job, self._stop))

    def stop(self) -> None:
        """Break off running work as soon as the disk answers."""
        self._stop.set()

    def close(self) -> None:
        """End the thread, at once or when its disk answers."""
        self._closed.set()
        self._stop.set()
        self._jobs.put(None)

    def join(self, seconds: float) -> None:
        """Wait for the thread to end."""
        self._thread.join(seconds)

    @property
    def stopping(self) -> threading.Event:
        """Set when running work is to be broken off."""
        return self._running

    def alive(self) -> None:
        """The disk has answered the running job.

        Raises:
            Stopped: the work is to be broken off.
        """
        if self._running.is_set():
            raise Stopped
        self._touched = time.monotonic()

    def progress(self, done: int, total: int) -> None:
        """Count bytes of the running job; tells the driver now and then.

        Raises:
            Stopped: the work is to be broken off.
        """
        self.alive()
        if self._touched - self._told > 1:
            self._told = self._touched
            self._tell(self, Progressed(self._attempt, done, total))

    def _run(self) -> None:
        wait = 0.0
        while not self._closed.is_set():
            self.turn(wait)
            wait = LOOK_SECONDS

    def turn(self, wait: float) -> None:
        """Do one job if one comes within `wait` seconds, then look; for this place's thread."""
        try:
            job = self._jobs.get(timeout=wait) if wait else self._jobs.get_nowait()
        except queue.Empty:
            job = None
        self._touched, self._working = time.monotonic(), True
        if job is not None:
            self._do(*job)
        if self._closed.is_set():
            return
        self._touched = time.monotonic()
        found = glance(self.candidate, self.watched)
        self._working = False
        self._tell(self, Looked(found))

    def _do(self, attempt: int, job: Job, stop: threading.Event) -> None:
        self._attempt, self._running = attempt, stop
        try:
            result = job(self)
        except Stopped:
            return
        except IntakeError as error:
            self._tell(self, Short(attempt, Message(error.sentence, error.params)))
        except TrustError as error:
            self.watched = error.missing if isinstance(error, PayloadMissingError) else ()
            _log.warning("drive in %s is refused: %s", self.folder.name, error)
            self._tell(self, Refused(attempt, Message(error.sentence, dict(error.params))))
        except (OSError, FormatError) as error:
            _log.warning("drive in %s cannot be taken in: %s", self.folder.name, error)
            if getattr(error, "errno", 0) in _FULL:
                self._tell(self, Short(attempt, Message("space.intake_waits", {"size": LEAST_ROOM})))
            else:
                self._tell(self, Refused(attempt, Message("intake.refused.unreadable")))
        except Exception:  # noqa: BLE001 - one bad drive never stops another
            _log.exception("drive in %s cannot be taken in", self.folder.name)
            self._tell(self, Refused(attempt, Message("intake.refused.unreadable")))
        else:
            self._tell(self, _news_of(attempt, result))


def _news_of(attempt: int, result: Result) -> News:
    """What a job that ended well has to tell."""
    if isinstance(result, Message):
        return Told(attempt, result)
    if isinstance(result, Rest):
        return Followed(attempt, result)
    return Brought(attempt, result) if isinstance(result, Parcel) else Admitted(attempt, result)
