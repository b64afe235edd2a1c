"""Connections to a database that never changes, lent for one question each."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from indexer.errors import IndexFormatError

KEPT = 4
"""Connections that wait for the next question. More are asked at once only in a crowd, and close after it."""
CACHE_KIB = 512
"""Pages that a connection keeps; what it reads again comes from the system's cache, a few microseconds a page."""
_STATEMENTS = 32
_PRAGMAS = (
    "trusted_schema=OFF",
    "query_only=ON",
    "cell_size_check=ON",
    "mmap_size=0",  # a damaged disk would end the process, not the question
    "temp_store=MEMORY",
    f"cache_size=-{CACHE_KIB}",
)


class Connections:
    """Read-only connections to one database; any thread may ask.

    The number of connections follows the questions that are asked at the same time, not the threads that ever asked:
    with SQLite's own settings sixteen threads would hold 2 MB each for every release on the box.
    """

    def __init__(self, path: Path, longest: int) -> None:
        """Nothing is opened before the first question.

        Args:
            path: the database.
            longest: most bytes of a value.
        """
        self._path, self._longest = path, longest
        self._lock = threading.Lock()
        self._waiting: list[sqlite3.Connection] = []
        self._closed = False

    def ask(self, sql: str, values: Sequence[object] = ()) -> list[Any]:
        """All rows of the answer.

        Raises:
            IndexFormatError: the database cannot be read, or `close` was called.
        """
        try:
            connection = self._taken()
            try:
                return connection.execute(sql, values).fetchall()
            finally:
                self._given_back(connection)
        except (sqlite3.Error, UnicodeDecodeError, OverflowError) as error:
            raise IndexFormatError(self._path.name, f"cannot be read: {error}") from error

    def close(self) -> None:
        """Close all; one that is in use closes after its answer."""
        with self._lock:
            self._closed = True
            waiting, self._waiting = self._waiting, []
        for connection in waiting:
            with suppress(sqlite3.Error):
                connection.close()

    def _taken(self) -> sqlite3.Connection:
        with self._lock:
            if self._closed:
                raise IndexFormatError(self._path.name, "is closed")
            if self._waiting:
                return self._waiting.pop()  # the last one used: its pages are the warmest
        return self._opened()

    def _given_back(self, connection: sqlite3.Connection) -> None:
        with self._lock:
            if not self._closed and len(self._waiting) < KEPT:
                self._waiting.append(connection)
                return
        with suppress(sqlite3.Error):
            connection.close()

    def _opened(self) -> sqlite3.Connection:
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro&immutable=1"
        connection = sqlite3.connect(
            uri, uri=True, check_same_thread=False, isolation_level=None, cached_statements=_STATEMENTS
        )
        try:
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, self._longest)
            connection.setlimit(sqlite3.SQLITE_LIMIT_ATTACHED, 0)
        except BaseException:
            connection.close()
            raise
        return connection
