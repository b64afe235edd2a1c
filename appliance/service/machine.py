"""The machine under the box, for the diagnosis file: what the kernel tells without asking a drive.

Nothing here waits for a disk that does not answer, but the box's own, and for that only so long.
"""

from __future__ import annotations

import os
import platform
import re
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from appliance.service.ground import MARKER

DISK_SECONDS = 3.0
MAX_FILES = 100
MAX_LOG = 4 << 10
FSCK_LOG = MARKER.parent / "fsck.log"
"""What the check of the box's own disk said at the start, where the system had to give it up."""
_NAMES = re.compile(r"'[^'\n]*'|(?<![\w])/\S+")
"""Names of files in it: some are of what was read last."""
_MEMORY = ("MemTotal", "MemAvailable", "SwapTotal", "SwapFree")
_WIRED = ("en", "eth")


def machine_facts(root: Path = Path("/")) -> dict[str, Any]:
    """Kernel, processors, memory, heat, and whether a cable is in. `root`: where /proc and /sys are."""
    proc, system = root / "proc", root / "sys"
    return {
        "kernel": platform.release(),
        "architecture": platform.machine(),
        "python": platform.python_version(),
        "processors": os.cpu_count() or 0,
        "load": _text(proc / "loadavg").split()[:3],
        "up_seconds": int(float((_text(proc / "uptime").split() or ["0"])[0])),
        "memory_kib": _memory(_text(proc / "meminfo")),
        "degrees": _degrees(system / "class/thermal"),
        "network": _network(system / "class/net"),
        "degraded_log": _NAMES.sub("…", _text(FSCK_LOG)[-MAX_LOG:]).splitlines() if MARKER.exists() else [],
    }


def disk_facts(folder: Path) -> dict[str, Any]:
    """Room on the box's own disk, and how large our databases and documents are; `answers` is false in time of need."""
    found: dict[str, Any] = {}
    asked = threading.Thread(target=lambda: found.update(_disk(folder)), name="disk facts", daemon=True)
    asked.start()
    asked.join(DISK_SECONDS)
    return {"answers": bool(found), **found}


def _disk(folder: Path) -> dict[str, Any]:
    try:
        usage, nodes = shutil.disk_usage(folder), os.statvfs(folder)
        with os.scandir(folder) as entries:
            sizes = {e.name: e.stat().st_size for e in entries if e.is_file(follow_symlinks=False)}
    except OSError as error:
        return {"errno": error.errno or 0}
    return {
        "bytes": usage.total,
        "free": usage.free,
        "files_free": nodes.f_favail,
        "read_only": bool(nodes.f_flag & os.ST_RDONLY),
        "sizes": dict(sorted(sizes.items())[:MAX_FILES]),
    }


def _text(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return file.read(64 << 10).decode("utf-8", "replace")
    except OSError:
        return ""


def _memory(text: str) -> dict[str, int]:
    rows = (line.partition(":") for line in text.splitlines())
    return {name: int(value.split()[0]) for name, _, value in rows if name in _MEMORY and value.split()}


def _degrees(folder: Path) -> list[int]:
    return [int(text) // 1000 for text in _each(folder, "thermal_zone", "temp") if text.lstrip("-").isdecimal()]


def _network(folder: Path) -> dict[str, str]:
    return {name: _text(folder / name / "operstate").strip()[:20] for name in _names(folder, _is_wired)}


def _is_wired(name: str) -> bool:
    return name.startswith(_WIRED)


def _each(folder: Path, beginning: str, file: str) -> list[str]:
    names = _names(folder, lambda name: name.startswith(beginning))
    return [_text(folder / name / file).strip() for name in names]


def _names(folder: Path, wanted: Callable[[str], bool]) -> list[str]:
    try:
        return sorted(path.name for path in folder.iterdir() if wanted(path.name))[:16]
    except OSError:
        return []
