"""登记需求: what readers would like the library to have, the same wish counted together, without saying who wished.

SQLite (WAL, synchronous=FULL), one writer: the serving process; a wish that was thanked for survives a power cut.
Everything is bounded: wishes of one terminal a day, of a day, different wishes in all, and every text. Who asked is
kept as a mark that nobody can read back, for the day alone, so that one terminal counts once for a wish.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from appliance.errors import StoreError, WishLimitError
from appliance.store.databases import DAMAGED, open_database, transaction

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


_COLUMNS = "SELECT number, kind, key, words, count, first, last, at, settled FROM wish"


class WishStore:
    """The wishes of a library. Thread-safe."""

    def __init__(self, path: Path) -> None:
        """Open or make the database.

        Raises:
            StoreError: it cannot be opened, or a newer version of the product made it.
        """
        self._lock = threading.Lock()
        self._connection = open_database(path, _MIGRATIONS)

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
        try:
            with self._lock, transaction(self._connection) as connection:
                return self._add(connection, (kind, key, words), (who, day.isoformat(), at), note)
        except sqlite3.Error as error:
            raise StoreError(f"a wish cannot be kept: {error}") from error

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
        with self._reading():
            sql = f"{_COLUMNS} WHERE (settled = '') = ? {order}"
            return [self._wish(row) for row in self._connection.execute(sql, (int(not settled), limit, offset))]

    def count(self, *, settled: bool = False) -> int:
        """How many different wishes are open, or dealt with."""
        return self._number("SELECT count(*) FROM wish WHERE (settled = '') = ?", int(not settled))

    def news(self) -> tuple[int, str]:
        """How many open wishes came, or came again, since staff looked last; ISO time in UTC of the newest."""
        with self._reading():
            sql = "SELECT count(*), coalesce(max(at), '') FROM wish WHERE fresh AND settled = ''"
            count, at = self._connection.execute(sql).fetchone()
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
        with self._reading():
            return [
                MonthlyWish(kind, key if kind == RESOURCE else "", words, count, total, self._notes(number))
                for number, kind, key, words, count, total in self._connection.execute(sql, (month,)).fetchall()
            ]

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            with self._lock:
                yield
        except DAMAGED as error:
            raise StoreError(f"wishes cannot be read: {error}") from error

    def close(self) -> None:
        """Close the database."""
        with self._lock:
            self._connection.close()

    def _wish(self, row: tuple[int, str, str, str, int, str, str, str, str]) -> Wish:
        return Wish(*row, notes=self._notes(row[0]))

    def _notes(self, number: int) -> tuple[str, ...]:
        sql = "SELECT words FROM note WHERE wish = ? ORDER BY number"
        return tuple(words for (words,) in self._connection.execute(sql, (number,)))

    def _number(self, sql: str, *values: str | int) -> int:
        with self._reading():
            return int(self._connection.execute(sql, values).fetchone()[0])

    def _write(self, sql: str, *values: str | int) -> None:
        try:
            with self._lock, transaction(self._connection) as connection:
                connection.execute(sql, values)
        except sqlite3.Error as error:
            raise StoreError(f"wishes cannot be changed: {error}") from error


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
