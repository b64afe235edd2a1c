"""In the parent: asks the serving process as a reader would, and tells the system what comes of it.

`READY=1` follows the first answer, not the start of a process. `WATCHDOG=1` follows every answer while the worker
lives; a process that hangs is passed over in silence, and the system starts the service again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.service.asking import Health
    from appliance.service.notify import Notifier

_log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
"""How often it is asked where no watchdog waits."""
PINGS = 4
"""So many signs of life in the time after which the system starts us again."""
STARTING_SECONDS = 60.0
"""A start that goes on asks for so much more time, again and again."""


class Watchdog:
    """Asks, again and again, in a thread of its own.

    Args:
        notifier: tells the system.
        ask: asks the serving process, for so many seconds at most; None: no answer.
        worker_lives: whether there is a worker that works, or one about to be started.
        starting: whether a first start still goes on.
    """

    def __init__(
        self,
        notifier: Notifier,
        ask: Callable[[float], Health | None],
        worker_lives: Callable[[], bool],
        starting: Callable[[], bool],
    ) -> None:
        self._notifier, self._ask, self._worker_lives, self._starting = notifier, ask, worker_lives, starting
        patience = notifier.watchdog_seconds
        self._pause = min(LOOK_SECONDS, patience / PINGS) if patience else LOOK_SECONDS
        self._longest = max(1.0, patience / 2) if patience else LOOK_SECONDS
        self._ready = self._silent = False
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)

    def start(self) -> None:
        """Begin to ask."""
        self._thread.start()

    def replacing(self) -> None:
        """The processes are being replaced."""
        with self._lock:
            if self._ready:
                self._notifier.reloading()

    def replaced(self) -> None:
        """They are, or the old ones go on."""
        with self._lock:
            if self._ready:
                self._notifier.ready()

    def close(self) -> None:
        """Say that the service ends, and ask no more. It is the last that is said."""
        with self._lock:
            self._stop.set()
            self._notifier.stopping()

    def _watch(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            try:
                self._look()
            except Exception:  # noqa: BLE001 - a watchdog that ends would end the box
                _log.exception("the box could not be asked")
            pause = self._pause if self._ready else min(self._pause, 0.25)
            self._stop.wait(max(0.05, pause - (time.monotonic() - began)))

    def _look(self) -> None:
        health = self._ask(self._longest)
        lives = health is not None and self._worker_lives()
        with self._lock:
            if not self._stop.is_set():
                self._tell(health, lives=lives)

    def _tell(self, health: Health | None, *, lives: bool) -> None:
        if health is None:
            self._unanswered()
            return
        self._notifier.status(health.line)
        if not self._ready:
            self._ready = True
            self._notifier.ready()
        if lives:
            self._notifier.alive()
        self._note(silent=not lives)

    def _unanswered(self) -> None:
        if not self._ready:
            if self._starting():
                self._notifier.takes_longer(STARTING_SECONDS)
            return
        self._note(silent=True)

    def _note(self, *, silent: bool) -> None:
        if silent and not self._silent:
            _log.warning("the serving process does not answer, or the worker does not work: no sign of life is given")
        self._silent = silent
