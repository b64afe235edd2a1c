"""Writing into a slot in place: a block device, or a plain file in tests."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

BLOCK = 4 << 20


class Slot(Protocol):
    """Bytes in place. Every method raises OSError when the disk does not answer."""

    def size(self) -> int:
        """Bytes that it holds."""
        ...

    def write(self, blocks: Iterable[bytes]) -> None:
        """Write from the beginning; durable on return."""
        ...

    def digest(self, size: int) -> str:
        """SHA-256 of the first `size` bytes, read from the disk itself."""
        ...


class DeviceSlot:
    """A slot on the real disk."""

    def __init__(self, path: Path) -> None:
        """Name the device; it is opened for each use alone, and never while it is mounted."""
        self._path = path

    def size(self) -> int:
        """See `Slot.size`."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.lseek(descriptor, 0, os.SEEK_END)
        finally:
            os.close(descriptor)

    def write(self, blocks: Iterable[bytes]) -> None:
        """See `Slot.write`."""
        # Exclusive: the kernel refuses a device that is mounted.
        descriptor = os.open(self._path, os.O_WRONLY | os.O_EXCL | os.O_CLOEXEC)
        try:
            for block in blocks:
                view = memoryview(block)
                while view:
                    view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def digest(self, size: int) -> str:
        """See `Slot.digest`."""
        descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            found, left = hashlib.sha256(), size
            while left and (block := os.read(descriptor, min(BLOCK, left))):
                found.update(block)
                left -= len(block)
            return found.hexdigest()
        finally:
            os.close(descriptor)
