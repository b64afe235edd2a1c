"""Progress on the terminal: done, rate, time left, in one line that is rewritten in place.

On a terminal the line is rewritten at most five times a second; in a log a line comes every ten seconds. Durations
follow the product's wording (约 20 分钟), rounded up.
"""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Callable


def duration_text(seconds: float) -> str:
    """Seconds as staff read them, never short of the truth: 不到 1 分钟, 约 20 分钟, 约 1 个半小时."""
    if seconds < 60:
        return "不到 1 分钟"
    minutes = math.ceil(seconds / 60)
    if minutes <= 90:
        return f"约 {minutes} 分钟"
    halves = math.ceil(minutes / 30)
    hours, half = divmod(halves, 2)
    if hours >= 48:
        return f"约 {math.ceil(hours / 24)} 天"
    return f"约 {hours} 个半小时" if half else f"约 {hours} 小时"


def size_text(size: float) -> str:
    """Bytes in decimal units as on a drive's label."""
    for unit, factor in (("TB", 10**12), ("GB", 10**9), ("MB", 10**6)):
        if size >= factor:
            return f"{size / factor:.1f} {unit}"
    return "不到 1 MB"


class Progress:
    """One step of a long job, shown on `stream`."""

    def __init__(
        self,
        verb: str,
        *,
        stream: TextIO | None = None,
        quiet: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Begin a step named `verb` (已封装, 正在建立检索); `quiet` shows nothing."""
        self._verb, self._stream, self._clock, self._quiet = verb, stream or sys.stderr, clock, quiet
        self._begun = clock()
        self._shown = -math.inf
        self._live = self._stream.isatty()
        self._width = 0

    def update(self, done: int, total: int | None = None, size: int = 0) -> None:
        """Say how far it is: `done` of `total` pieces, `size` bytes so far."""
        now = self._clock()
        if now - self._shown < (0.2 if self._live else 10.0):
            return
        self._shown = now
        self._write(self.line(done, total, size))

    def line(self, done: int, total: int | None, size: int) -> str:
        """The words for this moment."""
        elapsed = max(self._clock() - self._begun, 1e-6)
        parts = [f"{self._verb} {done:,}" + (f" / {total:,}" if total else "")]
        if size:
            parts.append(f"{size_text(size)}，每秒 {size_text(size / elapsed)}")
        else:
            parts.append(f"每秒 {done / elapsed:,.0f}")
        if total and done:
            parts.append(f"还需{duration_text(elapsed / done * (total - done))}")
        return "，".join(parts)

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
