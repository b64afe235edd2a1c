"""How the box started of late, and whether it ended well before: one small document beside the databases.

`begin` leaves a mark that a stop takes away. A mark that is still there tells that the box did not stop: in another
boot of the machine the power went, in the same one something ended the box and the system started it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packager.format.files import Files

_log = logging.getLogger(__name__)

NAME = "starts.json"
POWER, RESTART = "power", "restart"
KINDS = (POWER, RESTART)
MOST = 50
_MAX_BYTES = 64 << 10
_MAX_BOOT = 64


@dataclass(frozen=True, slots=True)
class Start:
    """A start after an end that nobody wanted. kind: one of `KINDS`. at: ISO time in UTC."""

    kind: str
    at: str


@dataclass(frozen=True, slots=True)
class Starts:
    """What is known.

    Attributes:
        running: the boot of the machine in which the box runs; empty: it was stopped.
        unwanted: starts after ends that nobody wanted, the oldest first.
    """

    running: str = ""
    unwanted: tuple[Start, ...] = ()


def read_starts(folder: Path) -> Starts:
    """The document in the data folder; an empty one when there is none, or it cannot be read."""
    try:
        with (folder / NAME).open("rb") as file:
            return _starts(json.loads(file.read(_MAX_BYTES)))
    except FileNotFoundError:
        return Starts()
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        _log.warning("how the box started cannot be read: %s", error)
        return Starts()


def begin(folder: Path, files: Files, *, boot: str, now: datetime) -> Starts:
    """Note that the box starts, and how it ended before; a disk that cannot be written is logged, never raised.

    Args:
        folder: `Settings.data_folder`.
        files: the writer.
        boot: names this boot of the machine.
        now: wall time, aware.
    """

    def begun(before: Starts) -> Starts:
        after = replace(before, running=boot[:_MAX_BOOT])
        return _with(after, POWER if before.running != after.running else RESTART, now) if before.running else after

    return _change(folder, files, begun)


def restarted(folder: Path, files: Files, *, now: datetime) -> Starts:
    """Note that a part of the box ended and was started again."""
    return _change(folder, files, lambda before: _with(before, RESTART, now))


def end(folder: Path, files: Files) -> None:
    """Note that the box stops as it was told."""
    _change(folder, files, lambda before: replace(before, running=""))


def _with(starts: Starts, kind: str, now: datetime) -> Starts:
    start = Start(kind, f"{now:%Y-%m-%dT%H:%M:%S}Z")
    return replace(starts, unwanted=(*starts.unwanted, start)[-MOST:])


def _change(folder: Path, files: Files, change: Callable[[Starts], Starts]) -> Starts:
    before = read_starts(folder)
    after = change(before)
    if after != before:
        try:
            files.make_dir(folder)
            files.write_atomic(folder / NAME, json.dumps(asdict(after), sort_keys=True).encode())
        except OSError as error:
            _log.warning("how the box starts cannot be noted: %s", error)
    return after


def _starts(body: Mapping[str, Any]) -> Starts:
    unwanted = [Start(str(one["kind"]), str(one["at"])) for one in body["unwanted"][-MOST:]]
    return Starts(str(body["running"])[:_MAX_BOOT], tuple(one for one in unwanted if one.kind in KINDS))
