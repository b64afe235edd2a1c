"""What went wrong of late, for the diagnosis file: warnings and errors of each process, not what they were about.

A line of the log may name what a reader looked for. Here nothing of that is written: of our own messages the fixed
words without their values, of strangers' messages not even these, of an exception its class, its number, and the
places in the code. What a technician is to look up, such as the number of an error page, is handed over on purpose
(`TOLD`).

Each process adds to a file of its own, which is small and may be lost. A disk on which nothing can be written is no
trouble of the log's.
"""

from __future__ import annotations

import json
import logging
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

MAX_BYTES = 48 << 10
"""Of a file; one older one stands beside it."""
MAX_LINE = 4 << 10
SERVICE, SERVING, WORKER = "service", "serving", "worker"
PROCESSES = (SERVICE, SERVING, WORKER)
TOLD = "told"
"""Member of `extra` of a log call: values, by name, that may leave the box."""
AGAIN_SECONDS = 60.0
"""The very same trouble is not written again for so long."""
_OURS = ("appliance", "indexer", "packager", "provisioning")
_MOST_REMEMBERED = 200
_FRAMES = 14
_CAUSES = 3
_PARTS = 3
_LONGEST = 200


def keep_troubles(folder: Path, process: str) -> None:
    """Have this process keep what goes wrong in it, from now on.

    Args:
        folder: `Settings.data_folder`; while it is not there nothing is kept.
        process: one of `PROCESSES`.
    """
    logging.getLogger().addHandler(_Troubles(_path(folder, process)))


def read_troubles(folder: Path, most: int) -> list[dict[str, Any]]:
    """The last `most` troubles of all processes, the oldest first; lines that are torn are left out."""
    found = [line for process in PROCESSES for line in _lines(_path(folder, process), process)]
    return sorted(found, key=lambda line: line["at"])[-most:]


def _path(folder: Path, process: str) -> Path:
    return folder / f"troubles-{process}.jsonl"


def _lines(path: Path, process: str) -> Iterator[dict[str, Any]]:
    for one in (path.with_name(f"{path.name}.1"), path):
        try:
            with one.open("rb") as file:
                content = file.read(2 * MAX_BYTES)
        except OSError:
            continue
        for text in content.split(b"\n"):
            try:
                body = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if isinstance(body, dict) and isinstance(body.get("at"), str) and len(text) <= MAX_LINE:
                yield {"process": process, **body}


class _Troubles(RotatingFileHandler):
    """Writes one line of JSON a trouble; never raises, never speaks."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=MAX_BYTES, backupCount=1, encoding="utf-8", delay=True)
        self.setLevel(logging.WARNING)
        self._written: dict[tuple[object, ...], float] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Write it, unless the same was written just now."""
        mark = (record.pathname, record.lineno, record.exc_info[0] if record.exc_info else None, TOLD in vars(record))
        if TOLD not in vars(record) and record.created - self._written.get(mark, 0.0) < AGAIN_SECONDS:
            return
        self._written[mark] = record.created
        while len(self._written) > _MOST_REMEMBERED:
            del self._written[next(iter(self._written))]
        super().emit(record)

    def format(self, record: logging.LogRecord) -> str:
        """The line; without the calls when it would be too long."""
        body = _body(record)
        text = json.dumps(body, ensure_ascii=False)
        if len(text.encode()) > MAX_LINE:
            text = json.dumps({**body, "errors": [], "told": {}}, ensure_ascii=False)
        return text

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - so it is called
        """Let it go: the ordinary log has it."""


def _body(record: logging.LogRecord) -> dict[str, Any]:
    ours = record.name.partition(".")[0] in _OURS and isinstance(record.msg, str)
    errors = list(_chain(record.exc_info[1] if record.exc_info else None))
    values = record.args if isinstance(record.args, tuple) else ()
    errors += [_error(value) for value in values if isinstance(value, BaseException)]
    told = getattr(record, TOLD, {})
    return {
        "at": f"{datetime.fromtimestamp(record.created, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "level": record.levelname,
        "where": f"{record.name}:{record.lineno}",
        "said": str(record.msg)[:_LONGEST] if ours else "",
        "told": {str(name): str(value)[:_LONGEST] for name, value in dict(told).items()},
        "errors": errors,
    }


def _chain(error: BaseException | None) -> Iterator[dict[str, Any]]:
    for _ in range(_CAUSES):
        if error is None:
            return
        yield _error(error) | {"calls": _calls(error)}
        error = error.__cause__ or error.__context__


def _error(error: BaseException) -> dict[str, Any]:
    """Its class, and the number of the system where it has one; what it says may be about somebody."""
    number = error.errno if isinstance(error, OSError) else None
    return {"class": f"{type(error).__module__}.{type(error).__qualname__}"[:_LONGEST], "errno": number or 0}


def _calls(error: BaseException) -> list[str]:
    frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
    return [f"{'/'.join(Path(f.filename).parts[-_PARTS:])}:{f.lineno} {f.name}"[:_LONGEST] for f in frames]
