"""A stick or disk to write on: on the image root mounts them all for reading only, and the service asks for one.

It asks by a small file in `Settings.box_folder`/requests and waits until root (`image.drive.lending`) has mounted the
disk for writing, which the event of the disk tells. When the file goes, root mounts it for reading only again. Where
there is no such folder, as on a machine on which this is developed, nothing is asked.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from appliance.box.state import read_small
from appliance.errors import NotWritableError

if TYPE_CHECKING:
    from appliance.settings import Settings
    from packager.format.files import Files

_log = logging.getLogger(__name__)

FOLDER = "requests"
FILES, COPY = "files", "copy"
"""Why: some small files beside what is there; a copy of the library, on a disk of its own."""
WAIT_SECONDS = 15.0
"""For being given a disk, and for its being given back."""
RENEW_SECONDS = 60.0
"""A disk that is still written on is asked for again so often; root takes it back after ten minutes."""
MAX_EVENT = 4096
_LOOK_SECONDS = 0.1
_taken: set[Path] = set()
_taking = threading.Lock()


@contextmanager
def lent(settings: Settings, root: Path, purpose: str) -> Iterator[Callable[[], None]]:
    """Have a disk writable for a while. Nothing of it may be open at the beginning and at the end.

    Args:
        settings: of the box.
        root: where the disk is mounted.
        purpose: `FILES` or `COPY`.

    Yields:
        What is to be called now and then while something is written.

    Raises:
        NotWritableError: it is not given, or not in time; nothing was written.
        OSError: the request cannot be written.
    """
    folder = _folder(settings)
    if folder is None:
        yield lambda: None
        return
    request = folder / f"{root.name}.json"
    with _taking:
        if request in _taken:
            raise NotWritableError(f"{root.name} is being written on")
        _taken.add(request)
    try:
        _ask(settings, root, purpose, request)
        yield _renewal(request)
    finally:
        try:
            _give_back(settings, root, request)
        finally:
            with _taking:
                _taken.discard(request)


def folder_on(root: Path, below: str, files: Files) -> Path:
    """A folder of a stick, made when it is missing: of the stick itself, never one that a link on it leads to.

    Args:
        root: where the stick is mounted.
        below: name of the folder; empty: the root.
        files: makes it.

    Raises:
        OSError: the stick is gone, full or read-only, or something else has the name.
    """
    root.stat()  # never a folder where a stick was a moment ago
    folder = root / below
    if folder.is_symlink():
        raise NotADirectoryError(errno.ENOTDIR, "a link stands there", below)
    files.make_dir(folder)
    return folder


def give_all_back(settings: Settings) -> None:
    """Take back what a run that was killed had asked for."""
    folder = _folder(settings)
    if folder is not None:
        with suppress(OSError):
            for path in list(folder.iterdir()):
                path.unlink()


def _folder(settings: Settings) -> Path | None:
    if settings.box_folder is None or settings.event_spool is None:
        return None
    folder = settings.box_folder / FOLDER
    return folder if folder.is_dir() else None


def _ask(settings: Settings, root: Path, purpose: str, request: Path) -> None:
    until = time.monotonic() + WAIT_SECONDS
    # What an earlier run was given is given back first: it must not go away in the midst of this one.
    while (event := _event(settings, root)).get("writable"):
        _wait(until, root)
    values = {"schema": 1, "device": root.name, "purpose": purpose, "at": event.get("at")}
    waiting = request.with_name(f".{request.name}.new")
    waiting.write_text(json.dumps(values))
    waiting.replace(request)
    while not (_event(settings, root).get("writable") and os.access(root, os.W_OK)):
        if not request.exists():
            raise NotWritableError(f"{root.name} is refused")
        _wait(until, root)


def _give_back(settings: Settings, root: Path, request: Path) -> None:
    """Return as soon as the disk may be pulled, or it takes too long."""
    request.unlink(missing_ok=True)
    until = time.monotonic() + WAIT_SECONDS
    try:
        while _event(settings, root).get("writable"):
            _wait(until, root)
    except NotWritableError as error:
        _log.warning("it was written on and is given back: %s", error)


def _wait(until: float, root: Path) -> None:
    if time.monotonic() > until:
        raise NotWritableError(f"{root.name}: nothing was done about it in time")
    time.sleep(_LOOK_SECONDS)


def _event(settings: Settings, root: Path) -> dict[str, Any]:
    """What is told of a disk that is mounted at a place.

    Raises:
        NotWritableError: there is no such disk.
    """
    try:
        found: Any = json.loads(read_small((settings.event_spool or Path()) / f"{root.name}.json", MAX_EVENT))
        if found["state"] == "mounted" and found["path"] == str(root):
            return dict(found)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise NotWritableError(f"{root.name}: nothing is told of it: {error!r}") from error
    raise NotWritableError(f"{root.name} is not mounted")


def _renewal(request: Path) -> Callable[[], None]:
    told = time.monotonic()

    def renew() -> None:
        nonlocal told
        now = time.monotonic()
        if now - told >= RENEW_SECONDS:
            told = now
            with suppress(OSError):
                os.utime(request)

    return renew
