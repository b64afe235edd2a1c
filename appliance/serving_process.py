"""The serving process: pages, API and verified bytes, on a socket that its parent keeps.

Told to leave (SIGTERM), it accepts nothing more, says so to its parent, which starts another, and lets the answers that
are under way go out. Told by its parent that the box stops, it does the same; by SIGINT, or when its parent is gone,
it does so in three seconds.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from appliance.clock import RealClock
from appliance.errors import ApplianceError
from appliance.serve import ServingBox
from appliance.service.ground import ground_of, settled
from appliance.service.journal import set_up_logging
from appliance.service.troubles import SERVING, keep_troubles
from appliance.serving.listening import ENOUGH, LEAVING, READY
from appliance.serving.server import VerifyingServer, make_server
from appliance.settings import Settings, load_settings
from packager.format.files import RealFiles

_log = logging.getLogger(__name__)

STOP_SECONDS = 3.0
"""Answers that are under way may take so long when the box is told to stop."""
IDLE_SECONDS = 2.0
"""A kept connection that is idle may ask once more for so long, and is told to connect anew."""


def main(settings_file: Path, listener: socket.socket, parent: socket.socket) -> None:
    """Serve on `listener` until told to leave or to stop; the exit code is 0 then, 1 when it could not start."""
    ground = ground_of()
    settings = settled(load_settings(settings_file), ground)
    set_up_logging(settings.log_level)
    keep_troubles(settings.data_folder, SERVING)
    logging.getLogger("tuf").setLevel(logging.WARNING)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # meant for the parent
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: sys.exit(0))  # until it serves
    try:
        box = ServingBox(settings, RealClock(), RealFiles(), degraded=ground.why)
    except (ApplianceError, OSError) as error:
        _log.critical("%s: %s", getattr(error, "code", "system"), error)
        sys.exit(1)
    try:
        _serve(box, settings, listener, parent)
    finally:
        box.close()


def _serve(box: ServingBox, settings: Settings, listener: socket.socket, parent: socket.socket) -> None:
    server = make_server(box.app, listener=listener, threads=settings.threads, connections=settings.connections)
    box.start()
    _leave_on_signals(server, parent, settings.restart_seconds, box.retire)
    heeded = parent, server, settings.restart_seconds
    threading.Thread(target=_heed_parent, args=heeded, name="parent", daemon=True).start()
    _tell(parent, READY)
    _log.info("serving on port %d", server.port)
    server.run()
    _log.info("serves no more")


def _leave_on_signals(server: VerifyingServer, parent: socket.socket, seconds: int, retire: Callable[[], None]) -> None:
    def leave(_number: int, _frame: FrameType | None) -> None:
        _tell(parent, LEAVING)
        server.close(seconds, idle=IDLE_SECONDS)
        # The next process needs the memory. In a thread: the one that was interrupted may hold the store's lock.
        threading.Thread(target=retire, name="retire", daemon=True).start()

    def stop(_number: int, _frame: FrameType | None) -> None:
        server.close(STOP_SECONDS)

    signal.signal(signal.SIGTERM, leave)
    signal.signal(signal.SIGINT, stop)


def _heed_parent(parent: socket.socket, server: VerifyingServer, seconds: int) -> None:
    """The parent says when the box stops; the pipe ends when it ends, however that came."""
    word = b""
    with contextlib.suppress(OSError):
        word = parent.recv(16)
    server.close(seconds if word == ENOUGH else STOP_SECONDS)


def _tell(parent: socket.socket, word: bytes) -> None:
    with contextlib.suppress(OSError):  # it is gone; the pipe's other end tells that
        parent.send(word)


if __name__ == "__main__":
    main(Path(sys.argv[1]), socket.socket(fileno=int(sys.argv[2])), socket.socket(fileno=int(sys.argv[3])))
