"""A run: what it has at hand, and how a check becomes a line of the report."""

from __future__ import annotations

import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from image.smoke.errors import CheckError, MachineError
from image.smoke.report import Report, Result

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from image.smoke.boxes import Boxes
    from image.smoke.releases import Releases

TITLE = "The shipped image in QEMU"
PASSWORD = "smoke-own-words-55"  # noqa: S105 - of a box that lives for minutes
"""What the director of the box chooses."""


@dataclass(slots=True)
class Run:
    """One run.

    Attributes:
        image: the shipped file; only read. scratch: folder for disks that are thrown away.
        authority: folder of the keys that the image trusts.
        boxes, releases: what is plugged in. report: what was seen.
        pictures: folder for screenshots.
        written: where the report is written after every check, so that a run that is stopped leaves what it saw.
        newer: folder `system` of a newer build, None where there is none.
        password: the director's, as it is now.
    """

    image: Path
    scratch: Path
    authority: Path
    boxes: Boxes
    releases: Releases
    report: Report
    pictures: Path
    newer: Path | None = None
    written: Path | None = None
    password: str = ""
    _section: str = field(default="", init=False)
    _alone: threading.Lock = field(default_factory=threading.Lock, init=False)

    @contextmanager
    def section(self, name: str) -> Iterator[None]:
        """Checks in here stand under this heading; when the machine itself fails, that is one line, and all goes on."""
        self._section = name
        begun = time.monotonic()
        try:
            yield
        except (MachineError, CheckError, OSError) as error:
            self._add("(the machine)", passed=False, seen=f"{type(error).__name__}: {error}", begun=begun)

    def check(self, name: str, look: Callable[[], str]) -> bool:
        """Make one check: `look` says what it saw, or raises."""
        begun = time.monotonic()
        try:
            seen, passed = look(), True
        except (CheckError, OSError, ValueError, KeyError) as error:
            seen, passed = f"{type(error).__name__}: {error}", False
        self._add(name, passed=passed, seen=seen, begun=begun)
        return passed

    def leave(self, name: str, why: str) -> None:
        """Say that a check could not be made here."""
        self._add(name, passed=None, seen=why, begun=time.monotonic())

    def _add(self, name: str, *, passed: bool | None, seen: str, begun: float) -> None:
        result = Result(name, passed, seen, time.monotonic() - begun)
        with self._alone:
            self.report.add(self._section, result)
            if self.written is not None:
                self.written.write_text(self.report.markdown(TITLE), encoding="utf-8")
        mark = {True: "yes", False: "NO ", None: "-- "}[passed]
        print(f"{mark} {self._section}: {name}: {seen[:300]} ({result.seconds:.0f} s)", file=sys.stderr, flush=True)  # noqa: T201
