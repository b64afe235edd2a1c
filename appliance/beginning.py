"""A process of a moment beside the box's own: what the data folder is like, and how the box starts and stops.

    python -m appliance.beginning begin|look|died|end SETTINGS

Apart from the parent, which is to stay small and must not hang where a disk hangs. Prints the ground as a line of JSON.
`begin`: the box starts. `look`: a process of it starts again. `died`: the serving process had ended by itself. `end`:
the box stops as it was told.
"""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

from appliance.clock import RealClock
from appliance.service.ground import MARKED, Ground, ground_of, look
from appliance.service.journal import set_up_logging
from appliance.service.spare import make_spare, remove_spare
from appliance.settings import Settings, load_settings
from appliance.store import starts
from packager.format.files import RealFiles

BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def found(settings: Settings, before: Ground) -> Ground:
    """What the box stands on now; a spare that is there is used again.

    Raises:
        OSError: there is no room for a spare.
    """
    why = look(settings.data_folder, RealFiles())
    if why in {"", MARKED}:
        if before.spare:
            remove_spare(Path(before.spare))
        return Ground(why)
    if before.spare and Path(before.spare).is_dir():
        return replace(before, why=why)
    return Ground(why, str(make_spare(settings.data_folder)))


def main(what: str, settings_file: Path) -> None:
    """Do one of the four, see above."""
    settings = load_settings(settings_file)
    set_up_logging(settings.log_level, "beginning")
    ground, files, now = ground_of(), RealFiles(), RealClock().now()
    if what == "end":
        starts.end(_folder(settings, ground), files)
        if ground.spare:
            remove_spare(Path(ground.spare))
        _say(Ground())
    ground = found(settings, ground)
    folder = _folder(settings, ground)
    if what == "begin":
        starts.begin(folder, files, boot=_boot(), now=now)
    elif what == "died":
        starts.restarted(folder, files, now=now)
    _say(ground)


def _say(ground: Ground) -> NoReturn:
    print(ground.to_text(), flush=True)  # noqa: T201 - this is what it is for
    os._exit(0)  # a thread that hangs on a disk would keep it


def _folder(settings: Settings, ground: Ground) -> Path:
    return Path(ground.spare) if ground.spare else settings.data_folder


def _boot() -> str:
    try:
        return BOOT_ID.read_text().strip()
    except OSError:
        return "unknown"


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
