"""What happened to every drive, one line an event, for people and for support.

JSON lines, each with its own checksum, added at the end. Nothing is decided by it: the drives and the SSD are the
truth. Adding replaces the small file in one step, so a power cut loses the new line or nothing; lines that are torn
or changed all the same are left out. When the file grows beyond its bound the older half goes.
"""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from appliance.clock import Clock
from packager.format.files import Files

_log = logging.getLogger(__name__)

MAX_LINE = 8 << 10
MAX_BYTES = 1 << 20


class Journal:
    """The journal at one path; one writer (the worker)."""

    def __init__(self, path: Path, files: Files, clock: Clock) -> None:
        """Open lazily: nothing is read or written yet."""
        self._path, self._files, self._clock = path, files, clock
        self._number = 0

    def add(self, event: str, facts: Mapping[str, str | int]) -> None:
        """Add a line: number, time, event and facts. Durable on return; a full disk is logged, never raised."""
        lines = [line for line, _ in self._valid()]
        body = {"n": self._number + 1, "at": f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}", "event": event, **facts}
        line = _line(body)
        if len(line) > MAX_LINE:
            _log.warning("journal line for %s is too long and left out", event)
            return
        try:
            self._files.make_dir(self._path.parent)
            self._files.write_atomic(self._path, b"".join([*_bounded(lines, len(line)), line]))
        except OSError as error:
            _log.warning("journal: %s cannot be written: %s", event, error)
            return
        self._number = body["n"] if isinstance(body["n"], int) else self._number

    def read(self) -> Iterator[dict[str, Any]]:
        """All whole lines, oldest first; damaged ones are left out."""
        return (body for _, body in self._valid())

    def _valid(self) -> Iterator[tuple[bytes, dict[str, Any]]]:
        try:
            with self._path.open("rb") as file:
                content = file.read(2 * MAX_BYTES)
        except OSError:
            return
        for line in content.split(b"\n"):
            body = _body(line)
            if body is not None:
                self._number = max(self._number, int(body["n"]))
                yield line + b"\n", body


def _bounded(lines: list[bytes], more: int) -> list[bytes]:
    if sum(map(len, lines)) + more <= MAX_BYTES:
        return lines
    return lines[len(lines) // 2 :]


def _line(body: Mapping[str, Any]) -> bytes:
    text = json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]} {text}\n".encode()


def _body(line: bytes) -> dict[str, Any] | None:
    check, _, text = line.partition(b" ")
    if hashlib.sha256(text).hexdigest()[:16].encode() != check:
        return None
    try:
        body = json.loads(text)
        return body if isinstance(body, dict) and isinstance(body.get("n"), int) else None
    except (ValueError, RecursionError):
        return None
