"""How far the full check of every drive is, and what it found. SQLite; the worker writes, the serving process reads.

A check belongs to a medium and what is on it (its tagmanifest), not to the socket it is plugged into, so it goes on
where it stopped after a restart and in another socket, and a second copy is checked for itself. Findings are a list
that only grows; the serving process takes what is new into its own record of damage.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass, fields
from datetime import datetime
from pathlib import Path

from appliance.store.databases import DatabaseReader, open_or_renew, transaction

STATES = ("running", "yielding", "paused", "finished")
"""running: goes on while its drive is plugged in. yielding: waits for readers. paused: by staff. finished: all read."""
KEPT_RUNS = 200
"""Checks of drives that are remembered, the last ones."""

MIGRATIONS = (
    """CREATE TABLE epoch (id TEXT NOT NULL) STRICT;
    INSERT INTO epoch VALUES (lower(hex(randomblob(8))));
    CREATE TABLE run (
        identity TEXT PRIMARY KEY,
        drive TEXT NOT NULL,
        name TEXT NOT NULL,
        folder TEXT NOT NULL,
        state TEXT NOT NULL CHECK (state IN ('running', 'yielding', 'paused', 'finished')),
        path TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        done INTEGER NOT NULL,
        total INTEGER NOT NULL,
        found INTEGER NOT NULL,
        resources INTEGER NOT NULL,
        seconds_left INTEGER NOT NULL,
        started TEXT NOT NULL,
        changed TEXT NOT NULL
    ) STRICT;
    CREATE TABLE finding (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        sha256 TEXT NOT NULL,
        chunk INTEGER NOT NULL,
        drive TEXT NOT NULL,
        item TEXT NOT NULL,
        kind TEXT NOT NULL
    ) STRICT;""",
    "ALTER TABLE run ADD COLUMN asked INTEGER NOT NULL DEFAULT 0;",
)
MAX_FINDINGS = 100_000
"""Entries kept, the newest; the reader takes them within seconds."""


@dataclass(frozen=True, slots=True)
class CheckRun:
    """The check of one drive.

    Attributes:
        identity: of what is on the drive: SHA-256 of its tagmanifest, with `+` and the name of the medium behind it;
            where that cannot be known, without, and of a second equal drive with `+` and the key of a place.
        drive: key of the place where it was plugged in last, empty when another drive is there now. name: what staff
            call it.
        folder: of its release. state: one of `STATES`.
        path, chunk: what is read next; an empty path is the beginning.
        done, total: bytes. found: damaged places.
        resources: how many it holds, for the sentence at the end.
        seconds_left: an estimate, 0 when unknown.
        started, changed: ISO times in UTC; a finished check was finished at `changed`.
        asked: 1 when staff pressed the button, 0 when it came by itself.
    """

    identity: str
    drive: str
    name: str
    folder: str
    state: str = "running"
    path: str = ""
    chunk: int = 0
    done: int = 0
    total: int = 0
    found: int = 0
    resources: int = 0
    seconds_left: int = 0
    started: str = ""
    changed: str = ""
    asked: int = 0

    @property
    def percent(self) -> int:
        """How much is read, 0-99, 100 when finished."""
        if self.state == "finished":
            return 100
        return min(99, 100 * self.done // self.total) if self.total else 0


_COLUMNS = ", ".join(f.name for f in fields(CheckRun))
_RUNS = f"SELECT {_COLUMNS} FROM run ORDER BY started DESC, identity"  # noqa: S608


@dataclass(frozen=True, slots=True)
class Finding:
    """A damaged or unreadable place that a check met; members as in `faults.Fault`."""

    sha256: str
    chunk: int
    drive: str
    item_id: str
    kind: str = "damaged"


class CheckStore:
    """The worker's side. Thread-safe; one process."""

    def __init__(self, path: Path) -> None:
        """Open or make the database.

        Raises:
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._lock = threading.Lock()
        self._connection = open_or_renew(path, MIGRATIONS)

    def run(self, identity: str) -> CheckRun | None:
        """The check of what has that identity."""
        with self._lock:
            return _one(self._connection, identity)

    def runs(self) -> list[CheckRun]:
        """All checks, the one begun last first."""
        with self._lock:
            return [CheckRun(*row) for row in self._connection.execute(_RUNS)]

    def save(self, run: CheckRun, findings: Iterable[Finding] = ()) -> None:
        """Keep how far a check is, with what it found on the way there: both or neither. Durable on return."""
        values = astuple(run)
        marks = ", ".join("?" * len(values))
        rows = [(f.sha256, f.chunk, f.drive, f.item_id, f.kind) for f in findings]
        with self._lock, transaction(self._connection) as connection:
            connection.execute(f"INSERT OR REPLACE INTO run ({_COLUMNS}) VALUES ({marks})", values)  # noqa: S608
            connection.executemany(
                "INSERT INTO finding (sha256, chunk, drive, item, kind) VALUES (?, ?, ?, ?, ?)", rows
            )
            if rows:
                oldest = "SELECT max(id) - ? FROM finding"
                connection.execute(f"DELETE FROM finding WHERE id <= ({oldest})", (MAX_FINDINGS,))  # noqa: S608

    def set_state(self, identity: str, state: str) -> CheckRun | None:
        """Change only the state, durably; what the check looks like then, None when there is none."""
        with self._lock:
            with transaction(self._connection) as connection:
                connection.execute("UPDATE run SET state = ? WHERE identity = ?", (state, identity))
            return _one(self._connection, identity)

    def rekey(self, identity: str, new: str) -> None:
        """Give a check another identity, durably."""
        with self._lock, transaction(self._connection) as connection:
            connection.execute("UPDATE OR IGNORE run SET identity = ? WHERE identity = ?", (new, identity))

    def place(self, where: Mapping[str, str]) -> None:
        """Keep where each check's drive is plugged in; other checks leave these places. Durable when it changes."""
        here = set(where.values())
        with self._lock:
            rows = self._connection.execute("SELECT identity, drive FROM run").fetchall()
            moved = [(where.get(name, "" if drive in here else drive), name) for name, drive in rows]
            moved = [pair for pair, (_, drive) in zip(moved, rows, strict=True) if pair[0] != drive]
            if moved:
                with transaction(self._connection) as connection:
                    connection.executemany("UPDATE run SET drive = ? WHERE identity = ?", moved)

    def forget_old(self) -> None:
        """Keep only the last `KEPT_RUNS` checks."""
        keep = "SELECT identity FROM run ORDER BY started DESC LIMIT ?"
        with self._lock, transaction(self._connection) as connection:
            connection.execute(f"DELETE FROM run WHERE identity NOT IN ({keep})", (KEPT_RUNS,))  # noqa: S608

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()


