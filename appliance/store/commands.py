"""What the serving process asks of the worker: a spool folder of small JSON files.

A command is a hint to do something that is harmless to do twice; it needs no answer, because its effect shows in the
holdings document. Files are named so that they sort by arrival; the worker removes a command before it acts, so a
command that would kill the worker kills it once.
"""

from __future__ import annotations

import itertools
import json
import logging
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from appliance.clock import Clock
from packager.format.files import Files

_log = logging.getLogger(__name__)

MAX_COMMAND_BYTES = 64 << 10
MAX_WAITING = 1000
_NAME = re.compile(r"[0-9]{14}-[0-9]{1,10}-[0-9]{1,10}\.json\Z")
_serial = itertools.count()

UPKEEP = ("check", "check-pause", "check-resume", "repair", "repair-export", "diagnosis-export")
UPDATES = (
    "update-check", "update-now", "update-pause", "update-resume", "update-apply", "update-undo", "update-again",
    "update-set", "system-apply",
)  # fmt: skip
LINE_CHANGES = ("update-pause", "update-resume", "update-set")
"""Of those: what repairs by the line are told too."""
BRANCH = ("branch-copy", "branch-stop")
REPORTS = ("report-export", "report-send")
COMMANDS = ("eject", "released", "keep", "look-again", "rebuild", *UPKEEP, *UPDATES, *BRANCH, *REPORTS)
"""eject: let go of a drive (`drive`). released: no reader uses it any more (`drive`). keep: take the ejection back
(`drive`). look-again: look at a drive as if it had just been plugged in (`drive`, or all when absent; `why`: sick when
a read did not come back). rebuild: make a derived file again (`folder`, `part`: catalogue or search; `why`: broken when
no person asks). check, check-pause, check-resume: read a whole drive, rest, go on (`drive`, or all when absent).
repair: ask every source again. repair-export: write the list of what is lacking to a stick (`drive`).
diagnosis-export: put the diagnosis file there.
update-check: look for updates now. update-now: and fetch them, whatever the hour and the line. update-pause,
update-resume: rest, go on. update-apply: give readers what is staged. update-undo: go back to the edition before
(`bundle`). update-again: forward to the one that staff went back from (`bundle`). update-set: hours for fetching
(`window`) and bytes a month (`cap`). system-apply: have the system that is here installed now.
branch-copy: copy a drive (`source`), or the library as it is (`bundle`; of a set one drive of it: `disk`), to an empty
disk (`drive`). branch-stop:
break that off.
report-export: save what waits to be reported on a stick (`drive`). report-send: send it now."""

STICKS = frozenset({"refused", "told"})
"""States of a stick that is ours to write on when staff ask for it: it carries no bag."""

COPY_TARGETS = frozenset({"intake.refused.blank", "intake.refused.half_copied"})
"""What is said of a disk to which a copy for a branch may go: an empty one, or one with a copy that was broken off."""


def send(folder: Path, command: Mapping[str, str], *, clock: Clock, files: Files) -> None:
    """Put a command where the worker finds it.

    Args:
        folder: `Settings.commands_folder`.
        command: `{"do": one of COMMANDS, ...}`, for example `{"do": "eject", "drive": key}`.
        clock: names the file; order among commands does not depend on it within one process.
        files: writes it in one step.

    Raises:
        ValueError: `do` is not a known command.
    """
    if command.get("do") not in COMMANDS:
        raise ValueError(f"{command.get('do')!r} is not a command")
    name = f"{clock.now():%Y%m%d%H%M%S}-{os.getpid()}-{next(_serial)}.json"
    files.make_dir(folder)
    files.write_atomic(folder / name, json.dumps(dict(command), sort_keys=True).encode())


def receive(folder: Path, files: Files) -> list[dict[str, str]]:
    """Take all waiting commands, in order of arrival; files that are not commands are removed and logged.

    Args:
        folder: `Settings.commands_folder`.
        files: removes each command durably, so that one which brings the machine down does so once.
    """
    try:
        names = sorted((p.name for p in folder.iterdir() if _NAME.match(p.name)), key=_order)
    except FileNotFoundError:
        return []
    return [c for c in (_take(folder / name, files) for name in names[:MAX_WAITING]) if c is not None]


def _order(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.removesuffix(".json").split("-"))


def _take(path: Path, files: Files) -> dict[str, str] | None:
    content = b""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_COMMAND_BYTES + 1)
        files.remove(path)
        data: Any = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("command %s cannot be read: %s", path.name, error)
        files.remove(path)
        return None
    if not _is_command(data):
        _log.warning("command %s is not known: %.200r", path.name, data)
        return None
    return dict(data)


def _is_command(data: object) -> bool:
    return (
        isinstance(data, dict)
        and data.get("do") in COMMANDS
        and len(data) <= 8
        and all(isinstance(k, str) and isinstance(v, str) for k, v in data.items())
    )
