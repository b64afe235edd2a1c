"""Stages of a build: named, timed, printed, kept."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Stages:
    """The stages of one build, in order."""

    def __init__(self, kept: Path) -> None:
        """Keep them in the file `kept`, from the first on."""
        self._kept = kept
        self._seconds: list[tuple[str, float]] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what is done inside; a stage that fails is not kept."""
        print(f"==> {name}", file=sys.stderr, flush=True)
        begun = time.monotonic()
        yield
        seconds = time.monotonic() - begun
        self._seconds.append((name, round(seconds, 1)))
        print(f"    {name}: {seconds:.1f} s", file=sys.stderr, flush=True)
        lines = [{"stage": name, "seconds": seconds} for name, seconds in self._seconds]
        self._kept.write_text(json.dumps({"schema": 1, "stages": lines}, indent=1) + "\n")
