"""A bounded folder of derived views on the SSD. It may be emptied at any time; nothing in it is ever missed."""

from __future__ import annotations

import hashlib
import io
import logging
import os
import tempfile
import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from appliance.errors import BusyError

logger = logging.getLogger(__name__)

DEFAULT_BYTES = 512 << 20
_BLOCK = 4096
"""Bytes that a file takes on the SSD at least, and counts for: else a million tiny views would pass for little."""
_KEEP = 0.9
"""Part of the bound that is left after the oldest files went, so that not every new file drives one out."""


@dataclass(frozen=True, slots=True)
class View:
    """A derived view: a file on the SSD, or the bytes themselves when the SSD takes no more."""

    content: Path | bytes

    def read(self, offset: int = 0, n: int = -1) -> bytes:
        """Up to `n` bytes from `offset`, all that follow when `n` is negative.

        Raises:
            BusyError: it was driven out of the cache meanwhile; asked for again, it is made again.
        """
        if isinstance(self.content, bytes):
            return self.content[offset : None if n < 0 else offset + n]
        try:
            with self.content.open("rb") as file:
                file.seek(offset)
                return file.read(n)
        except FileNotFoundError as error:
            raise BusyError("a view was driven out of the cache while it was read") from error

    @property
    def size(self) -> int:
        """Length in bytes.

        Raises:
            BusyError: as `read`.
        """
        if isinstance(self.content, bytes):
            return len(self.content)
        try:
            return self.content.stat().st_size
        except FileNotFoundError as error:
            raise BusyError("a view was driven out of the cache while it was read") from error

    def for_sending(self) -> Path | io.BytesIO:
        """What Flask's `send_file` takes."""
        return io.BytesIO(self.content) if isinstance(self.content, bytes) else self.content


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
        self._refused = False
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

    def keep(self, key: str, content: bytes) -> View:
        """Keep `content` when the SSD takes it; it can be used either way."""
        try:
            view = View(self.put(key, content))
        except OSError as error:
            if not self._refused:  # said once: a full SSD would fill its log as well
                logger.warning("views are not kept for now: %s", error)
            self._refused = True
            return View(content)
        self._refused = False
        return view

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
