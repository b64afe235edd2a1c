"""Which devices may report, by the registry that the provisioning desk signed (docs/provisioning.md)."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from packager.format.errors import UnknownDeviceError
from provisioning.errors import RegistryError
from provisioning.registry import MAX_REGISTRY, read_registry

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from packager.format.reports import Report
    from provisioning.keys import PublicKey
    from provisioning.registry import Registry

_log = logging.getLogger(__name__)


class Registered:
    """The registry, read again when the file changes; one that is damaged or older does not take its place."""

    def __init__(self, path: Path, keys: Sequence[PublicKey]) -> None:
        """Read it.

        Args:
            path: of the registry.
            keys: one of which signed it.

        Raises:
            RegistryError: it is none, or none of them did.
            OSError: it is not there or the disk does not answer.
        """
        self._path, self._keys, self._lock = path, keys, threading.Lock()
        self._seen = self._state()
        self._registry = self._read()
        self._known = _by_key(self._registry)

    def key_of(self, report: Report) -> PublicKey:
        """The enrolled key that a report names.

        Raises:
            UnknownDeviceError: it is not enrolled for this library.
        """
        with self._lock:
            self._follow()
            found = self._known.get((report.head.library, report.key))
        if found is None:
            raise UnknownDeviceError("is by a device that is not enrolled", path="report", found=report.head.library)
        return found

    def libraries(self) -> set[str]:
        """Everybody who may report."""
        with self._lock:
            self._follow()
            return {library for library, _ in self._known}

    def _follow(self) -> None:
        try:
            state = self._state()
            if state == self._seen:
                return
            self._seen, found = state, self._read()
        except (OSError, RegistryError) as error:
            _log.warning("the registry stays as it was: %s: %s", self._path.name, error)
            return
        if found.number < self._registry.number:
            _log.warning("the registry stays as it was: %s has number %s", self._path.name, found.number)
            return
        self._registry, self._known = found, _by_key(found)

    def _state(self) -> tuple[int, int, int]:
        facts = self._path.stat()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns

    def _read(self) -> Registry:
        with self._path.open("rb") as file:
            return read_registry(file.read(MAX_REGISTRY + 1), self._keys)


def _by_key(registry: Registry) -> dict[tuple[str, str], PublicKey]:
    return {(library, key.id): key for library, key in registry.devices}
