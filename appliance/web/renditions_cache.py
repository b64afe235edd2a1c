"""A bounded folder of derived views on the SSD. It may be emptied at any time; nothing in it is ever missed."""

from __future__ import annotations

import hashlib
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from pathlib import Path

logger = logging.getLogger(__name__)

DEFAULT_BYTES = 512 << 20
_BLOCK = 4096
"""Bytes that a file takes on the SSD at least, and counts for: else a million tiny views would pass for little."""
_KEEP = 0.9
"""Part of the bound that is left after the oldest files went, so that not every new file drives one out."""


class RenditionCache:
    """Files by key, the least recently used ones removed when they grow beyond `max_bytes` together.

    Thread-safe within one process; the folder belongs to it alone. Not durable: a power cut loses at most the files
    being written. Memory: about 150 bytes a file.

    Args:
        folder: of all caches; a folder of our own is made in it.
        max_bytes: bound of all files together.
    """

    def __init__(self, folder: Path, max_bytes: int = DEFAULT_BYTES) -> None:
        self.folder, self.max_bytes = folder / "renditions", max_bytes
        self._sizes: OrderedDict[str, int] = OrderedDict()
        self._lock = threading.Lock()
        self._total = 0
        self.folder.mkdir(parents=True, exist_ok=True)
        self._take_stock()

    @staticmethod
    def key(*parts: str | int) -> str:
        """The name of a view: SHA-256 over what it was made from and how."""
        return hashlib.sha256("\0".join(str(part) for part in parts).encode()).hexdigest()

    def get(self, key: str) -> Path | None:
        """The file of that key, which counts as used now; None when it is not kept."""
        path = self._path(key)
        with self._lock:
            if key not in self._sizes:
                return None
            self._sizes.move_to_end(key)
        try:
            os.utime(path)
        except OSError:
            with self._lock:
                self._total -= self._sizes.pop(key, 0)
            return None
        return path

    def put(self, key: str, content: bytes) -> Path:
        """Keep `content`; a reader sees all of it or nothing, also after a power cut (which may take it whole).

        Raises:
            OSError: the SSD takes no more.
        """
        path = self._path(key)
        path.parent.mkdir(exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".new-", delete=False) as file:
            new = Path(file.name)
            try:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())  # else the name may outlive a power cut and the bytes may not
                new.replace(path)
            except BaseException:
                new.unlink(missing_ok=True)
                raise
        with self._lock:
            size = _on_disk(len(content))
            self._total += size - self._sizes.pop(key, 0)
            self._sizes[key] = size
            old = self._too_old()
        for dropped in old:
            self._path(dropped).unlink(missing_ok=True)
        return path

    def total(self) -> int:
        """Bytes that the views take on the SSD now."""
        with self._lock:
            return self._total

    def _too_old(self) -> list[str]:
        if self._total <= self.max_bytes:
            return []
        old: list[str] = []
        while self._total > self.max_bytes * _KEEP and len(self._sizes) > 1:
            key, size = self._sizes.popitem(last=False)
            self._total -= size
            old.append(key)
        return old

    def _path(self, key: str) -> Path:
        return self.folder / key[:2] / key[2:]

    def _take_stock(self) -> None:
        """Learn what an earlier process left, oldest use first; remove what it was writing."""
        found: list[tuple[float, str, int]] = []
        for shelf in os.scandir(self.folder):
            if shelf.name.startswith(".new-"):
                Path(shelf.path).unlink(missing_ok=True)
            elif shelf.is_dir(follow_symlinks=False):
                for entry in os.scandir(shelf.path):
                    status = entry.stat(follow_symlinks=False)
                    found.append((status.st_mtime, shelf.name + entry.name, _on_disk(status.st_size)))
        for _used, key, size in sorted(found):
            self._sizes[key] = size
            self._total += size
        for dropped in self._too_old():
            self._path(dropped).unlink(missing_ok=True)


def _on_disk(size: int) -> int:
    return -(-max(size, 1) // _BLOCK) * _BLOCK
