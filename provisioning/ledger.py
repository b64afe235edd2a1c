"""The ledger of provisioning: one SQLite file, to which lines are only added, each chained to the one before.

A line is a canonical JSON object; `sha256` is the digest of the line before it and of its own bytes, so that nobody
changes, removes or slips in a line without every later digest showing it. Triggers refuse changes besides. What belongs
together is entered in one transaction (synchronous=EXTRA): after a kill or a power cut all of it is there, or nothing.
No password and no private key is ever in it.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from provisioning.errors import LedgerFileError
from provisioning.signed import canonical

Line = Mapping[str, Any]
GENESIS = "0" * 64
"""What stands before the first line."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS line (
    id INTEGER PRIMARY KEY, what TEXT NOT NULL, library TEXT NOT NULL, body TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS line_of ON line (what, library);
CREATE TRIGGER IF NOT EXISTS line_stays BEFORE UPDATE ON line BEGIN SELECT RAISE(ABORT, 'a line is never changed'); END;
CREATE TRIGGER IF NOT EXISTS line_kept BEFORE DELETE ON line BEGIN SELECT RAISE(ABORT, 'a line is never removed'); END;
"""


class Ledger:
    """The ledger in one file; used from one thread. Another process waits while lines are entered."""

    def __init__(self, path: Path) -> None:
        """Open it; made, readable by its owner alone, when there is none.

        Raises:
            LedgerFileError: it is no ledger.
            OSError: it can be neither read nor made.
        """
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._path = path
        with self._told():
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.execute("PRAGMA synchronous=EXTRA")
            if not self._db.execute("SELECT count(*) FROM sqlite_master WHERE name = 'line'").fetchone()[0]:
                self._db.executescript(f"BEGIN IMMEDIATE; {_SCHEMA} COMMIT;")

    def __enter__(self) -> Ledger:
        """The ledger itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close it."""
        self._db.close()

    def enter(self, make: Callable[[], Iterable[Line]]) -> int:
        """Add the lines that `make` gives; it is asked while nobody else may enter, so it may read the ledger.

        Returns:
            How many were added, durably.

        Raises:
            LedgerFileError: the ledger is damaged or cannot be written; nothing was added.
        """
        with self._told(), self._transaction():
            last = self._db.execute("SELECT sha256 FROM line ORDER BY id DESC LIMIT 1").fetchone()
            before, count = last[0] if last else GENESIS, 0
            for line in make():
                body = canonical(line)
                before = chained(before, body)
                values = (line["what"], line.get("library", ""), body.decode(), before)
                self._db.execute("INSERT INTO line (what, library, body, sha256) VALUES (?, ?, ?, ?)", values)
                count += 1
        return count

    def lines(self, what: str = "", library: str = "") -> list[Line]:
        """Lines, oldest first: all, those of a kind, those of a library.

        Raises:
            LedgerFileError: it cannot be read.
        """
        query = "SELECT body FROM line WHERE (? = '' OR what = ?) AND (? = '' OR library = ?) ORDER BY id"
        with self._told():
            rows = self._db.execute(query, (what, what, library, library)).fetchall()
            return [json.loads(row[0]) for row in rows]

    def last_by_library(self, what: str) -> dict[str, Line]:
        """The last line of a kind of every library.

        Raises:
            LedgerFileError: it cannot be read.
        """
        return {line["library"]: line for line in self.lines(what)}

    def check(self) -> tuple[int, str]:
        """Compare the whole chain.

        Returns:
            How many lines there are, and the last digest: write it down, and it proves all that was before.

        Raises:
            LedgerFileError: a line was changed, removed or slipped in; it names the first.
        """
        before, count = GENESIS, 0
        with self._told():
            for number, what, library, body, digest in self._rows():
                line = json.loads(body)
                before = chained(before, body.encode())
                whole = digest == before and (what, library) == (line.get("what"), line.get("library", ""))
                if number != count + 1 or not whole:
                    raise LedgerFileError(f"台账从第 {count + 1} 行起对不上，可能被改动过。请停用，取出备份核对")
                count += 1
        return count, before

    def _rows(self) -> Iterator[tuple[int, str, str, str, str]]:
        yield from self._db.execute("SELECT id, what, library, body, sha256 FROM line ORDER BY id")

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._db.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (sqlite3.Error, json.JSONDecodeError) as error:
            raise LedgerFileError(f"台账 {self._path.name} 用不了：{error}") from error


def chained(before: str, body: bytes) -> str:
    """The digest of a line: SHA-256 of the digest before it (as text), and its bytes."""
    return hashlib.sha256(before.encode() + body).hexdigest()
