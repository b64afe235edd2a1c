"""After a start: is the system that runs the one that was installed last?"""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from appliance.box.entries import read_entries
from appliance.box.installing import INSTALLED
from appliance.box.places import Places
from appliance.box.state import read_small
from appliance.box.system_state import FELL_BACK, UPDATED, SystemState, read_system_state, write_system_state

if TYPE_CHECKING:
    from appliance.clock import Clock
    from packager.format.files import Files

_log = logging.getLogger(__name__)

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_MAX = 4096


@dataclass(frozen=True, slots=True)
class Installed:
    """What was installed last. boot: id of the boot in which; at: when that was, ISO time in UTC."""

    version: int
    boot: str
    at: str


def boot_id(path: Path = BOOT_ID) -> str:
    """The kernel's name for this boot; empty when it tells none."""
    try:
        return read_small(path, 100).decode().strip()
    except (OSError, ValueError):
        return ""


def note_boot(places: Places, running: int, boot: str, clock: Clock, files: Files) -> SystemState:
    """Say once a boot which system runs and what became of the one that was installed last.

    Args:
        places: where it reads and writes.
        running: version of the running system.
        boot: id of this boot.
        clock: for the time that is told.
        files: the writer.

    Raises:
        OSError: it cannot be written.
    """
    known = read_system_state(places.run)
    if known.running == running and known.state:
        return known  # told in this boot already, or a system is being written
    last = _installed(places.state / "system" / INSTALLED)
    state = SystemState(running=running)
    if last is not None and last.boot != boot:
        if last.version == running:
            state = SystemState(running, UPDATED, last.version, 100, last.at)
        elif last.version > running and _is_spent(places, last.version):
            at = f"{clock.now():%Y-%m-%dT%H:%M:%SZ}"
            _log.error("system %d did not start; %d runs", last.version, running)
            state = SystemState(running, FELL_BACK, last.version, 0, at)
    write_system_state(places.run, state, files)
    return state


def _is_spent(places: Places, version: int) -> bool:
    """Whether the boot loader has tried a system as often as it may; one whose entry never came was cut short."""
    try:
        entries = read_entries(places.efi.parent / "loader" / "entries")
    except OSError:
        return False
    return any(entry.version == version and entry.tries == 0 for entry in entries)


def _installed(path: Path) -> Installed | None:
    try:
        body = json.loads(read_small(path, _MAX))
        at = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        version, boot = body["version"], body["boot"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        _log.error("what was installed last cannot be read: %r", error)
        return None
    fits = type(version) is int and isinstance(boot, str)
    return Installed(version, boot, f"{at:%Y-%m-%dT%H:%M:%SZ}") if fits else None
