"""Databases of our own: SQLite in WAL mode, durable at every commit, with numbered migrations, one writer each."""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

from appliance.errors import DamagedError, StoreError

_log = logging.getLogger(__name__)

ASIDE = ".damaged"
IN_MEMORY = Path(":memory:")
"""Stands for a database that is gone when it is closed."""
DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises of a damaged file; the second when its own message quotes a name that is no text any more."""


def open_or_renew(path: Path, migrations: tuple[str, ...]) -> sqlite3.Connection:
    """As `open_database`, of what can be found out again: one that cannot be used is put aside, and another made.

    Raises:
        StoreError: no other can be made.
    """
    try:
        return open_database(path, migrations)
    except StoreError as error:
        _log.error("%s: put aside as %s%s, and made anew", error, path.name, ASIDE)
        put_aside(path, path.name + ASIDE)
        return open_database(path, migrations)


def put_aside(path: Path, name: str) -> None:
    """Give a database with what belongs to it another name beside; what cannot be moved stays."""
    for end in ("", "-wal", "-shm"):
        with suppress(OSError):
            path.with_name(path.name + end).replace(path.with_name(name + end))


def is_damage(error: Exception) -> bool:
    """Whether what SQLite raised says that the file is damaged, and not that it is locked or the disk full."""
    if not isinstance(error, sqlite3.Error):
        return isinstance(error, UnicodeDecodeError)
    code = (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF
    lacks = isinstance(error, sqlite3.OperationalError) and str(error).startswith(("no such table", "no such column"))
    return code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} or lacks


def open_database(path: Path, migrations: tuple[str, ...]) -> sqlite3.Connection:
    """Open a database of our own, bring it to its newest version, durable at every commit.

    Args:
        path: the file, made when missing.
        migrations: statements that lead from each version to the next; never changed once released.

    Raises:
        DamagedError: it is damaged.
        StoreError: it cannot be opened, or a newer version of the product made it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path.name} cannot be opened: {error}") from error
    try:
        _migrate(connection, path.name, migrations)
    except DAMAGED as error:
        connection.close()
        kind = DamagedError if is_damage(error) else StoreError
        raise kind(f"{path.name} cannot be used: {error}") from error
    except StoreError:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, name: str, migrations: tuple[str, ...]) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    if (found := connection.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
        raise DamagedError(f"{name} is damaged: {found}")
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise StoreError(f"{name} was made by a newer version: {version}, expected at most {len(migrations)}")
    for number, statements in enumerate(migrations[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; COMMIT;")


class DatabaseReader:
    """Reads a database of ours that another process writes. For one thread; it never raises, it answers nothing."""

    def __init__(self, path: Path, version: int) -> None:
        """Name the database; it need not be there yet.

        Args:
            path: the file.
            version: how many migrations its tables must have seen; before that it counts as not there.
        """
        self._path, self._version = path, version
        self._connection: sqlite3.Connection | None = None
        self._seen = -1

    def changed(self) -> bool:
        """Whether something was written since this was asked last."""
        if self._connection is None:
            self._connection, self._seen = self._open(), -1
        before = self._seen
        self._seen = next((row[0] for row in self.ask("PRAGMA data_version")), before)
        return self._seen != before

    def ask(self, sql: str, *values: str | int) -> list[Any]:
        """All rows of the answer; none while the database is not there or cannot be read."""
        if self._connection is None:
            self._connection = self._open()
        if self._connection is None:
            return []
        try:
            return self._connection.execute(sql, values).fetchall()
        except DAMAGED:
            self.close()
            return []

    def epoch(self) -> str:
        """Names the database, where its `epoch` table does: another one, made after a loss, counts its rows anew."""
        return next((str(row[0]) for row in self.ask("SELECT id FROM epoch")), "")

    def close(self) -> None:
        """Close the database; the next question opens it again."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _open(self) -> sqlite3.Connection | None:
        uri = f"file:{quote(str(self._path.absolute()))}?mode=ro"
        try:
            connection = sqlite3.connect(uri, uri=True, isolation_level=None, check_same_thread=False, timeout=2)
        except sqlite3.Error:
            return None
        with suppress(*DAMAGED):
            connection.execute("PRAGMA query_only=ON")
            if connection.execute("PRAGMA user_version").fetchone()[0] >= self._version:
                return connection
        connection.close()
        return None


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """All or nothing, durable at the end."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield connection
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
