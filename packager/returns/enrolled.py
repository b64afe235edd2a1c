"""Which devices may report: `<library>.pub`, or `<library>.<anything>.pub` where a library has several, in a folder."""

from __future__ import annotations

import logging
import threading
from pathlib import Path

from packager.format.errors import UnknownDeviceError
from packager.format.reports import LIBRARY, Report
from provisioning.errors import KeyFileError
from provisioning.keys import PublicKey, load_public_key

_log = logging.getLogger(__name__)

MAX_KEYS = 20_000


class Enrolled:
    """The folder of public keys, read again when it changes. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Name the folder."""
        self._folder, self._lock = folder, threading.Lock()
        self._seen: int | None = None
        self._keys: dict[tuple[str, str], PublicKey] = {}

    def key_of(self, report: Report) -> PublicKey:
        """The enrolled key that a report names.

        Raises:
            UnknownDeviceError: it is not enrolled for this library.
            OSError: the folder does not answer.
        """
        with self._lock:
            changed = self._folder.stat().st_mtime_ns
            if changed != self._seen:
                self._keys, self._seen = _read(self._folder), changed
            found = self._keys.get((report.head.library, report.key))
        if found is None:
            raise UnknownDeviceError("is by a device that is not enrolled", path="report", found=report.head.library)
        return found

    def libraries(self) -> set[str]:
        """Everybody who may report.

        Raises:
            OSError: the folder does not answer.
        """
        return {library for library, _ in _read(self._folder)}


def _read(folder: Path) -> dict[tuple[str, str], PublicKey]:
    found: dict[tuple[str, str], PublicKey] = {}
    for path in sorted(folder.glob("*.pub"))[:MAX_KEYS]:
        library = path.name.split(".", 1)[0]
        if not LIBRARY.match(library):
            continue
        try:
            key = load_public_key(path)
        except (KeyFileError, OSError) as error:
            _log.warning("%s is passed over: %s", path.name, error)
            continue
        found[library, key.id] = key
    return found
