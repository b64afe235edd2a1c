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
from appliance.store.databases import DatabaseReader, open_or_renew, transaction

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
    """CREATE TABLE taken (source TEXT PRIMARY KEY, epoch TEXT NOT NULL, last INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE sick (drive TEXT NOT NULL, at TEXT NOT NULL) STRICT;""",
)
MAX_SICK = 200
"""Times that drives did not answer which are remembered."""


_COLUMNS = "SELECT item, chunk, kind, drive, found, sha256 FROM fault"


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
    """The record of damage. Thread-safe; one process.

    Attributes:
        version: grows with every change, so that whoever derives something from the record knows when to do it again.
    """

    def __init__(self, path: Path, clock: Clock) -> None:
        """Open or make the database.

        Raises:
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._clock = clock
        self._lock = threading.Lock()
        self._connection = open_or_renew(path, _MIGRATIONS)
        self.version = 0

    def record(self, sha256: str, chunk: int, *, item_id: str, drive: str, kind: str = "damaged") -> bool:
        """Remember damage; whether it was news. Durable on return.

        Args:
            sha256: the item's signed digest, hexadecimal.
            chunk: its place in MiB, -1 for the item as a whole.
            item_id: the item.
            drive: key of the drive that gave the bytes.
            kind: one of `KINDS`.
        """
        with self._write() as connection:
            return self._insert(connection, [Fault(item_id, chunk, kind, drive, "", sha256)]) == 1

    def take_over(self, source: str, epoch: str, last: int, faults: Iterable[Fault]) -> int:
        """Remember what another process found, and up to which number of its list: both or neither. Durable.

        Args:
            source: names the list.
            epoch: names its database.
            last: number of the last finding taken.
            faults: what was found; `found` is set here.

        Returns:
            How many were news.
        """
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", (source, epoch, last))
            return self._insert(connection, list(faults))

    def end(self, source: str, epoch: str, last: int, places: Iterable[tuple[str, int]]) -> int:
        """Forget damage, on all drives, that another process made good; otherwise as `take_over`."""
        with self._write() as connection:
            connection.execute("INSERT OR REPLACE INTO taken VALUES (?, ?, ?)", (source, epoch, last))
            return connection.executemany("DELETE FROM fault WHERE sha256 = ? AND chunk = ?", list(places)).rowcount

    def taken(self, source: str, epoch: str) -> int:
        """Number of the last finding that was taken from that list, 0 when none of that database was."""
        with self._lock:
            row = self._connection.execute("SELECT epoch, last FROM taken WHERE source = ?", (source,)).fetchone()
        return int(row[1]) if row and row[0] == epoch else 0

    def _insert(self, connection: sqlite3.Connection, faults: list[Fault]) -> int:
        (count,) = connection.execute("SELECT count(*) FROM fault").fetchone()
        now = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        rows = [(f.sha256, f.chunk, f.drive, f.item_id, f.kind, now) for f in faults[: max(0, MAX_STANDING - count)]]
        insert = "INSERT INTO fault VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (sha256, chunk, drive) DO NOTHING"
        return max(0, connection.executemany(insert, rows).rowcount) if rows else 0

    def note_sick(self, drive: str) -> None:
        """Remember that a drive did not answer."""
        with self._write() as connection:
            connection.execute("INSERT INTO sick VALUES (?, ?)", (drive, f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"))
            oldest = "SELECT rowid FROM sick ORDER BY rowid DESC LIMIT ?"
            connection.execute(f"DELETE FROM sick WHERE rowid NOT IN ({oldest})", (MAX_SICK,))  # noqa: S608

    def sick_times(self, since: str) -> dict[str, int]:
        """Drive → how often it did not answer since a moment (ISO time in UTC)."""
        sql = "SELECT drive, count(*) FROM sick WHERE at >= ? GROUP BY drive"
        with self._lock:
            return dict(self._connection.execute(sql, (since,)).fetchall())

    def by_drive(self) -> dict[str, int]:
        """Drive → damaged places on it."""
        with self._lock:
            return dict(self._connection.execute("SELECT drive, count(*) FROM fault GROUP BY drive").fetchall())

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

    def count(self) -> int:
        """How many entries there are."""
        with self._lock:
            return int(self._connection.execute("SELECT count(*) FROM fault").fetchone()[0])

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _read(self, rest: str, value: str | int) -> list[Fault]:
        with self._lock:
            return [Fault(*row) for row in self._connection.execute(f"{_COLUMNS} {rest}", (value,))]

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._lock, transaction(self._connection) as connection:
            self.version += 1
            yield connection


class FaultReader(DatabaseReader):
    """The record of damage for another process; for one thread."""

    def __init__(self, path: Path) -> None:
        """Name the database; it need not be there yet."""
        super().__init__(path, len(_MIGRATIONS))

    def standing(self, limit: int = MAX_STANDING) -> list[Fault]:
        """Damage not yet made good, by item and place."""
        return [Fault(*row) for row in self.ask(f"{_COLUMNS} ORDER BY sha256, chunk, drive LIMIT ?", limit)]
