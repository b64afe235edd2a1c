"""Progress of several drives in one line: each with its place, what it is about, how far; then rate and time left."""

from __future__ import annotations

import math
import sys
import time
from typing import TYPE_CHECKING, TextIO

from packager.production.cloning import COMPARING, FINISHING, WRITING
from provisioning.words import numbers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from packager.production.bench import Running

_WORDS = {WRITING: "写入", COMPARING: "复检", FINISHING: "收尾", "": "准备"}
_TELLING = 2.0


class Board:
    """Shows the drives of a bench; on a terminal the line is rewritten, in a log one comes every ten seconds."""

    def __init__(
        self,
        used: int,
        *,
        check: bool = False,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`used`: bytes that every drive has to take; `check`: they are only read."""
        self._used, self._check = max(1, used), check
        self._stream, self._clock = stream or sys.stderr, clock
        self._begun, self._shown = clock(), -math.inf
        self._live = self._stream.isatty()
        self._width = 0

    def show(self, drives: Sequence[Running]) -> None:
        """Show how far they are, if it is time to."""
        if self._clock() - self._shown < (0.2 if self._live else 10.0):
            return
        self._shown = self._clock()
        self._write(self.line(drives))

    def line(self, drives: Sequence[Running]) -> str:
        """The words for this moment."""
        words = [f"{d.job.n} 号 {self._state(d)}" for d in drives]
        moving = [d for d in drives if d.outcome is None]
        elapsed = self._clock() - self._begun
        shares = [self._share(d) for d in moving]
        if shares and elapsed >= _TELLING and min(shares) > 0:
            words.append(f"还需{numbers.duration(elapsed / min(shares) * (1 - min(shares)))}")
        return "，".join(words)

    def close(self) -> None:
        """End the line."""
        if self._live and self._width:
            self._stream.write("\n")
            self._stream.flush()

    def _state(self, drive: Running) -> str:
        if drive.outcome is not None:
            return "完成" if drive.outcome.done else "已停"
        percent = min(99, 100 * drive.phase_done // self._used)
        return _WORDS[drive.phase] + (f" {percent}%" if drive.phase in {WRITING, COMPARING} else "")

    def _share(self, drive: Running) -> float:
        """How much of the whole way a drive has gone: writing is one half, reading back the other."""
        part = min(1.0, drive.phase_done / self._used)
        if self._check:
            return part
        return {WRITING: part / 2, COMPARING: 0.5 + part / 2, FINISHING: 0.99}.get(drive.phase, 0.0)

    def _write(self, words: str) -> None:
        if self._live:
            self._stream.write("\r" + words + " " * max(0, self._width - len(words)))
            self._width = len(words)
        else:
            self._stream.write(words + "\n")
        self._stream.flush()
