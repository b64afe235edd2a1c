"""A folder that holds a TUF repository, opened so that nothing in it can lead elsewhere."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from packager.format.errors import HalfCopiedError, ListChangedError, UnreadableError


@contextmanager
def opened_repository(tuf_dir: Path) -> Iterator[int]:
    """A descriptor of the folder, for `repository.reader_of_folder`.

    Raises:
        HalfCopiedError: it is missing.
        ListChangedError: it is a link or no folder.
        UnreadableError: it cannot be read.
    """
    try:
        descriptor = os.open(tuf_dir, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise HalfCopiedError("is missing", path=tuf_dir.name) from error
    except OSError as error:
        if isinstance(error, NotADirectoryError) or error.errno == errno.ELOOP:
            raise ListChangedError("is a link or not a folder", path=tuf_dir.name) from error
        raise UnreadableError(f"cannot be read: {error.strerror}", path=tuf_dir.name) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)
