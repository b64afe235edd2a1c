"""Which plugging in a device's name belongs to: names are given anew, and the last one may still be leaving."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path("/run/shuxiang/drives")


@contextmanager
def held(folder: Path = FOLDER) -> Iterator[None]:
    """Nobody else takes or leaves a name meanwhile. Do nothing inside that waits.

    Raises:
        OSError: the folder is not there.
    """
    with (folder / ".lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def take(device: str, place: Path, folder: Path = FOLDER) -> None:
    """From now on the name belongs to what is at this place in sysfs."""
    (folder / device).write_text(str(place))


def belongs(device: str, place: Path, folder: Path = FOLDER) -> bool:
    """Whether the name still belongs to what is, or was, at this place."""
    return place_of(device, folder=folder) == place


def place_of(device: str, folder: Path = FOLDER) -> Path | None:
    """The place in sysfs of what has a name; None: nothing of ours has it."""
    try:
        return Path((folder / device).read_text())
    except FileNotFoundError:
        return None


def leave(device: str, folder: Path = FOLDER) -> None:
    """The name belongs to nobody."""
    (folder / device).unlink(missing_ok=True)
