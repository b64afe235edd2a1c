"""Filling a repair list: the chunks that a county's box lacks, from a work folder, a drive, a folder or a server."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from packager.format.errors import FormatError
from packager.format.files import Files
from packager.format.items import read_item_rows
from packager.format.layout import DriveLayout, open_nofollow
from packager.format.origin import OriginError, fetch, object_path
from packager.format.repair_list import FOLDER, MAX_BYTES, Lacking, load_list

DEADLINE_SECONDS = 120.0
"""For one chunk from a server."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What came of it.

    Attributes:
        done: chunks that are in the folder now. left: chunks that the source does not have. wrong: it had other bytes.
        size: bytes in the folder.
    """

    done: int
    left: int
    wrong: int
    size: int


def read_list(path: Path) -> list[Lacking]:
    """The list in that file.

    Raises:
        FormatError: it is no list. OSError: it cannot be read.
    """
    with path.open("rb") as file:
        return load_list(file.read(MAX_BYTES + 1))


def fill(
    places: Sequence[Lacking],
    source: str,
    target: Path,
    files: Files,
    progress: Callable[[int], None] = lambda _n: None,
) -> Filled:
    """Write every chunk that the source has into `target/repair/objects`, proved; what is there already stays.

    Args:
        places: of the list.
        source: a server (http or https), a work folder or drive (with `bag/`), or a folder with `objects/`.
        target: the folder, on a stick for example; made when missing.
        files: the writer.
        progress: told after every chunk how many were looked at.

    Raises:
        FormatError: a list in the source is damaged.
        OSError: source or target cannot be read or written.
    """
    done = wrong = size = 0
    with ExitStack() as opened:
        ask = _asker(source, places, opened)
        for number, place in enumerate(places, 1):
            path = target / FOLDER / object_path(place.digest)
            chunk = path.read_bytes() if path.is_file() and path.stat().st_size == place.length else None
            if chunk is None or hashlib.sha256(chunk).hexdigest() != place.digest:
                chunk = ask(place)
                if chunk is not None and hashlib.sha256(chunk).hexdigest() != place.digest:
                    wrong, chunk = wrong + 1, None
                if chunk is not None:
                    files.make_dir(path.parent)
                    files.write_atomic(path, chunk, expected=place.digest)
            if chunk is not None:
                done, size = done + 1, size + len(chunk)
            progress(number)
    return Filled(done, len(places) - done, wrong, size)


def _asker(source: str, places: Sequence[Lacking], opened: ExitStack) -> Callable[[Lacking], bytes | None]:
    if source.startswith(("http://", "https://")):
        return lambda place: _from_server(source, place)
    folder = Path(source)
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    opened.callback(os.close, descriptor)
    if (folder / "bag").is_dir():
        names = {place.sha256 for place in places}
        paths = dict(_payload(DriveLayout(folder).items, names))
        return lambda place: _read(descriptor, paths.get(place.sha256, ""), place.offset, place.length)
    return lambda place: _from_objects(descriptor, place)


def _payload(items: Path, names: set[str]) -> Iterator[tuple[str, str]]:
    for rows in read_item_rows(items):
        for sha256, _size, path in rows:
            if sha256.decode() in names:
                yield sha256.decode(), f"bag/{path.decode()}"


def _from_objects(folder: int, place: Lacking) -> bytes | None:
    whole = _read(folder, place.path, place.offset, place.length)
    return whole if whole is not None else _read(folder, object_path(place.digest), 0, place.length)


def _read(folder: int, path: str, offset: int, length: int) -> bytes | None:
    if not path:
        return None
    try:
        descriptor = open_nofollow(folder, path)
    except (FileNotFoundError, FormatError):
        return None
    try:
        return os.pread(descriptor, length, offset)
    finally:
        os.close(descriptor)


def _from_server(address: str, place: Lacking) -> bytes | None:
    try:
        return fetch(
            address,
            place.sha256,
            size=place.size,
            offset=place.offset,
            length=place.length,
            deadline=DEADLINE_SECONDS,
        )
    except OriginError:
        return None
