"""One rate for all that comes by the line: updates and repairs fetch at the same time, and share it."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from appliance.clock import Clock


class Pace:
    """Gives every piece its time, after those of others. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        """Begin with a free line; only the monotonic side of the clock is asked."""
        self._clock, self._lock = clock, threading.Lock()
        self._until: dict[str, float] = {}

    def delay(self, who: str, size: int, rate: int) -> float:
        """Seconds after which a piece of `who` may be asked for, which has none other on its way.

        Args:
            who: fetches it. What it asked for before has come or was broken off.
            size: bytes.
            rate: bytes a second; 0: as fast as the line is.
        """
        if not rate:
            return 0.0
        with self._lock:
            now = self._clock.monotonic()
            begins = max([now, *(until for name, until in self._until.items() if name != who)])
            self._until[who] = begins + size / rate
            return self._until[who] - now
