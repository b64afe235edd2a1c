"""How updates stand, for staff's page: a small document that the worker writes and the serving process reads.

Nothing depends on it but what is told: when it is lost, the next look at an origin tells it again.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from packager.format.files import Files

_log = logging.getLogger(__name__)

NAME = "state.json"
MAX_STATE = 1 << 20
_TABLES = ("counts", "lives", "months")


@dataclass(frozen=True, slots=True)
class UpdateState:
    """Times are ISO in UTC, empty when never; sizes are bytes.

    Attributes:
        checked: when lists were had from an origin last. failing: since when every try failed, empty after a good one.
        making: whether an edition is being made; still so at a start, the power went.
        fetching: whether something is being fetched now. paused: whether staff paused it.
        size: of what is being fetched or waits to be. done: what is here of it. rate: bytes a second of late.
        left: seconds until all of it is here, an estimate; 0 unknown.
        month: `2026-11`. used: what was fetched in it. months: the same of the last months.
        metered: whether the line is paid for by its traffic.
        closing: time of day (library's time) at which what is staged is applied next: `21:00`.
        counts: folder of a release → resources added, changed and dropped against the edition before it.
        applied: folder of the release that an update brought to readers last. applied_at: when.
        lives: folder of a release → since when readers have it.
        system: version of a system of the box that is here and waits for closing time; 0: none.
    """

    checked: str = ""
    failing: str = ""
    making: bool = False
    fetching: bool = False
    paused: bool = False
    size: int = 0
    done: int = 0
    rate: int = 0
    left: int = 0
    month: str = ""
    used: int = 0
    months: Mapping[str, int] = field(default_factory=dict)
    metered: bool = False
    closing: str = ""
    counts: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)
    applied: str = ""
    applied_at: str = ""
    lives: Mapping[str, str] = field(default_factory=dict)
    system: int = 0

    @property
    def percent(self) -> int:
        """How much is here of what is being fetched, at most 99."""
        return min(99, 100 * self.done // self.size) if self.size else 0


def read_state(folder: Path) -> UpdateState:
    """The document in `Settings.updates_folder`; a fresh one when there is none, or it cannot be read."""
    try:
        with (folder / NAME).open("rb") as file:
            found: Any = json.loads(file.read(MAX_STATE))
        return _state(found)
    except FileNotFoundError:
        return UpdateState()
    except (OSError, ValueError, TypeError, AttributeError, RecursionError) as error:
        _log.warning("how updates stand cannot be read: %s", error)
        return UpdateState()


def write_state(folder: Path, state: UpdateState, files: Files) -> None:
    """Replace the document in one step.

    Raises:
        OSError: the SSD is full or does not answer.
    """
    members = {f.name: getattr(state, f.name) for f in fields(state)}
    content = json.dumps({**members, **{name: dict(members[name]) for name in _TABLES}}, sort_keys=True)
    files.make_dir(folder)
    files.write_atomic(folder / NAME, content.encode())


def _state(found: Mapping[str, Any]) -> UpdateState:
    """Members of the right type; others, from another version, are passed over."""
    values: dict[str, Any] = {}
    fresh = UpdateState()
    for f in fields(UpdateState):
        value = found.get(f.name)
        if type(value) is type(getattr(fresh, f.name)) and f.name not in _TABLES:
            values[f.name] = value
    counts = {
        name: (int(three[0]), int(three[1]), int(three[2]))
        for name, three in found.get("counts", {}).items()
        if isinstance(three, list) and [type(n) for n in three] == [int, int, int]
    }
    lives = {name: at for name, at in found.get("lives", {}).items() if isinstance(at, str)}
    months = {name: size for name, size in found.get("months", {}).items() if type(size) is int and size >= 0}
    if "month" in values and values["month"] and values["month"] not in months:  # as versions before wrote it
        months[values["month"]] = values.get("used", 0)
    return UpdateState(**values, counts=counts, lives=lives, months=months)
