"""Which drives' tag files were found good before."""

from __future__ import annotations

import json
import threading
from pathlib import Path

from packager.format.files import Files

MAX_KNOWN = 200


class VerifiedDrives:
    """Which drives' tag files were found good, by their names, sizes and times: a short memory in one small file.

    It spares a returning drive the reading of gigabytes. It is no proof: what is served is proved chunk by chunk
    against the copy on the SSD, never against the drive's own lists.
    """

    def __init__(self, path: Path, files: Files) -> None:
        """Read what is remembered; a damaged file is forgotten."""
        self._path, self._files, self._lock = path, files, threading.Lock()
        self._known: dict[str, str] = {}
        try:
            found = json.loads(path.read_bytes()[: 1 << 20])
            self._known = {str(k): str(v) for k, v in found.items()}
        except (OSError, ValueError, AttributeError, RecursionError):
            pass

    def has(self, tagmanifest: str, facts: str) -> bool:
        """Whether this drive, with exactly these tag files, was verified before."""
        with self._lock:
            return self._known.get(tagmanifest) == facts

    def add(self, tagmanifest: str, facts: str) -> None:
        """Remember; durable on return."""
        with self._lock:
            self._known.pop(tagmanifest, None)
            self._known[tagmanifest] = facts
            while len(self._known) > MAX_KNOWN:
                del self._known[next(iter(self._known))]
            self._files.write_atomic(self._path, json.dumps(self._known).encode())
