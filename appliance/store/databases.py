"""Databases of our own: SQLite in WAL mode, durable at every commit, with numbered migrations, one writer each."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from appliance.errors import StoreError


def open_database(path: Path, migrations: tuple[str, ...]) -> sqlite3.Connection:
    """Open a database of our own, bring it to its newest version, durable at every commit.

    Args:
        path: the file, made when missing.
        migrations: statements that lead from each version to the next; never changed once released.

    Raises:
        StoreError: it cannot be opened, is damaged, or a newer version of the product made it.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    except (OSError, sqlite3.Error) as error:
        raise StoreError(f"{path.name} cannot be opened: {error}") from error
    try:
        _migrate(connection, path.name, migrations)
    except sqlite3.Error as error:
        connection.close()
        raise StoreError(f"{path.name} cannot be used: {error}") from error
    except StoreError:
        connection.close()
        raise
    return connection


def _migrate(connection: sqlite3.Connection, name: str, migrations: tuple[str, ...]) -> None:
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF"):
        connection.execute(f"PRAGMA {pragma}").fetchall()
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > len(migrations):
        raise StoreError(f"{name} was made by a newer version: {version}, expected at most {len(migrations)}")
    for number, statements in enumerate(migrations[version:], version + 1):
        connection.executescript(f"BEGIN IMMEDIATE; {statements} PRAGMA user_version = {number}; COMMIT;")


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
