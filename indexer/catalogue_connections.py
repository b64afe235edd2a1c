"""Connections to a database that never changes, lent for one question each."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from indexer.errors import IndexFormatError

KEPT = 4
"""Connections that wait for the next question. More are asked at once only in a crowd, and close after it."""
CACHE_KIB = 1024
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
        self._waiting: list[sqlite3.Connection] = []  # pop and append are atomic, so it needs no lock
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
        self._closed = True
        self._close_all_but(0)

    def _taken(self) -> sqlite3.Connection:
        if self._closed:
            raise IndexFormatError(self._path.name, "is closed")
        try:
            return self._waiting.pop()  # the last one used: its pages are the warmest
        except IndexError:
            return self._opened()

    def _given_back(self, connection: sqlite3.Connection) -> None:
        self._waiting.append(connection)
        if self._closed:
            self._close_all_but(0)
        elif len(self._waiting) > KEPT:
            self._close_all_but(KEPT)

    def _close_all_but(self, kept: int) -> None:
        while len(self._waiting) > kept:
            with suppress(IndexError, sqlite3.Error):  # another thread may have taken it
                self._waiting.pop().close()

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
