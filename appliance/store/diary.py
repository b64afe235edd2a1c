"""What happened of late, in the words of the light: what is new is said once, in the journal and on the staff's page.

It follows the states of the box and nothing else; no part of the product writes into it. A state that comes and goes
again and again is not said each time. The document is bounded and may be lost; a full disk only keeps it from growing.
"""

from __future__ import annotations

import json
import logging
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from appliance.clock import Clock
    from packager.format.files import Files

_log = logging.getLogger(__name__)

MOST_LINES = 100
MAX_BYTES = 1 << 20
QUIET_SECONDS = 3600.0
"""The very same occurrence is not said again for so long, however often it comes and goes."""
MOST_AN_HOUR = 6
"""Of one sentence about one drive: a loose cable must not fill the journal."""
_MOST_REMEMBERED = 500
NORMAL = "normal"
Value = str | int


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that stands now.

    Attributes:
        token: names this occurrence. light: normal, working or attention. key, params: its sentence.
        drive: what it is about; may be empty. text: the sentence in Chinese.
    """

    token: str
    light: str
    key: str
    params: Mapping[str, Value]
    drive: str
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """Something that was said. at: ISO time in UTC."""

    at: str
    light: str
    key: str
    params: Mapping[str, Value] = field(default_factory=dict)


class Diary:
    """One writer, in one thread; `lines` for any."""

    def __init__(self, path: Path, files: Files, clock: Clock, say: Callable[[str, str, str], None]) -> None:
        """Go on where the document ends.

        Args:
            path: the document.
            files: the writer.
            clock: for the lines and for how long something was not said.
            say: told of every new line: its text, key and light.
        """
        self._path, self._files, self._clock, self._say = path, files, clock, say
        self._standing: frozenset[str] = frozenset()
        self._troubled = True  # the first time that all is well is worth a line
        self._said: dict[str, float] = {}
        self._counts: dict[tuple[str, str], deque[float]] = {}
        self.lines: tuple[Line, ...] = ()
        self._read()

    def take(self, entries: Sequence[Entry], well: Entry | None) -> None:
        """Look at everything that stands now, and say what is new.

        Args:
            entries: all of it, the most pressing first.
            well: that all is well; None: it is not.
        """
        new = [entry for entry in entries if entry.token not in self._standing and self._is_worth_saying(entry)]
        self._standing = frozenset(entry.token for entry in entries)
        self._troubled = self._troubled or any(entry.light != NORMAL for entry in new)
        if well is not None and self._troubled:
            new.append(well)
            self._troubled = False
        if not new:
            return
        at = f"{self._clock.now():%Y-%m-%dT%H:%M:%S}Z"
        for entry in new:
            self._say(entry.text, entry.key, entry.light)
        said = tuple(Line(at, entry.light, entry.key, dict(entry.params)) for entry in new)
        self.lines = (*self.lines, *said)[-MOST_LINES:]
        self._write()

    def _is_worth_saying(self, entry: Entry) -> bool:
        now = self._clock.monotonic()
        if now - self._said.get(entry.token, -QUIET_SECONDS) < QUIET_SECONDS:
            return False
        times = self._counts.setdefault((entry.key, entry.drive), deque(maxlen=MOST_AN_HOUR))
        if len(times) == MOST_AN_HOUR and now - times[0] < QUIET_SECONDS:
            return False
        times.append(now)
        self._said[entry.token] = now
        for kept in (self._said, self._counts):
            while len(kept) > _MOST_REMEMBERED:
                del kept[next(iter(kept))]  # type: ignore[arg-type]
        return True

    def _write(self) -> None:
        body = {
            "standing": sorted(self._standing)[:_MOST_REMEMBERED],
            "troubled": self._troubled,
            "lines": [asdict(line) for line in self.lines],
        }
        try:
            self._files.write_atomic(self._path, json.dumps(body, ensure_ascii=False, sort_keys=True).encode())
        except OSError as error:
            _log.warning("what happened cannot be kept: %s", error)

    def _read(self) -> None:
        try:
            with self._path.open("rb") as file:
                body = json.loads(file.read(MAX_BYTES))
            self.lines = tuple(_line(one) for one in body["lines"][-MOST_LINES:])
            self._standing = frozenset(map(str, body["standing"][:_MOST_REMEMBERED]))
            self._troubled = bool(body["troubled"])
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            _log.warning("what happened before cannot be read: %s", error)
            self.lines, self._standing = (), frozenset()


def _line(body: Any) -> Line:
    params = {str(name): value for name, value in body["params"].items() if type(value) in (str, int)}
    return Line(str(body["at"]), str(body["light"]), str(body["key"]), params)
