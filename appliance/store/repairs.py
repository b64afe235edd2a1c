"""What was repaired and what could not be. SQLite, one writer: the worker; the serving process reads.

The bytes lie in `objects/` (`appliance.store.objects`); a row here says which place of which item they mend. Rows have
rising numbers; the serving process takes what is new and ends the damage in its own record.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from appliance.store.databases import DatabaseReader, open_or_renew, transaction

SOURCES = ("drive", "network", "stick")
THE_LINE = "/line"
"""What a report is about that says why nothing is fetched now; as long as it stands, that is so."""
MIGRATIONS = (
    """CREATE TABLE epoch (id TEXT NOT NULL) STRICT;
    INSERT INTO epoch VALUES (lower(hex(randomblob(8))));
    CREATE TABLE repaired (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sha256 TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        digest TEXT NOT NULL,
        size INTEGER NOT NULL,
        item TEXT NOT NULL,
        source TEXT NOT NULL CHECK (source IN ('drive', 'network', 'stick')),
        name TEXT NOT NULL,
        at TEXT NOT NULL,
        UNIQUE (sha256, chunk)
    ) STRICT;
    CREATE TABLE attempt (
        sha256 TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        at TEXT NOT NULL,
        PRIMARY KEY (sha256, chunk)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE report (
        about TEXT PRIMARY KEY,
        key TEXT NOT NULL,
        params TEXT NOT NULL,
        at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;""",
)


@dataclass(frozen=True, slots=True)
class Repaired:
    """One mended place.

    Attributes:
        sha256, chunk, item_id: whose, as in `faults.Fault`. digest: of the chunk, hexadecimal. size: bytes.
        source: one of `SOURCES`. name: of the drive or the origin's host; empty for a stick.
        at: ISO time in UTC.
    """

    sha256: str
    chunk: int
    digest: str
    size: int
    item_id: str
    source: str
    name: str
    at: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """What happened with a stick or a list, or what repairs by the line wait for, for staff.

    Attributes:
        about: key of the stick's place, `list`, or `THE_LINE`. key: of the sentence. params: raw values.
        at: ISO time in UTC.
    """

    about: str
    key: str
    params: Mapping[str, str | int]
    at: str


_REPAIRED = "sha256, chunk, digest, size, item, source, name, at"


class RepairStore:
    """The worker's side. Thread-safe; one process."""

    def __init__(self, path: Path) -> None:
        """Open or make the database.

        Raises:
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._lock = threading.Lock()
        self._connection = open_or_renew(path, MIGRATIONS)

    def add(self, done: Iterable[Repaired]) -> None:
        """Note mended places whose bytes are kept; a place that was mended before gets a new number. Durable."""
        rows = [(r.sha256, r.chunk, r.digest, r.size, r.item_id, r.source, r.name, r.at) for r in done]
        if not rows:
            return
        with self._lock, transaction(self._connection) as connection:
            insert = f"INSERT OR REPLACE INTO repaired ({_REPAIRED}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608
            connection.executemany(insert, rows)
            connection.executemany("DELETE FROM attempt WHERE sha256 = ? AND chunk = ?", [row[:2] for row in rows])

    def tried(self, places: Iterable[tuple[str, int]], at: str) -> None:
        """Note places for which nobody had the bytes. Durable."""
        rows = [(sha256, chunk, at) for sha256, chunk in places]
        if not rows:
            return
        with self._lock, transaction(self._connection) as connection:
            connection.executemany("INSERT OR REPLACE INTO attempt VALUES (?, ?, ?)", rows)

    def keep_attempts(self, standing: set[tuple[str, int]]) -> None:
        """Forget attempts at places that are no longer damaged."""
        with self._lock:
            known = self._connection.execute("SELECT sha256, chunk FROM attempt").fetchall()
            gone = [place for place in known if place not in standing]
            if gone:
                with transaction(self._connection) as connection:
                    connection.executemany("DELETE FROM attempt WHERE sha256 = ? AND chunk = ?", gone)

    def report(self, report: Report) -> None:
        """Say what happened; an older report about the same is replaced. Durable."""
        values = (report.about, report.key, json.dumps(dict(report.params), ensure_ascii=False), report.at)
        with self._lock, transaction(self._connection) as connection:
            connection.execute("INSERT OR REPLACE INTO report VALUES (?, ?, ?, ?)", values)

    def forget_report(self, about: str) -> None:
        """Take a report back."""
        with self._lock, transaction(self._connection) as connection:
            connection.execute("DELETE FROM report WHERE about = ?", (about,))

    def all(self) -> list[Repaired]:
        """All mended places, in order."""
        with self._lock:
            rows = self._connection.execute(f"SELECT {_REPAIRED} FROM repaired ORDER BY id").fetchall()  # noqa: S608
        return [Repaired(*row) for row in rows]

    def source_of(self, sha256: str, chunk: int) -> tuple[str, str]:
        """From whom a place was mended before: kind and name; a drive without a name when that is not known."""
        sql = "SELECT source, name FROM repaired WHERE sha256 = ? AND chunk = ?"
        with self._lock:
            row = self._connection.execute(sql, (sha256, chunk)).fetchone()
        return (str(row[0]), str(row[1])) if row else ("drive", "")

    def drop(self, places: Iterable[tuple[str, int]]) -> None:
        """Forget mended places whose bytes are no longer kept. Durable."""
        with self._lock, transaction(self._connection) as connection:
            connection.executemany("DELETE FROM repaired WHERE sha256 = ? AND chunk = ?", list(places))

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()


class RepairReader(DatabaseReader):
    """The serving process's side; for one thread."""

    def __init__(self, path: Path) -> None:
        """Name the database; it need not be there yet."""
        super().__init__(path, len(MIGRATIONS))

    def repaired(self, after: int, limit: int = 1000) -> list[tuple[int, Repaired]]:
        """Mended places with a number above `after`, in order."""
        sql = f"SELECT id, {_REPAIRED} FROM repaired WHERE id > ? ORDER BY id LIMIT ?"  # noqa: S608
        return [(number, Repaired(*rest)) for number, *rest in self.ask(sql, after, limit)]

    def latest(self, limit: int = 500) -> tuple[Repaired, ...]:
        """The last mended places, the newest first."""
        sql = f"SELECT {_REPAIRED} FROM repaired ORDER BY id DESC LIMIT ?"  # noqa: S608
        return tuple(Repaired(*row) for row in self.ask(sql, limit))

    def attempts(self) -> frozenset[tuple[str, int]]:
        """Places for which nobody had the bytes."""
        return frozenset((sha256, chunk) for sha256, chunk in self.ask("SELECT sha256, chunk FROM attempt"))

    def reports(self) -> tuple[Report, ...]:
        """What happened with sticks and lists, the newest first."""
        rows = self.ask("SELECT about, key, params, at FROM report ORDER BY at DESC, about")
        return tuple(Report(about, key, _params(params), at) for about, key, params, at in rows)


def _params(text: object) -> dict[str, str | int]:
    """The values of a report; none when the database is damaged there."""
    try:
        found = json.loads(text) if isinstance(text, str) else {}
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
