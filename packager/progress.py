"""Progress on the terminal: done, rate, time left, in one line that is rewritten in place.

On a terminal the line is rewritten at most five times a second; in a log a line comes every ten seconds. Durations
follow the product's wording (约 20 分钟), rounded up.
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, TextIO

from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Callable

_SPEAKABLE = 10**6
"""Below a megabyte a size says nothing yet."""
_TELLING = 2.0
"""Seconds after which the rate says something of the time left."""


class Progress:
    """One step of a long job, shown on `stream`."""

    def __init__(
        self,
        verb: str,
        *,
        stream: TextIO | None = None,
        quiet: bool = False,
        unit: str = "",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a step named `verb` (已封装, 正在建立检索); `quiet` shows nothing; `unit` of what is counted."""
        self._verb, self._stream, self._clock, self._quiet = verb, stream or sys.stderr, clock, quiet
        self._begun = clock()
        self._shown = -math.inf
        self._unit = f" {unit}" if unit else ""
        self._live = self._stream.isatty()
        self._width = 0

    def update(self, done: int, total: int | None = None, size: int = 0, part: float = 0.0) -> None:
        """Say how far it is: `done` of `total` pieces, `size` bytes; `part` (0-1) where the total is not known."""
        now = self._clock()
        if now - self._shown < (0.2 if self._live else 10.0):
            return
        self._shown = now
        self._write(self.line(done, total, size, part or (done / total if total else 0.0)))

    def line(self, done: int, total: int | None, size: int, part: float) -> str:
        """The words for this moment."""
        elapsed = max(self._clock() - self._begun, 1e-6)
        words = [f"{self._verb} {done:,}" + (f" / {total:,}" if total else "") + self._unit]
        if size >= _SPEAKABLE:
            words.append(f"{numbers.size(size)}，每秒 {numbers.size(int(size / elapsed))}")
        elif not size and done:
            words.append(f"每秒 {done / elapsed:,.0f}{self._unit}")
        if 0 < part < 1 and elapsed >= _TELLING:
            words.append(f"还需{numbers.duration(elapsed / part * (1 - part))}")
        return "，".join(words)

    def close(self, words: str) -> None:
        """End the step with a last line."""
        self._write(words)
        if self._live and not self._quiet:
            self._stream.write("\n")

    def _write(self, words: str) -> None:
        if self._quiet:
            return
        if self._live:
            pad = " " * max(0, self._width - len(words))
            self._stream.write(f"\r{words}{pad}")
            self._width = len(words)
        else:
            self._stream.write(words + "\n")
        self._stream.flush()
