"""A spare data folder in memory: small files are copied, large ones linked where they lie, nothing there is written.

Whatever cannot be read is left out: the box then knows less, and starts all the same.
"""

from __future__ import annotations

import contextlib
import hashlib
import logging
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

_log = logging.getLogger(__name__)

COPY_SECONDS = 60.0
"""A disk that hangs while it is read is left behind after so long."""
MAX_COPY = 16 << 20
COPIED = (
    "accounts.db", "accounts.db-wal", "secret.key", "holdings.json", "verified.json", "home-place.txt", "starts.json",
    "diary.json", "device.key",
)  # fmt: skip
COPIED_FOLDERS = ("tuf", "updates")
LINKED_FOLDERS = ("carried", "objects")


def make_spare(data: Path, seconds: float = COPY_SECONDS) -> Path:
    """A new spare folder, filled from `data` as far as that can be read in time; readable by this user alone.

    Raises:
        OSError: there is no room in memory either.
    """
    parent = Path(os.environ.get("RUNTIME_DIRECTORY", "").partition(":")[0] or tempfile.gettempdir())
    prefix = f"shuxiang-spare-{hashlib.sha256(os.fsencode(data.absolute())).hexdigest()[:12]}-"
    for left in parent.glob(f"{prefix}*"):  # of a run that was killed
        remove_spare(left)
    spare = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
    filling = threading.Thread(target=_fill, args=(spare, data), name="spare", daemon=True)
    filling.start()
    filling.join(seconds)
    return spare


def remove_spare(spare: Path) -> None:
    """Throw a spare folder away; only one of our own."""
    with contextlib.suppress(OSError):
        if not spare.is_symlink() and spare.lstat().st_uid == os.getuid():
            shutil.rmtree(spare, ignore_errors=True)


def _fill(spare: Path, data: Path) -> None:
    for name in COPIED:
        _copy(data / name, spare / name)
    for name in COPIED_FOLDERS:
        for path in _files_below(data / name):
            _copy(path, spare / path.relative_to(data))
    for name in LINKED_FOLDERS:
        _link(data / name, spare / name)
    for release in _releases(data / "releases"):
        _link_release(release, spare / release.relative_to(data))


def _releases(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.glob("*/*-*") if (path / "READY").is_file())
    except OSError as error:
        _log.warning("releases cannot be listed: %s", error)


def _link_release(release: Path, place: Path) -> None:
    """A release whose folders are ours, and whose files lie where they were."""
    try:
        for path in release.iterdir():
            if path.is_file():
                _copy(path, place / path.name)
            elif path.is_dir():
                for inner in path.iterdir():
                    _link(inner, place / path.name / inner.name)
    except OSError as error:
        _log.warning("release %s cannot be read: %s", release.name, error)


def _files_below(folder: Path) -> Iterator[Path]:
    for found, _, names in os.walk(folder):
        yield from (Path(found, name) for name in names)


def _copy(path: Path, to: Path) -> None:
    try:
        if path.is_file() and not path.is_symlink() and path.stat().st_size <= MAX_COPY:
            to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            shutil.copyfile(path, to)
            to.chmod(0o600)
    except OSError as error:
        _log.warning("%s is left out: %s", path.name, error)


def _link(path: Path, to: Path) -> None:
    try:
        if path.exists():
            to.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            to.symlink_to(path.absolute())
    except OSError as error:
        _log.warning("%s is left out: %s", path.name, error)
