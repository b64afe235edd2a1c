"""What the service asks for: a stick or disk to write on. It is read as a stranger's word."""

from __future__ import annotations

import json
import os
import re
import stat
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path("/run/shuxiang/requests")
MAX_BYTES = 1024
MAX_REQUESTS = 64
"""Entries of the folder that are looked at."""
FILES, COPY = "files", "copy"
"""Why: some small files of ours beside what is there; a copy of the library, on a disk of its own."""
_NAME = re.compile(r"([a-z][a-z0-9]{1,31})\.json", re.ASCII)
_KEYS = frozenset({"schema", "device", "purpose", "at"})


@dataclass(frozen=True, slots=True)
class Request:
    """One. device: the kernel's name. purpose: `FILES` or `COPY`. at: of the event of the plugging in that is meant."""

    device: str
    purpose: str
    at: int


@dataclass(frozen=True, slots=True)
class Asked:
    """A file in the folder. request: None when it makes no sense. mark: is another when the file was touched."""

    request: Request | None
    mark: tuple[int, int] = (0, 0)


def parse(device: str, content: bytes) -> Request | None:
    """The request that a file of a device's name holds; None: it is none."""
    try:
        values = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(values, dict) or values.keys() != _KEYS:
        return None
    schema, purpose, at = values["schema"], values["purpose"], values["at"]
    if type(schema) is not int or schema != 1 or type(at) is not int or purpose not in (FILES, COPY):
        return None
    return Request(device, purpose, at) if values["device"] == device else None


def read_all(folder: Path, user: int) -> dict[str, Asked]:
    """The files with names of requests, by device; what is no plain file of the service's own makes no sense.

    Args:
        folder: where they are.
        user: who may ask.

    Raises:
        OSError: the folder is not there.
    """
    found: dict[str, Asked] = {}
    place = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        with os.scandir(place) as entries:
            names = [entry.name for _, entry in zip(range(MAX_REQUESTS), entries, strict=False)]
        for name in names:
            if match := _NAME.fullmatch(name):
                found[match[1]] = _read(place, name, match[1], user)
    finally:
        os.close(place)
    return found


def _read(place: int, name: str, device: str, user: int) -> Asked:
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        descriptor = os.open(name, flags, dir_fd=place)
    except OSError:
        return Asked(None)
    try:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode) or facts.st_nlink != 1 or facts.st_uid != user:
            return Asked(None)
        return Asked(parse(device, os.read(descriptor, MAX_BYTES + 1)), (facts.st_ino, facts.st_mtime_ns))
    finally:
        os.close(descriptor)
