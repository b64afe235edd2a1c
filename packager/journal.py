"""The build journal: what a build has packed so far, so that an interrupted build goes on where it was.

One SQLite file in the work folder (`build.db`, WAL). A row says "this item lies in the bag with these bytes"; it is
written only after the payload has reached the disk (`commit` syncs the file system first), so a row never promises
more than the disk holds. Records carry the number of the run that saw them last: what a run no longer sees leaves
the release, and its payload is removed.

Memory is bounded by some hundred rows, which are written together, and 64 MiB of pages; a million items cost about
300 MB on the work disk.
"""

from __future__ import annotations

import os
import sqlite3
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from packager.made import COLUMNS as MADE_COLUMNS
from packager.made import SCHEMA as MADE_SCHEMA
from packager.made import Facts, Made
from packager.spread import Placement

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

_SCHEMA = """
CREATE TABLE IF NOT EXISTS item (
  id TEXT PRIMARY KEY, run INTEGER NOT NULL, resource TEXT NOT NULL, source TEXT NOT NULL, source_size INTEGER NOT NULL,
  source_mtime INTEGER NOT NULL, tool TEXT NOT NULL, path TEXT NOT NULL, size INTEGER NOT NULL,
  sha256 TEXT NOT NULL, chunks BLOB NOT NULL, facts TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS item_path ON item (path);
CREATE INDEX IF NOT EXISTS item_resource ON item (resource);
CREATE TABLE IF NOT EXISTS record (
  id TEXT PRIMARY KEY, run INTEGER NOT NULL, line BLOB NOT NULL, payload INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS placed (
  seq INTEGER NOT NULL, resource TEXT NOT NULL, path TEXT NOT NULL, disk INTEGER NOT NULL,
  PRIMARY KEY (seq, resource, path)) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
_CACHE_KIB = 64 << 10
"""Pages that the journal keeps in memory, and pages that its log holds before they are brought home."""
_TOGETHER = 200
"""Rows that wait to be written together, at most; `commit` writes all."""
_COLUMNS = "id, resource, source, source_size, source_mtime, tool, path, size, sha256, chunks, facts"

_ADD_ITEM = f"INSERT OR REPLACE INTO item ({_COLUMNS}, run) VALUES ({', '.join('?' * 12)})"  # noqa: S608
_ADD_MADE = f"INSERT OR REPLACE INTO made ({MADE_COLUMNS}, run) VALUES ({', '.join('?' * 9)})"  # noqa: S608
_ADD_RECORD = "INSERT OR REPLACE INTO record VALUES (?, ?, ?, ?)"


@dataclass(frozen=True, slots=True)
class PackedItem:
    """An item that lies in the bag.

    Attributes:
        id: the item's id. resource: the resource's id, empty for a file that belongs to none (`packager.inside`).
        source: path relative to the source folder, `#role` appended for derivatives.
        source_size, source_mtime: of the source file, bytes and nanoseconds, to notice a change.
        tool: what made a derivative, with its version; empty for originals.
        path: place in the bag. size: bytes. sha256: hexadecimal.
        chunks: the digests of its 1 MiB chunks one after another, empty up to 1 MiB.
        facts: what was learned of its content.
    """

    id: str
    resource: str
    source: str
    source_size: int
    source_mtime: int
    tool: str
    path: str
    size: int
    sha256: str
    chunks: bytes
    facts: Facts


class BuildJournal:
    """The journal of one work folder; used from one thread."""

    def __init__(self, path: Path) -> None:
        """Open or make the journal at `path` and begin a new run."""
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        # Ids are random: what does not fit here is written, and read again, many times between two durable points.
        self._db.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
        self._db.execute(f"PRAGMA wal_autocheckpoint={_CACHE_KIB // 4}")
        self._db.executescript(_SCHEMA + MADE_SCHEMA)
        self.run = int(self.state("run", "0")) + 1
        self.set_state("run", str(self.run))
        self._db.commit()
        self._waiting: dict[str, list[tuple[object, ...]]] = {_ADD_ITEM: [], _ADD_MADE: [], _ADD_RECORD: []}

    def __enter__(self) -> Self:
        """The journal itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close; what was not committed is forgotten."""
        self._db.close()

    def state(self, name: str, default: str = "") -> str:
        """A named value, or `default`."""
        row = self._db.execute("SELECT value FROM state WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else default

    def set_state(self, name: str, value: str) -> None:
        """Keep a named value."""
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (name, value))

    def known(self, resource_id: str) -> dict[str, PackedItem]:
        """The items of a resource as earlier runs packed them, by source path."""
        rows = self._db.execute(f"SELECT {_COLUMNS} FROM item WHERE resource = ?", (resource_id,))  # noqa: S608
        items = (PackedItem(*(*row[:-1], Facts.from_text(row[-1]))) for row in rows)
        return {item.source: item for item in items}

    def add_item(self, item: PackedItem) -> None:
        """Note that `item` lies in the bag (see `commit`)."""
        values = (
            item.id, item.resource, item.source, item.source_size, item.source_mtime, item.tool, item.path,
            item.size, item.sha256, item.chunks, item.facts.to_text(), self.run,
        )  # fmt: skip
        self._note(_ADD_ITEM, values)

    def add_made(self, made: Made) -> None:
        """Note what was made of some bytes, for `packager.made.MadeBefore`."""
        facts = made.facts.to_text()
        values = (made.origin, made.tool, made.path, made.size, made.sha256, made.chunks, facts, made.reason, self.run)
        self._note(_ADD_MADE, values)

    def add_record(self, record_id: str, line: bytes, payload: int) -> None:
        """Note a finished record: its canonical line and the bytes of its items."""
        self._note(_ADD_RECORD, (record_id, self.run, line, payload))

    def commit(self) -> None:
        """Make everything noted so far durable: payload first, then the rows."""
        for waiting in self._waiting:
            self._write(waiting)
        os.sync()
        self._db.commit()

    def _now(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Execute a statement on all that was noted."""
        for waiting in self._waiting:
            self._write(waiting)
        return self._db.execute(statement, values)

    def _note(self, statement: str, values: tuple[object, ...]) -> None:
        rows = self._waiting[statement]
        rows.append(values)
        if len(rows) >= _TOGETHER:
            self._write(statement)

    def _write(self, statement: str) -> None:
        if self._waiting[statement]:
            self._db.executemany(statement, self._waiting[statement])
            self._waiting[statement].clear()

    def forget_unseen(self) -> None:
        """Drop what this run did not see; its payload is then a stranger to the journal (`holds`).

        What belongs to no resource stays until `forget_common`.
        """
        self._now("DELETE FROM item WHERE run < ? AND resource <> ''", (self.run,))
        self._now("DELETE FROM record WHERE run < ?", (self.run,))
        self._now("DELETE FROM made WHERE run < ?", (self.run,))

    def forget_common(self, below: str) -> None:
        """Drop what belongs to no resource and lies below a folder of the bag."""
        self._now("DELETE FROM item WHERE resource = '' AND path LIKE ?", (f"{below}/%",))

    def holds(self, path: str) -> bool:
        """Whether an item lies at `path` in the bag."""
        return self._now("SELECT 1 FROM item WHERE path = ?", (path,)).fetchone() is not None

    def lines(self) -> Iterator[bytes]:
        """The canonical lines, sorted by id as UTF-8 bytes (SQLite's BINARY order of UTF-8 text)."""
        for (line,) in self._now("SELECT line FROM record ORDER BY id"):
            yield bytes(line)

    def items(self) -> Iterator[tuple[str, int, str, bytes]]:
        """(sha256, size, path, chunk digests) of every item, sorted by path."""
        for sha256, size, path, chunks in self._now("SELECT sha256, size, path, chunks FROM item ORDER BY path"):
            yield str(sha256), int(size), str(path), bytes(chunks)

    def owned_items(self) -> Iterator[tuple[str, int, str, str]]:
        """(sha256, size, path, resource or nothing) of every item, sorted by path."""
        yield from self._now("SELECT sha256, size, path, resource FROM item ORDER BY path")

    def item_sizes(self) -> Iterator[tuple[str, int, bool]]:
        """(resource, bytes, whether it is a text) of every item of a resource, those of one together."""
        query = "SELECT resource, size, source LIKE '%#text' FROM item WHERE resource <> '' ORDER BY resource"
        for resource, size, is_text in self._now(query):
            yield str(resource), int(size), bool(is_text)

    def record(self, record_id: str) -> bytes:
        """The canonical line of a record. KeyError: there is none."""
        row = self._now("SELECT line FROM record WHERE id = ?", (record_id,)).fetchone()
        if row is None:
            raise KeyError(record_id)
        return bytes(row[0])

    def placement(self, seq: int) -> Placement:
        """Where everything was in release `seq`; empty when it is not known or was on one drive."""
        whole: dict[str, int] = {}
        split: dict[str, dict[str, int]] = {}
        rows = self._now("SELECT resource, path, disk FROM placed WHERE seq = ?", (seq,))
        for resource, path, disk in rows:
            if path:
                split.setdefault(resource, {})[path] = disk
            else:
                whole[resource] = disk
        disks = self._now("SELECT coalesce(max(disk), 0) FROM placed WHERE seq = ?", (seq,)).fetchone()[0]
        return Placement(int(disks), whole, split)

    def set_placement(self, seq: int, placement: Placement, keep: int) -> None:
        """Note where everything is in release `seq`; of the others only release `keep` is remembered."""
        self._now("DELETE FROM placed WHERE seq <> ?", (keep if keep != seq else -1,))
        rows = [(seq, name, "", disk) for name, disk in placement.whole.items()]
        for name, paths in placement.split.items():
            rows += [(seq, name, path, disk) for path, disk in paths.items()]
        self._db.executemany("INSERT INTO placed VALUES (?, ?, ?, ?)", rows)

    def totals(self) -> tuple[int, int, int]:
        """(records, items of them, bytes of payload)."""
        records = self._now("SELECT count(*) FROM record").fetchone()[0]
        items, size = self._now("SELECT count(nullif(resource, '')), coalesce(sum(size), 0) FROM item").fetchone()
        return int(records), int(items), int(size)
