"""Repaired chunks on the SSD, each named by its own digest: `objects/ab/<SHA-256>`.

A chunk is asked for here before its drive is asked, so a place that a drive cannot give any more is read from here.
The name is no proof: what is read is hashed again every time. Only the worker writes; any process reads.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
from collections.abc import Iterator
from pathlib import Path

from packager.format.files import TEMPORARY_SUFFIX, Files
from packager.format.layout import CHUNK

_log = logging.getLogger(__name__)

_NAME = re.compile(r"[0-9a-f]{64}\Z")


class ObjectStore:
    """The folder of repaired chunks. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Name the folder (`Settings.objects_folder`); it need not be there."""
        self._folder = folder

    def read(self, digest: bytes) -> bytes | None:
        """The chunk of that digest, proved; None when it is not here or no longer what it was.

        Costs one failed `open` for a chunk that was never repaired.
        """
        try:
            descriptor = os.open(self._path(digest.hex()), os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except OSError:
            return None
        try:
            chunk = os.read(descriptor, CHUNK + 1)
            while 0 < len(chunk) <= CHUNK and (more := os.read(descriptor, CHUNK + 1 - len(chunk))):
                chunk += more
        except OSError as error:
            _log.warning("a repaired chunk cannot be read: %s", error)
            return None
        finally:
            os.close(descriptor)
        return chunk if hashlib.sha256(chunk).digest() == digest else None

    def add(self, chunk: bytes, digest: bytes, files: Files) -> None:
        """Keep a chunk; durable on return.

        Raises:
            DigestError: it has another digest; nothing is kept.
            OSError: the SSD is full or does not answer.
        """
        path = self._path(digest.hex())
        files.make_dir(path.parent)
        files.write_atomic(path, chunk, expected=digest.hex())

    def remove(self, digest: str, files: Files) -> None:
        """Forget a chunk, named by its digest in hexadecimal. A missing one is fine."""
        files.remove(self._path(digest))

    def all(self) -> Iterator[tuple[str, int]]:
        """Digest (hexadecimal) and size of every chunk; what a crash left half written is removed."""
        for folder in sorted(self._folder.glob("[0-9a-f][0-9a-f]")):
            for path in sorted(folder.iterdir()):
                if path.name.endswith(TEMPORARY_SUFFIX):
                    path.unlink(missing_ok=True)
                elif _NAME.match(path.name):
                    yield path.name, path.stat().st_size

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest
