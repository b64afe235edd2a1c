"""Reading the file that is copied: it may lie on a hostile drive, and its disk may be dying."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

from packager.format.errors import LayoutError, TooLargeError
from packager.format.layout import CHUNK


class SourceReadError(OSError):
    """The file to copy cannot be read (`OSError.errno` says why); the writing side is not at fault."""


def read_chunk(descriptor: int) -> bytes:
    """The next 1 MiB from `descriptor`; shorter only at the end of the file, empty when nothing is left.

    Raises:
        OSError: the disk does not answer.
    """
    block = os.read(descriptor, CHUNK)
    while 0 < len(block) < CHUNK:
        more = os.read(descriptor, CHUNK - len(block))
        if not more:
            break
        block += more
    return block


def source_blocks(descriptor: int, most: int, name: str) -> Iterator[bytes]:
    """What is copied, chunk by chunk; see `Files.copy_hashed`. name: goes into errors."""
    size = 0
    while True:
        try:
            block = read_chunk(descriptor)
        except OSError as error:
            raise SourceReadError(error.errno, error.strerror) from error
        if not block:
            return
        size += len(block)
        if size > most:
            raise TooLargeError("is too large", path=name, expected=f"at most {most} bytes")
        yield block


@contextlib.contextmanager
def opened_source(src: Path | int) -> Iterator[int]:
    """A descriptor of what is copied, see `Files.copy_hashed`."""
    if isinstance(src, int):
        yield src
        return
    try:
        descriptor = os.open(src, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError as error:
        if src.is_symlink():
            raise LayoutError("is a link", path=src.name) from error
        raise
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise LayoutError("is not a plain file", path=src.name)
        yield descriptor
    finally:
        os.close(descriptor)
