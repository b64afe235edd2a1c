"""What the box stands on: its data folder, or, when nothing can be written there, a spare folder in memory.

With a spare the box goes on as far as reading goes: what was known is copied or linked, drives are taken in again where
memory allows it, and nothing outlives the next start. Updates, checks, repairs, wishes and reports rest meanwhile.
"""

from __future__ import annotations

import errno
import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from appliance.settings import Settings
from packager.format.files import Files

VARIABLE = "SHUXIANG_GROUND"
"""Environment of the box's processes: a `Ground` as JSON, set by their parent."""
FULL, UNWRITABLE, MARKED = "full", "unwritable", "marked"
WHY = ("", FULL, UNWRITABLE, MARKED)
PROBE_SECONDS = 20.0
_PROBE = ".probe"
_PROBE_BYTES = 256 << 10
"""More than a database asks for to be opened."""
MEMORY_RESERVE = 16 << 20
"""Bytes kept free of a folder in memory. What is kept free of an SSD is more than such a folder may hold."""
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})
MARKER = Path("/run/shuxiang/degraded")
"""The system leaves it when it had to put an empty disk in memory where the box's own should be."""


@dataclass(frozen=True, slots=True)
class Ground:
    """Where state goes.

    Attributes:
        why: one of `WHY`; empty: all is well.
        spare: folder in memory that stands in for the data folder; empty: the data folder is used.
    """

    why: str = ""
    spare: str = ""

    def to_text(self) -> str:
        """As JSON."""
        return json.dumps(asdict(self), sort_keys=True)


def ground_of(environment: Mapping[str, str] = os.environ) -> Ground:
    """What the parent found; firm ground when it said nothing."""
    try:
        body = json.loads(environment.get(VARIABLE, "{}"))
        found = Ground(str(body.get("why", "")), str(body.get("spare", "")))
    except (ValueError, AttributeError):
        return Ground()
    return found if found.why in WHY else Ground()


def settled(settings: Settings, ground: Ground) -> Settings:
    """The settings of a box that stands there: what would write much, or promise what cannot be kept, is off."""
    if not ground.why:
        return settings
    in_memory = bool(ground.spare) or ground.why == MARKED
    return replace(
        settings,
        reserve_bytes=min(settings.reserve_bytes, MEMORY_RESERVE) if in_memory else settings.reserve_bytes,
        data_folder=Path(ground.spare) if ground.spare else settings.data_folder,
        secret_file=None if ground.spare else settings.secret_file,
        check_months=0,
        repair_bytes=0,
        repair_folders=(),
        repair_origins=(),
        update_origins=(),
        report_url="",
    )


def look(folder: Path, files: Files, *, marker: Path = MARKER, seconds: float = PROBE_SECONDS) -> str:
    """Why the data folder cannot be relied upon, one of `WHY`; a disk that does not answer in time counts as broken."""
    found: list[str] = []
    probe = threading.Thread(target=lambda: found.append(_probe(folder, files)), name="probe", daemon=True)
    probe.start()
    probe.join(seconds)
    why = found[0] if found else UNWRITABLE
    return why or (MARKED if marker.exists() else "")


def _probe(folder: Path, files: Files) -> str:
    try:
        files.make_dir(folder)
        files.write_atomic(folder / _PROBE, os.urandom(_PROBE_BYTES))
        files.remove(folder / _PROBE)
    except OSError as error:
        files.discard(folder / _PROBE)
        return FULL if error.errno in _NO_ROOM else UNWRITABLE
    return ""
