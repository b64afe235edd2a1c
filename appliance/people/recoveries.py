"""The record of recoveries: when a recovery stick gave the director a new password. Kept for staff to read.

A small file, one JSON object a line, the newest `MOST` of them. Each plugging in of a stick counts once, so that a
second person who uses the moment is noticed: whoever comes first leaves the other a page that says so.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

from appliance.clock import Clock
from packager.format.files import Files

_log = logging.getLogger(__name__)

NAME = "recoveries.jsonl"
MOST = 200
_MAX_BYTES = 256 << 10


@dataclass(frozen=True, slots=True)
class Recovery:
    """One. token: of the plugging in. serial: of the stick's file. at: ISO time in UTC. address: of the browser."""

    token: str
    serial: int
    at: str
    address: str


class RecoveryLog:
    """The record. For the serving process; any number of threads."""

    def __init__(self, folder: Path, clock: Clock, files: Files) -> None:
        """Name the folder (`Settings.data_folder`)."""
        self._path, self._clock, self._files, self._lock = folder / NAME, clock, files, Lock()

    def all(self) -> tuple[Recovery, ...]:
        """The recoveries that are known, the last one last."""
        try:
            with self._path.open("rb") as file:
                lines = file.read(_MAX_BYTES).decode().splitlines()
            return tuple(Recovery(**json.loads(line)) for line in lines)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, TypeError) as error:
            _log.error("the record of recoveries cannot be read: %s", error)
            return ()

    def is_used(self, token: str) -> bool:
        """Whether this plugging in has been used."""
        return any(one.token == token for one in self.all())

    def take(self, token: str, *, serial: int, address: str) -> bool:
        """Write a recovery down before it is done, durably; False: this plugging in has been used already.

        Raises:
            OSError: the SSD is full or does not answer; nothing may be reset then.
        """
        with self._lock:
            known = self.all()
            if any(one.token == token for one in known):
                return False
            at = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
            kept = [*known, Recovery(token, serial, at, address)][-MOST:]
            lines = "".join(json.dumps(asdict(one), sort_keys=True) + "\n" for one in kept)
            self._files.write_atomic(self._path, lines.encode())
        _log.warning("a recovery stick was used from %s", address)
        return True
