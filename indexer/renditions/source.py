"""Where the bytes of a rendition come from: anything that can be read at an offset.

The packager reads the publisher's files through `FileSource`; the appliance passes its verified reader, so that a
page image is made of verified bytes only. No path ever reaches the process that parses the file.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self


class ByteSource(Protocol):
    """A file of known size that can be read anywhere, from one thread at a time."""

    @property
    def size(self) -> int:
        """Bytes in the file."""
        ...

    def read_at(self, offset: int, n: int) -> bytes:
        """Exactly the bytes from `offset` up to `offset + n` or to the end.

        Raises:
            Exception: whatever the reader raises (damage, a drive that is gone) ends the rendition and reaches
                its caller unchanged.
        """
        ...


class BytesSource:
    """Bytes in memory as a source."""

    def __init__(self, body: bytes) -> None:
        """Keep `body`; nothing is copied."""
        self._body = body

    @property
    def size(self) -> int:
        """Bytes in the file."""
        return len(self._body)

    def read_at(self, offset: int, n: int) -> bytes:
        """The bytes from `offset`, at most `n`."""
        return self._body[offset : offset + n]


class FileSource:
    """A regular file as a source. Symbolic links are not followed; a context manager closes the file."""

    def __init__(self, path: Path) -> None:
        """Open `path` for reading.

        Raises:
            OSError: it cannot be opened.
        """
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW)
        self._size = os.fstat(self._fd).st_size

    @property
    def size(self) -> int:
        """Bytes in the file when it was opened."""
        return self._size

    def read_at(self, offset: int, n: int) -> bytes:
        """The bytes from `offset`, at most `n`."""
        return os.pread(self._fd, n, offset)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, at: TracebackType | None) -> None:
        self.close()
