"""What a run has written to a drive and compared, segment by segment, on the PC's own disk.

One SQLite file a drive (WAL, durable at every commit), held by one process at a time. A row says "these bytes reached
the disk" or "these bytes were read back and are right"; it is written after that is so, never before.
"""

from __future__ import annotations

import secrets
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from packager.production.errors import WriteError
from packager.production.mark import Mark

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS segment (number INTEGER PRIMARY KEY, compared INTEGER NOT NULL) STRICT;
"""
_SET = "INSERT OR REPLACE INTO state VALUES (?, ?)"
_DAMAGED = (sqlite3.Error, UnicodeDecodeError)
"""What SQLite raises of a damaged file; the second when its own message quotes a name that is no text any more."""
_ELSEWHERE = frozenset({
    sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_CANTOPEN,
})  # fmt: skip
"""Errors that say nothing about what stands in the file."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What a journal is about. image: SHA-256 of the image; size: of the target, bytes; serial: the drive's number."""

    image: str
    size: int
    serial: str


class RunJournal:
    """The journal of one drive; used from the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open or make it. One that this PC's disk damaged is thrown away: then everything is written again.

        Raises:
            WriteError: another process has it, or the disk does not take it.
        """
        try:
            try:
                self._db = _opened(path)
            except _DAMAGED as error:
                if getattr(error, "sqlite_errorcode", 0) & 0xFF in _ELSEWHERE:
                    raise
                for suffix in ("", "-wal", "-shm"):
                    path.with_name(path.name + suffix).unlink(missing_ok=True)
                self._db = _opened(path)
        except sqlite3.OperationalError as error:
            raise WriteError("desk.drive.in_use", f"{path.parent.name} is being written by another run") from error

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it."""
        self._db.close()

    def mark(self, subject: Subject) -> Mark | None:
        """The mark of the run that wrote `subject`, or None when this journal is of another one or new."""
        known = self._get("image"), self._get("size"), self._get("serial")
        run = self._get("run")
        same = known == (subject.image, str(subject.size), subject.serial)
        return Mark(run, subject.serial) if same and run else None

    def begin(self, subject: Subject) -> Mark:
        """Forget everything and begin a new run, durably."""
        mark = Mark(secrets.token_hex(16), subject.serial)
        self._db.execute("BEGIN")
        self._db.execute("DELETE FROM segment")
        self._db.execute("DELETE FROM state")
        self._set(image=subject.image, size=str(subject.size), serial=subject.serial, run=mark.run)
        self._db.execute("COMMIT")
        return mark

    def segments(self) -> tuple[set[int], set[int]]:
        """Numbers of the segments that were written, and of those that were compared too."""
        rows = self._db.execute("SELECT number, compared FROM segment").fetchall()
        return {int(number) for number, _ in rows}, {int(number) for number, compared in rows if compared}

    def note(self, number: int, *, compared: bool) -> None:
        """Note durably that a segment was written, or written and compared."""
        self._db.execute("INSERT OR REPLACE INTO segment VALUES (?, ?)", (number, int(compared)))

    @property
    def finished(self) -> bool:
        """Whether the drive is complete, table and label included."""
        return self._get("finished") == "yes"

    def finish(self) -> None:
        """Note durably that it is."""
        self._set(finished="yes")

    def _get(self, name: str) -> str:
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def _set(self, **values: str) -> None:
        self._db.executemany(_SET, values.items())


def _opened(path: Path) -> sqlite3.Connection:
    """The file, locked, its tables there, every row read once.

    Raises:
        sqlite3.Error, UnicodeDecodeError: it is damaged, or another process has it.
    """
    db = sqlite3.connect(path, timeout=1, isolation_level=None)
    try:
        db.execute("PRAGMA locking_mode=EXCLUSIVE")
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.executescript(_SCHEMA)
        db.execute(_SET, ("opened", "yes"))  # takes the lock
        if db.execute("PRAGMA quick_check(1)").fetchall() != [("ok",)]:
            raise sqlite3.DatabaseError("it is damaged")
        db.execute("SELECT name, value FROM state").fetchall()
        db.execute("SELECT number, compared FROM segment").fetchall()
    except _DAMAGED:
        db.close()
        raise
    return db
