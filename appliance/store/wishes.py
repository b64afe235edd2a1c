"""登记需求: what readers would like the library to have, the same wish counted together, without saying who wished.

SQLite (WAL, synchronous=FULL), one writer: the serving process; a wish that was thanked for survives a power cut.
Everything is bounded: wishes of one terminal a day, of a day, different wishes in all, and every text. Who asked is
kept as a mark that nobody can read back, for the day alone, so that one terminal counts once for a wish.

A database that is damaged is put aside by its writer, whenever that shows, and begun anew; nothing can make again what
was in it, so each that was put aside stays, and staff are told.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TypeVar

from appliance.errors import DamagedError, StoreError, WishLimitError
from appliance.store.databases import ASIDE, DAMAGED, is_damage, open_database, put_aside, transaction

_log = logging.getLogger(__name__)
T = TypeVar("T")

RESOURCE, WORDS = "resource", "words"
KINDS = (RESOURCE, WORDS)
"""Of what a wish is: a record of which only the catalogue is here, or what a reader wrote."""
PER_TERMINAL = 20
"""Wishes of one terminal a day."""
PER_DAY = 500
"""Wishes of all a day."""
MOST_WISHES = 20_000
"""Different wishes that are kept; beyond, those make room that staff have dealt with, the oldest first."""
MAX_WORDS, MAX_NOTE, NOTES = 200, 100, 5
"""Characters of what is wished and of a note beside it; notes kept beside one wish."""
MAX_KEY, MAX_WHO = 200, 64
"""Characters of what makes two wishes the same, and of the mark of a terminal."""

_MIGRATIONS = (
    """CREATE TABLE wish (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        kind TEXT NOT NULL CHECK (kind IN ('resource', 'words')),
        key TEXT NOT NULL,
        words TEXT NOT NULL,
        count INTEGER NOT NULL,
        first TEXT NOT NULL,
        last TEXT NOT NULL,
        at TEXT NOT NULL,
        fresh INTEGER NOT NULL,
        settled TEXT NOT NULL,
        UNIQUE (kind, key)
    ) STRICT;
    CREATE INDEX wish_order ON wish (settled = '', count DESC, last DESC, number);
    CREATE TABLE monthly (
        wish INTEGER NOT NULL REFERENCES wish ON DELETE CASCADE,
        month TEXT NOT NULL,
        count INTEGER NOT NULL,
        PRIMARY KEY (month, wish)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX monthly_wish ON monthly (wish);
    CREATE TABLE note (
        wish INTEGER NOT NULL REFERENCES wish ON DELETE CASCADE,
        number INTEGER NOT NULL,
        words TEXT NOT NULL,
        PRIMARY KEY (wish, number)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE asked (
        day TEXT NOT NULL,
        who TEXT NOT NULL,
        wish INTEGER NOT NULL REFERENCES wish ON DELETE CASCADE,
        PRIMARY KEY (day, who, wish)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX asked_wish ON asked (wish);""",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of asking. others: readers who had wished the same before. again: this terminal had, today."""

    others: int
    again: bool = False


@dataclass(frozen=True, slots=True)
class Wish:
    """One wish, however many have it.

    Attributes:
        number: names it. kind: one of `KINDS`.
        key: id of the resource; of words what makes two the same.
        words: the title, or what the first of the readers wrote.
        count: readers who registered it. first, last: ISO days at the library.
        at: ISO time in UTC of the last one. settled: ISO day on which staff dealt with it, empty before.
        notes: what readers added, the first ones.
    """

    number: int
    kind: str
    key: str
    words: str
    count: int
    first: str
    last: str
    at: str
    settled: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MonthlyWish:
    """A line of a monthly report.

    Attributes:
        kind, words: as in `Wish`. resource_id: of the record, empty when it is of words.
        count: readers who registered it in that month. total: ever.
        notes: what readers added, the first ones of ever.
    """

    kind: str
    resource_id: str
    words: str
    count: int
    total: int
    notes: tuple[str, ...] = ()


_KNOWN = ".known"
"""Ends the name of what was put aside, when staff know of it."""

_COLUMNS = "SELECT number, kind, key, words, count, first, last, at, settled FROM wish"


class WishStore:
    """The wishes of a library. Thread-safe."""

    def __init__(self, path: Path, *, renew: bool = False) -> None:
        """Open or make the database.

        Args:
            path: the file.
            renew: put it aside and begin another when it is damaged, now or later; for the one who writes.

        Raises:
            DamagedError: it is damaged, without `renew`.
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._lock, self._path, self._renews = threading.Lock(), path, renew
        try:
            self._connection = open_database(path, _MIGRATIONS)
        except DamagedError as error:
            if not renew:
                raise
            self._connection = self._begun_anew(error)

    def add(self, kind: str, key: str, words: str, *, who: str, day: date, at: str, note: str = "") -> Asked:
        """Register a wish. Durable on return.

        Args:
            kind: one of `KINDS`.
            key: what makes two wishes the same, at most `MAX_KEY` characters.
            words: what is wished, as people read it, at most `MAX_WORDS`.
            who: mark of the terminal for this day, at most `MAX_WHO`; it is forgotten with the day.
            day: today at the library.
            at: ISO time in UTC.
            note: what else the reader wrote, at most `MAX_NOTE`; of each wish the first `NOTES` are kept.

        Raises:
            WishLimitError: this terminal, or all together, have registered enough today, or there is no room.
            ValueError: a value is out of its bounds.
            StoreError: it cannot be written.
        """
        lengths = ((key, MAX_KEY), (words, MAX_WORDS), (who, MAX_WHO))
        if kind not in KINDS or not all(0 < len(text) <= most for text, most in lengths) or len(note) > MAX_NOTE:
            raise ValueError("a wish is out of its bounds")

        def add(connection: sqlite3.Connection) -> Asked:
            with transaction(connection):
                return self._add(connection, (kind, key, words), (who, day.isoformat(), at), note)

        return self._do(add)

    def _add(
        self, connection: sqlite3.Connection, wished: tuple[str, str, str], asked: tuple[str, str, str], note: str
    ) -> Asked:
        (kind, key, words), (who, day, at) = wished, asked
        connection.execute("DELETE FROM asked WHERE day <> ?", (day,))
        known = connection.execute("SELECT number, count FROM wish WHERE kind = ? AND key = ?", (kind, key)).fetchone()
        if known and connection.execute("SELECT 1 FROM asked WHERE who = ? AND wish = ?", (who, known[0])).fetchone():
            _note(connection, known[0], note)
            return Asked(known[1] - 1, again=True)
        own, every = connection.execute(
            "SELECT count(*) FILTER (WHERE who = ?), count(*) FROM asked", (who,)
        ).fetchone()
        if own >= PER_TERMINAL or every >= PER_DAY:
            raise WishLimitError("enough wishes today")
        if known is None:
            _make_room(connection)
            number = connection.execute(
                "INSERT INTO wish (kind, key, words, count, first, last, at, fresh, settled)"
                " VALUES (?, ?, ?, 1, ?, ?, ?, 1, '') RETURNING number",
                (kind, key, words, day, day, at),
            ).fetchone()[0]
        else:
            number = known[0]
            connection.execute(
                "UPDATE wish SET count = count + 1, last = ?, at = ?, fresh = 1 WHERE number = ?", (day, at, number)
            )
        connection.execute(
            "INSERT INTO monthly VALUES (?, ?, 1) ON CONFLICT (month, wish) DO UPDATE SET count = count + 1",
            (number, day[:7]),
        )
        connection.execute("INSERT INTO asked VALUES (?, ?, ?)", (day, who, number))
        _note(connection, number, note)
        return Asked(known[1] if known else 0)

    def listed(self, *, settled: bool = False, limit: int = 50, offset: int = 0) -> list[Wish]:
        """Wishes that are open, or that staff dealt with; what most readers wish first, then the last one.

        Raises:
            StoreError: they cannot be read; so everywhere below.
        """
        order = "ORDER BY count DESC, last DESC, number LIMIT ? OFFSET ?"
        sql, values = f"{_COLUMNS} WHERE (settled = '') = ? {order}", (int(not settled), limit, offset)
        return self._do(lambda c: [_wish(c, row) for row in c.execute(sql, values)])

    def count(self, *, settled: bool = False) -> int:
        """How many different wishes are open, or dealt with."""
        sql = "SELECT count(*) FROM wish WHERE (settled = '') = ?"
        return self._do(lambda c: int(c.execute(sql, (int(not settled),)).fetchone()[0]))

    def news(self) -> tuple[int, str]:
        """How many open wishes came, or came again, since staff looked last; ISO time in UTC of the newest."""
        sql = "SELECT count(*), coalesce(max(at), '') FROM wish WHERE fresh AND settled = ''"
        count, at = self._do(lambda c: c.execute(sql).fetchone())
        return int(count), str(at)

    def looked(self) -> None:
        """Staff have looked at everything that is there. Durable on return."""
        self._write("UPDATE wish SET fresh = 0 WHERE fresh")

    def settle(self, number: int, day: date | None) -> None:
        """Staff dealt with a wish on a day; None: it is open again. It goes on counting. Durable on return."""
        self._write("UPDATE wish SET settled = ?, fresh = 0 WHERE number = ?", day.isoformat() if day else "", number)

    def remove(self, number: int) -> None:
        """Forget a wish with all that was counted and written. Durable on return."""
        self._write("DELETE FROM wish WHERE number = ?", number)

    def for_report(self, month: str) -> list[MonthlyWish]:
        """The wishes that readers registered in a month (2026-11), whether dealt with or not, the most wished first.

        At most `MOST_WISHES`; it holds nothing of the readers.
        """
        sql = (
            "SELECT wish.number, kind, key, words, monthly.count, wish.count FROM monthly JOIN wish ON number = wish"
            " WHERE month = ? ORDER BY monthly.count DESC, wish.count DESC, number"
        )
        return self._do(
            lambda c: [
                MonthlyWish(kind, key if kind == RESOURCE else "", words, count, total, _notes(c, number))
                for number, kind, key, words, count, total in c.execute(sql, (month,)).fetchall()
            ]
        )

    # Damage

    def lost(self) -> str:
        """ISO day (UTC) on which a damaged database was put aside last, and staff have not said that they know."""
        moments = [path.stat().st_mtime for path in self._aside() if not path.name.endswith(_KNOWN)]
        return f"{datetime.fromtimestamp(max(moments), UTC):%Y-%m-%d}" if moments else ""

    def know(self) -> None:
        """Staff know that one was lost. What was put aside stays, for whoever can read it."""
        for path in self._aside():
            if not path.name.endswith(_KNOWN):
                put_aside(path, path.name + _KNOWN)

    def _aside(self) -> list[Path]:
        found = self._path.parent.glob(f"{self._path.name}{ASIDE}*")
        return [path for path in found if not path.name.endswith(("-wal", "-shm"))]

    def _begun_anew(self, error: Exception) -> sqlite3.Connection:
        name = f"{self._path.name}{ASIDE}-{len(self._aside()) + 1}"
        _log.error("%s: put aside as %s, and begun anew", error, name)
        put_aside(self._path, name)
        self._path.with_name(name).touch()  # when it was put aside, and not when it was written last
        return open_database(self._path, _MIGRATIONS)

    def _do(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Work with the database; once more with another one where it turns out to be damaged."""
        with self._lock:
            try:
                return work(self._connection)
            except DAMAGED as error:
                if not (self._renews and is_damage(error)):
                    raise StoreError(f"wishes cannot be used: {error}") from error
                self._connection.close()
                self._connection = self._begun_anew(error)
            try:
                return work(self._connection)
            except DAMAGED as error:
                raise StoreError(f"wishes cannot be used: {error}") from error

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _write(self, sql: str, *values: str | int) -> None:
        def write(connection: sqlite3.Connection) -> None:
            with transaction(connection):
                connection.execute(sql, values)

        self._do(write)


def _wish(connection: sqlite3.Connection, row: tuple[int, str, str, str, int, str, str, str, str]) -> Wish:
    return Wish(*row, notes=_notes(connection, row[0]))


def _notes(connection: sqlite3.Connection, number: int) -> tuple[str, ...]:
    sql = "SELECT words FROM note WHERE wish = ? ORDER BY number"
    return tuple(words for (words,) in connection.execute(sql, (number,)))


def _make_room(connection: sqlite3.Connection) -> None:
    """Before one more: of those that staff dealt with the oldest goes.

    Raises:
        WishLimitError: there is no room, and nothing that may go.
    """
    (count,) = connection.execute("SELECT count(*) FROM wish").fetchone()
    if count < MOST_WISHES:
        return
    oldest = "SELECT number FROM wish WHERE settled <> '' ORDER BY settled, number LIMIT 1"
    if not connection.execute(f"DELETE FROM wish WHERE number = ({oldest})").rowcount:  # noqa: S608
        raise WishLimitError("there is no room for another wish")


def _note(connection: sqlite3.Connection, number: int, words: str) -> None:
    kept = [said for (said,) in connection.execute("SELECT words FROM note WHERE wish = ?", (number,))]
    if words and words not in kept and len(kept) < NOTES:
        connection.execute("INSERT INTO note VALUES (?, ?, ?)", (number, len(kept) + 1, words))
