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


@dataclass(frozen=True, slots=True)
class Subject:
    """What a journal is about. image: SHA-256 of the image; size: of the target, bytes; serial: the drive's number."""

    image: str
    size: int
    serial: str


class RunJournal:
    """The journal of one drive; used from the thread that opened it."""

    def __init__(self, path: Path) -> None:
        """Open or make it.

        Raises:
            WriteError: another process has it.
        """
        try:
            self._db = sqlite3.connect(path, timeout=1, isolation_level=None)
            self._db.execute("PRAGMA locking_mode=EXCLUSIVE")
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.executescript(_SCHEMA)
            self._set(opened="yes")  # takes the lock
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
        self._db.executemany("INSERT OR REPLACE INTO state VALUES (?, ?)", values.items())
