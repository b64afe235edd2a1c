"""Bringing a file's bytes into the bag while they are hashed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from packager.errors import SourceChangedError
from packager.format.chunks import ChunkHasher
from packager.format.items import MAX_ITEM_SIZE
from packager.format.layout import CHUNK

if TYPE_CHECKING:
    from pathlib import Path

    from packager.format.files import Files


def copy_in(source: Path, target: Path, files: Files) -> tuple[str, int, bytes]:
    """Copy `source` to `target` while hashing it; durable after the journal's next commit.

    Returns:
        (SHA-256 in hexadecimal, bytes, 32-byte digests of each 1 MiB; empty up to 1 MiB).

    Raises:
        SourceChangedError: size or time of `source` changed in between.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
    try:
        before = os.fstat(descriptor)
        hasher = ChunkHasher()
        each = hasher.update if before.st_size > CHUNK else None
        sha256, size = files.copy_hashed(descriptor, target, max_size=MAX_ITEM_SIZE, each=each, durable=False)
        after = os.fstat(descriptor)
    finally:
        os.close(descriptor)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns) or size != before.st_size:
        target.unlink()
        raise SourceChangedError(source.name)
    return sha256, size, hasher.digests()