class CheckReader(DatabaseReader):
    """The serving process's side; for one thread."""

    def __init__(self, path: Path) -> None:
        """Name the database; it need not be there yet."""
        super().__init__(path, len(MIGRATIONS))

    def runs(self) -> tuple[CheckRun, ...]:
        """All checks, the one begun last first."""
        return tuple(CheckRun(*row) for row in self.ask(_RUNS))

    def findings(self, after: int, limit: int = 1000) -> list[tuple[int, Finding]]:
        """Findings with a number above `after`, in order."""
        sql = "SELECT id, sha256, chunk, drive, item, kind FROM finding WHERE id > ? ORDER BY id LIMIT ?"
        return [(number, Finding(*rest)) for number, *rest in self.ask(sql, after, limit)]


def _one(connection: sqlite3.Connection, identity: str) -> CheckRun | None:
    row = connection.execute(f"SELECT {_COLUMNS} FROM run WHERE identity = ?", (identity,)).fetchone()  # noqa: S608
    return CheckRun(*row) if row else None


def month_after(moment: str, months: int) -> str:
    """The month (2027-02) that lies `months` after an ISO time; empty when it is none."""
    try:
        at = datetime.fromisoformat(moment)
    except ValueError:
        return ""
    count = at.year * 12 + at.month - 1 + months
    return f"{count // 12:04}-{count % 12 + 1:02}"
