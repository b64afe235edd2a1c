"""Where objects of an update come from: a server, or a folder (a stick, a mirror that is mounted)."""

from __future__ import annotations

import os
from collections.abc import Callable, Hashable
from pathlib import Path

from appliance.errors import ServingError
from appliance.store.carried import read_at
from appliance.sync.incoming import SourceError
from packager.format.errors import FormatError, LayoutError
from packager.format.layout import open_nofollow
from packager.format.origin import BrokenOffError, OriginError, fetch, object_path

Reading = Callable[[Hashable, Callable[[], bytes]], bytes]
"""Has something read that may block for ever, under a name, and gives up at a deadline.

Raises ServingError, OSError or FormatError.
"""


def directly(_name: Hashable, work: Callable[[], bytes]) -> bytes:
    """Read in the caller's thread, however long it takes: for folders of our own."""
    return work()


class FolderFiles:
    """A hostile folder, of which nothing is listed: names are made here, no link is followed, reads are bounded."""

    def __init__(self, root: Path, reading: Reading = directly) -> None:
        """Name the folder."""
        self._root, self._reading = root, reading

    def stretch(self, name: str, size: int, offset: int, length: int) -> bytes | None:
        """Bytes of a plain file, exactly so many; None when there is none of that name and size.

        Args:
            name: below the folder.
            size: that the file must have.
            offset: of the first byte.
            length: how many bytes, at least 1.

        Raises:
            SourceError: the disk does not answer, or the file ends before it should.
        """
        try:
            found = self._reading((name, offset), lambda: self._read(name, size, offset, length))
        except (ServingError, OSError, FormatError) as error:
            raise SourceError(str(error)) from error
        return found or None

    def _read(self, name: str, size: int, offset: int, length: int) -> bytes:
        folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            file = open_nofollow(folder, name)
        except (FileNotFoundError, LayoutError):
            return b""
        finally:
            os.close(folder)
        try:
            if os.fstat(file).st_size != size:
                return b""
            found = read_at(file, offset, length)
        finally:
            os.close(file)
        if found is None:
            raise OSError("the file became shorter")
        return found


class FolderSource:
    """See `incoming.Source`."""

    def __init__(self, root: Path, name: str = "", reading: Reading = directly) -> None:
        """Name the folder that holds `objects/`."""
        self._files, self.name = FolderFiles(root, reading), name or root.name

    def piece(self, sha256: str, size: int, offset: int, length: int) -> bytes | None:
        """See `incoming.Source`."""
        return self._files.stretch(object_path(sha256), size, offset, length)


class ServerSource:
    """An origin on a server; see `incoming.Source`."""

    def __init__(self, address: str, name: str, deadline: float = 60.0, file: str = "") -> None:
        """Name the server; `deadline` is for one piece, in seconds; `file`: the only one it is asked for, no object."""
        self._address, self.name, self._deadline, self._file = address, name, deadline, file

    def piece(self, sha256: str, size: int, offset: int, length: int) -> bytes | None:
        """See `incoming.Source`."""
        try:
            return fetch(
                self._address, sha256, size=size, offset=offset, length=length, deadline=self._deadline, name=self._file
            )
        except (OriginError, OSError) as error:
            raise SourceError(str(error), error.got if isinstance(error, BrokenOffError) else b"") from error
