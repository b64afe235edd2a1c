"""The parent of the worker process: starts it, starts another when it ends or hangs."""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from subprocess import Popen

from appliance.keeping import Patience
from appliance.processes import end, ends, interrupt, start

_log = logging.getLogger(__name__)

HUNG_SECONDS = 300.0
"""A worker that has given no sign of life for so long is ended; it gives one with every turn, twice a second."""
BEGIN_SECONDS = 1800.0
"""So long it may take up what is on the SSD before its first turn: making thousands of files durable takes its time."""
LOST_SECONDS = 60.0
"""So long after a worker that hangs should have been replaced there is none."""
_LOOK = 0.1


class WorkerKeeper:
    """Runs the worker process and starts another when it dies or hangs."""

    def __init__(self, settings_file: Path) -> None:
        """Nothing runs before `start`."""
        self._file = settings_file
        self._stop = threading.Event()
        self._again = threading.Event()
        self._process: Popen[bytes] | None = None
        self._due = time.monotonic() + BEGIN_SECONDS
        self.before_start: Callable[[], None] = lambda: None
        """Called before every start but the first."""
        self._thread = threading.Thread(target=self._keep, name="worker-keeper", daemon=True)

    def start(self) -> None:
        """Start the worker and watch over it."""
        self._thread.start()

    def restart(self) -> None:
        """Have the worker end its turn and another go on from what is on the SSD."""
        self._again.set()

    def lives(self) -> bool:
        """Whether there is a worker that gives signs of life, or one that is about to be started."""
        return self._thread.is_alive() and time.monotonic() < self._due + LOST_SECONDS

    def leave(self) -> None:
        """Have the worker end at the next point at which it can; `close` waits for it."""
        self._stop.set()
        process = self._process
        if process is not None:
            interrupt(process)

    def close(self) -> None:
        """Stop the worker; kill it when it does not stop in time."""
        self.leave()
        if self._thread.is_alive():
            self._thread.join()
        if self._process is not None:
            end(self._process)

    def _keep(self) -> None:
        patience = Patience()
        while not self._stop.is_set():
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
            ours.setblocking(False)
            with ours:
                with theirs:
                    number = theirs.fileno()
                    self._process = start(
                        "appliance.worker", str(self._file), str(os.getpid()), str(number), keep=(number,)
                    )
                started = time.monotonic()
                self._due = started + BEGIN_SECONDS
                hung = self._watch(self._process, ours)
            if self._stop.is_set():
                return
            if hung:
                _log.error("the worker hangs and is killed")
                self._process.kill()
                ends(self._process, _LOOK)
            elif self._again.is_set():
                self._again.clear()
                end(self._process)
                self.before_start()
                continue
            wait = patience.after(time.monotonic() - started)
            self._due = time.monotonic() + wait
            _log.warning("the worker ended with %s; another starts in %.1f s", self._process.returncode, wait)
            if not self._stop.wait(wait):
                self.before_start()

    def _watch(self, process: Popen[bytes], link: socket.socket) -> bool:
        """Wait until it ends, hangs or is to end; whether it hangs."""
        while process.poll() is None and not self._stop.wait(_LOOK) and not self._again.is_set():
            try:
                while link.recv(16):
                    self._due = time.monotonic() + HUNG_SECONDS
            except OSError:  # nothing was said
                pass
            if time.monotonic() > self._due:
                return True
        return False
