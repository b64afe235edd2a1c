"""Where objects of an update come from: a server, or a folder (a stick, a mirror that is mounted)."""

from __future__ import annotations

import os
from pathlib import Path

from appliance.store.carried import read_at
from appliance.sync.incoming import SourceError
from packager.format.errors import LayoutError
from packager.format.layout import open_nofollow
from packager.format.origin import OriginError, fetch, object_path


class FolderSource:
    """See `incoming.Source`; follows no link."""

    def __init__(self, root: Path, name: str = "") -> None:
        """Name the folder that holds `objects/`."""
        self._root, self.name = root, name or root.name

    def piece(self, sha256: str, size: int, offset: int, length: int) -> bytes | None:
        """See `incoming.Source`."""
        try:
            folder = os.open(self._root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                file = open_nofollow(folder, object_path(sha256))
            finally:
                os.close(folder)
        except FileNotFoundError:
            return None
        except (OSError, LayoutError) as error:
            raise SourceError(str(error)) from error
        try:
            if os.fstat(file).st_size != size:
                return None
            found = read_at(file, offset, length)
        except OSError as error:
            raise SourceError(str(error)) from error
        finally:
            os.close(file)
        if found is None:
            raise SourceError("the file became shorter")
        return found


class ServerSource:
    """An origin on a server; see `incoming.Source`."""

    def __init__(self, address: str, name: str, deadline: float = 60.0) -> None:
        """Name the server; `deadline` is for one piece, in seconds."""
        self._address, self.name, self._deadline = address, name, deadline

    def piece(self, sha256: str, size: int, offset: int, length: int) -> bytes | None:
        """See `incoming.Source`."""
        try:
            return fetch(self._address, sha256, size=size, offset=offset, length=length, deadline=self._deadline)
        except (OriginError, OSError) as error:
            raise SourceError(str(error)) from error
