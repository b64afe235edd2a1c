"""Where an origin is kept: names and bytes. A name is there whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from packager.errors import PublishError
from packager.format.files import TEMPORARY_SUFFIX

if TYPE_CHECKING:
    from packager.format.files import Files

MAX_READ = 64 << 20
"""Most bytes of a small file that is read whole."""


class Site(Protocol):
    """An origin's storage. Names have `/` between their parts."""

    def names(self, prefix: str) -> Iterator[tuple[str, int]]:
        """Name and size of everything whose name begins with `prefix` (whole parts), sorted.

        Raises:
            PublishError: the storage does not answer.
        """
        ...

    def read(self, name: str) -> bytes | None:
        """A small file, None when it is not there.

        Raises:
            PublishError: it is larger than `MAX_READ`, or the storage does not answer.
        """
        ...

    def fetch(self, name: str, path: Path) -> bool:
        """Bring a file of any size to `path`; False when it is not there.

        Raises:
            PublishError: the storage does not answer.
        """
        ...

    def put(self, name: str, source: Path, size: int, sha256: str) -> None:
        """Keep a file, replacing an older one in one step.

        Raises:
            PublishError: the storage is full or does not answer.
            FormatError: the file has another digest or more bytes; nothing is kept.
        """
        ...

    def write(self, name: str, content: bytes) -> None:
        """Keep a small file, replacing an older one in one step. Raises as `put`."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file; a missing one is fine. Raises as `put`."""
        ...

    def settle(self) -> None:
        """Make durable what was kept so far. Raises as `put`."""
        ...


class FolderSite:
    """A folder, served by any HTTP server, or a stick."""

    def __init__(self, root: Path, files: Files) -> None:
        """Name the folder; it is made when it is missing."""
        self._root, self._files = root, files
        files.make_dir(root)

    def names(self, prefix: str) -> Iterator[tuple[str, int]]:
        """See `Site.names`."""
        start = self._root / prefix
        for folder, folders, names in os.walk(start):
            folders.sort()
            for name in sorted(names):
                path = Path(folder, name)
                if name.endswith(TEMPORARY_SUFFIX):
                    path.unlink(missing_ok=True)
                    continue
                yield path.relative_to(self._root).as_posix(), path.stat().st_size

    def read(self, name: str) -> bytes | None:
        """See `Site.read`."""
        try:
            with (self._root / name).open("rb") as file:
                content = file.read(MAX_READ + 1)
        except FileNotFoundError:
            return None
        if len(content) > MAX_READ:
            raise PublishError(f"{name} has more than {MAX_READ} bytes")
        return content

    def fetch(self, name: str, path: Path) -> bool:
        """See `Site.fetch`."""
        try:
            self._files.copy_hashed(self._root / name, path, max_size=1 << 62, durable=False)
        except FileNotFoundError:
            return False
        return True

    def put(self, name: str, source: Path, size: int, sha256: str) -> None:
        """See `Site.put`."""
        path = self._root / name
        self._files.make_dir(path.parent, durable=False)
        self._files.copy_hashed(source, path, max_size=size, expected=sha256, durable=False)

    def write(self, name: str, content: bytes) -> None:
        """See `Site.write`."""
        path = self._root / name
        self._files.make_dir(path.parent)
        self._files.write_atomic(path, content)

    def remove(self, name: str) -> None:
        """See `Site.remove`."""
        self._files.remove(self._root / name)

    def settle(self) -> None:
        """See `Site.settle`."""
        self._files.sync_all()
