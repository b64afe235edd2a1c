"""Known damage: chunks whose bytes are not the signed ones, and places that a drive cannot read.

SQLite (WAL, synchronous=FULL), one writer: the serving process. A power cut loses the last entry or nothing; damage
that was forgotten is found again when it is read again.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from appliance.clock import Clock
from appliance.store.databases import open_database, transaction

KINDS = ("damaged", "unreadable")
MAX_STANDING = 100_000
"""Entries kept; a dying drive must not fill the SSD."""

_MIGRATIONS = (
    """CREATE TABLE fault (
        sha256 TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        drive TEXT NOT NULL,
        item TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('damaged', 'unreadable')),
        found TEXT NOT NULL,
        PRIMARY KEY (sha256, chunk, drive)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX fault_item ON fault (item, chunk);
    CREATE INDEX fault_found ON fault (found);""",
)


@dataclass(frozen=True, slots=True)
class Fault:
    """One damaged or unreadable place of an item.

    Attributes:
        item_id: the item. chunk: its place in MiB from 0, -1 when the item as a whole cannot be opened.
        kind: damaged (bytes differ from the signed ones) or unreadable (the drive gave an error).
        drive: the drive's key. found: ISO time in UTC when it was first seen.
        sha256: the item's signed digest.
    """

    item_id: str
    chunk: int = -1
    kind: str = "damaged"
    drive: str = ""
    found: str = ""
    sha256: str = ""


class FaultStore:
    """The record of damage. Thread-safe; one process."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or make the database.

        Raises:
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = open_database(path, _MIGRATIONS)

    def record(self, sha256: str, chunk: int, *, item_id: str, drive: str, kind: str = "damaged") -> bool:
        """Remember damage; whether it was news. Durable on return.

        Args:
            sha256: the item's signed digest, hexadecimal.
            chunk: its place in MiB, -1 for the item as a whole.
            item_id: the item.
            drive: key of the drive that gave the bytes.
            kind: one of `KINDS`.
        """
        values = (sha256, chunk, drive, item_id, kind, f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}")
        with self._write() as connection:
            (count,) = connection.execute("SELECT count(*) FROM fault").fetchone()
            if count >= MAX_STANDING:
                return False
            insert = "INSERT INTO fault VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256, chunk, drive) DO NOTHING"
            return connection.execute(insert, values).rowcount == 1

    def clear(self, sha256: str, chunk: int | None = None, *, drive: str | None = None) -> int:
        """Forget damage that was repaired, or that was read well again; how many entries went.

        Args:
            sha256: the item's signed digest.
            chunk: only this place; None: all of the item.
            drive: only on this drive; None: on all.
        """
        with self._write() as connection:
            return connection.execute(
                "DELETE FROM fault WHERE sha256 = ? AND coalesce(?, chunk) = chunk AND coalesce(?, drive) = drive",
                (sha256, chunk, drive),
            ).rowcount

    def standing(self, limit: int = 1000) -> list[Fault]:
        """Damage not yet made good, the newest first, at most `limit`."""
        return self._read("ORDER BY found DESC, item, chunk LIMIT ?", limit)

    def of_item(self, item_id: str) -> list[Fault]:
        """Damage of one item not yet made good, in order of place."""
        return self._read("WHERE item = ? ORDER BY chunk, drive LIMIT 1000", item_id)

    def damaged_among(self, item_ids: Iterable[str]) -> frozenset[str]:
        """Those of `item_ids` that have damage not yet made good; one query for as many as SQLite takes at once."""
        left, found = list(dict.fromkeys(item_ids)), set[str]()
        with self._lock:
            most = self._connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
            for at in range(0, len(left), most):
                asked = left[at : at + most]
                places = ",".join("?" * len(asked))
                query = f"SELECT DISTINCT item FROM fault WHERE item IN ({places})"  # noqa: S608 - places only
                found.update(item for (item,) in self._connection.execute(query, asked))
        return frozenset(found)

    def count(self) -> int:
        """How many entries there are."""
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM fault").fetchone()[0])

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _read(self, rest: str, value: str | int) -> list[Fault]:
        columns = "SELECT item, chunk, kind, drive, found, sha256 FROM fault "
        with self._lock:
            return [Fault(*row) for row in self._connection.execute(columns + rest, (value,))]

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._connection) as connection:
            yield connection
