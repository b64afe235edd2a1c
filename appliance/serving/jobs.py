"""One read of a drive on its way, and how urgent it is."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from concurrent.futures import Future, InvalidStateError
from enum import IntEnum

Work = Callable[[], bytes]


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
        self._when_late: Callable[[], None] | None = None

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

    def when_late(self, call: Callable[[], None]) -> None:
        """Call `call` when the job, begun, is given up at its deadline; the last one set is called, once."""
        self._when_late = call

    def late(self) -> None:
        """Say that it was given up."""
        call, self._when_late = self._when_late, None
        if call is not None:
            call()

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
