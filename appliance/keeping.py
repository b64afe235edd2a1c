"""The parent of the serving process: starts it, starts another when it ends, replaces it without a gap.

It keeps the socket on which the box listens, so that a connection waits for a moment at worst while there is no serving
process, and is never refused. It imports no library of pages or drives and takes 10 MB.
"""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from appliance.processes import end, ends, interrupt, start
from appliance.serving.listening import ENOUGH, LEAVING, READY

_log = logging.getLogger(__name__)

RESTART_SECONDS = (0.5, 1.0, 2.0, 5.0, 15.0, 30.0)
"""How long to wait before a process that died is started again; one that ran for a minute starts at once."""
STEADY_SECONDS = 60.0
SERVED_SECONDS = 2.0
"""A serving process that served before it died is followed within so long: readers wait meanwhile."""
LATE_SECONDS = 10.0
"""So much longer than it may a process that leaves may take before it is ended."""
START_SECONDS = 120.0
"""A new serving process that does not say so long that it serves is given up; the old one goes on."""
MOST_LEAVING = 4
"""Processes that still let answers go out; the oldest is ended when there are more."""
_LOOK = 0.1


class Patience:
    """How long to wait after a process died, longer each time."""

    def __init__(self) -> None:
        """Nothing died yet."""
        self._deaths = 0

    def after(self, ran: float) -> float:
        """Seconds to wait after a process that ran for `ran` seconds."""
        self._deaths = 0 if ran > STEADY_SECONDS else self._deaths + 1
        return RESTART_SECONDS[min(self._deaths, len(RESTART_SECONDS)) - 1] if self._deaths else 0.0


class Serving:
    """One serving process and what it has said."""

    def __init__(self, process: Popen[bytes], link: socket.socket) -> None:
        """It was started now."""
        self.process, self.link = process, link
        self.started = self.left = time.monotonic()
        self.ready = self.leaving = self._silent = False

    def listen(self) -> None:
        """Hear what it says."""
        try:
            while word := self.link.recv(64):
                self.ready, self.leaving = self.ready or word == READY, self.leaving or word == LEAVING
            self._silent = True
        except BlockingIOError:  # nothing more to hear now
            pass
        except OSError:
            self._silent = True

    def stop(self) -> None:
        """Have it accept no more, let its answers go out, and end."""
        with contextlib.suppress(OSError):  # it has ended
            self.link.send(ENOUGH)

    @property
    def gone(self) -> bool:
        """Whether it accepts no more: it said so, or it has ended."""
        self.listen()
        return self.leaving or self._silent or self.process.poll() is not None


class ServingKeeper:
    """Runs a serving process, another when it ends, and another in its place when told so.

    The next one accepts connections before the last one is told to leave; one that cannot start changes nothing.

    Args:
        settings_file: read by each new process.
        listener: bound and listening; stays the caller's, who closes it before the end.
        leave_seconds: how long a process that leaves may let answers go out.
        failed: called when the very first process cannot start.
    """

    def __init__(
        self, settings_file: Path, listener: socket.socket, leave_seconds: float, failed: Callable[[], None]
    ) -> None:
        self._file, self._listener, self._leave_seconds, self._failed = settings_file, listener, leave_seconds, failed
        self._stop = threading.Event()
        self._again = threading.Event()
        self._all: list[Serving] = []
        self._served = False
        self.on_replaced: Callable[[], None] = lambda: None
        """Called when what `restart` asked for is done, or could not be done."""
        self.before_start: Callable[[bool], None] = lambda _died: None
        """Called before every start but the first; whether the process before ended by itself."""
        self._thread = threading.Thread(target=self._keep, name="serving-keeper", daemon=True)

    def start(self) -> None:
        """Start the first process and watch over it."""
        self._thread.start()

    def starts(self) -> bool:
        """Whether the first process is still on its way to serve."""
        return self._thread.is_alive() and not self._served

    def restart(self) -> None:
        """Replace the process without refusing or cutting anybody; when the one before it has ended.

        Each takes up to 180 MB of memory: a storm of restarts must not leave more than two.
        """
        self._again.set()

    def close(self, *, gently: bool = False) -> None:
        """Stop all; in a few seconds, or gently: answers that are under way may take as long as at a restart.

        The caller's socket must be closed before, or connections would wait for nobody.
        """
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()
        until = time.monotonic() + self._leave_seconds + 1
        for one in self._all:
            if gently:
                one.stop()
            else:
                interrupt(one.process)
        for one in self._all:
            if gently:
                ends(one.process, max(0.0, until - time.monotonic()))
            end(one.process)
            one.link.close()

    def _keep(self) -> None:
        patience, current = Patience(), self._started()
        while not self._stop.wait(_LOOK):
            gone = current.gone
            self._served = self._served or current.ready
            if gone:
                if not self._served:
                    self._failed()
                    return
                if not current.leaving:
                    wait = patience.after(time.monotonic() - current.started)
                    wait = min(wait, SERVED_SECONDS) if current.ready else wait
                    ends(current.process, _LOOK)  # its end of the pipe closes before the system tells its exit code
                    _log.error("serving ended with %s; it starts again in %.1f s", current.process.returncode, wait)
                    self._stop.wait(wait)
                self.before_start(not current.leaving)
                current.left, current = time.monotonic(), self._started()
            elif self._again.is_set() and current.ready and self._all == [current]:
                self._again.clear()
                current = self._replaced(current)
                self.on_replaced()
            self._tidy(current)

    def _started(self) -> Serving:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)  # words keep apart
        ours.setblocking(False)
        with theirs:
            numbers = self._listener.fileno(), theirs.fileno()
            process = start("appliance.serving_process", str(self._file), *map(str, numbers), keep=numbers)
        self._all.append(made := Serving(process, ours))
        return made

    def _replaced(self, current: Serving) -> Serving:
        """The next process, once it serves; the current one when the next does not come to it."""
        self.before_start(False)
        following = self._started()
        until = time.monotonic() + START_SECONDS
        while not following.gone and not following.ready and not self._stop.wait(_LOOK) and time.monotonic() < until:
            pass
        if not following.ready or following.gone:
            _log.error("the new serving process does not serve; the old one goes on")
            end(following.process)
            return current
        _log.info("another serving process has taken over")
        current.left = time.monotonic()
        current.process.terminate()
        return following

    def _tidy(self, current: Serving) -> None:
        """Forget processes that have ended, end those that are late."""
        leaving = [one for one in self._all if one is not current]
        for n, one in enumerate(reversed(leaving)):
            late = time.monotonic() - one.left > self._leave_seconds + LATE_SECONDS
            if late or n >= MOST_LEAVING or one.process.poll() is not None:
                end(one.process, 0.0 if late else LATE_SECONDS)
                one.link.close()
                self._all.remove(one)
