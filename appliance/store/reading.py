"""The sign that readers use a drive, for the process that checks drives: the time of change of a small file.

The serving process touches `reading/<drive>` when a chunk is asked of a drive, at most twice a second. The worker
looks whether the time has changed since its last look; it compares times of this one file system with each other and
never with a clock. Losing the files loses nothing.
"""

from __future__ import annotations

import contextlib
import os
import threading
import time
from pathlib import Path

_MARK_SECONDS = 0.5


class ReadingSign:
    """The serving process's side. Thread-safe; never raises."""

    def __init__(self, folder: Path) -> None:
        """Name the folder (`Settings.reading_folder`), which is made."""
        self._folder = folder
        self._marked: dict[str, float] = {}
        self._lock = threading.Lock()
        with contextlib.suppress(OSError):
            folder.mkdir(parents=True, exist_ok=True)

    def mark(self, drive: str) -> None:
        """A reader wants bytes of this drive (its key)."""
        now = time.monotonic()
        with self._lock:
            if now - self._marked.get(drive, -1.0) < _MARK_SECONDS:
                return
            self._marked[drive] = now
        path = self._folder / drive
        with contextlib.suppress(OSError):
            try:
                os.utime(path)
            except FileNotFoundError:
                path.touch()


class ReadingWatch:
    """The worker's side, for one drive and one thread."""

    def __init__(self, folder: Path, drive: str) -> None:
        """Look once; a mark from before does not count."""
        self._path = folder / drive
        self._seen = self._look()
        self._changed = -1e9

    def quiet_for(self) -> float:
        """Seconds since a reader last used the drive, as far as was looked."""
        seen = self._look()
        if seen != self._seen:
            self._seen, self._changed = seen, time.monotonic()
        return time.monotonic() - self._changed

    def _look(self) -> int:
        try:
            return self._path.stat().st_mtime_ns
        except OSError:
            return 0
