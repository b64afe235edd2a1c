"""Everything that the lists name and that the drive holds, side by side, in a temporary database.

SQLite keeps it in a file of its own that it removes; so lists of any length and any order are compared in little
memory. Paths are bytes: a hostile name need not be UTF-8.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from types import TracebackType
from typing import Self

_SCHEMA = """
CREATE TABLE listed (path BLOB PRIMARY KEY, sha256 TEXT) WITHOUT ROWID;
CREATE TABLE items (path BLOB PRIMARY KEY, sha256 TEXT, size INTEGER, first INTEGER) WITHOUT ROWID;
CREATE TABLE recorded (path BLOB PRIMARY KEY, sha256 TEXT, size INTEGER, line INTEGER) WITHOUT ROWID;
CREATE TABLE formed (path BLOB PRIMARY KEY, form TEXT) WITHOUT ROWID;
CREATE TABLE ids (folded TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE placed (path BLOB PRIMARY KEY, disk INTEGER) WITHOUT ROWID;
CREATE TABLE present (path BLOB PRIMARY KEY, folded BLOB, size INTEGER) WITHOUT ROWID;
"""
Payload = tuple[bytes, str, int | None, int | None, int]


class Ledger:
    """The names on both sides. A context manager; one thread."""

    def __enter__(self) -> Self:
        self._base = sqlite3.connect("", isolation_level=None)
        self._base.executescript(f"PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; {_SCHEMA} BEGIN;")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._base.close()

    def list_payload(self, path: str, sha256: str) -> bool:
        """A line of the payload manifest; False when the path was there before."""
        return self._put("INSERT OR IGNORE INTO listed VALUES (?, ?)", path.encode(), sha256)

    def list_item(self, path: str, sha256: str, size: int, first: int) -> bool:
        """A line of items.txt and the index of its first digest; False when the path was there before."""
        return self._put("INSERT OR IGNORE INTO items VALUES (?, ?, ?, ?)", path.encode(), sha256, size, first)

    def record_item(self, path: str, sha256: str, size: int, line: int) -> bool:
        """An item of the record in a line of the catalogue; False when the path was there before."""
        return self._put("INSERT OR IGNORE INTO recorded VALUES (?, ?, ?, ?)", _bytes(path), sha256, size, line)

    def record_form(self, path: str, form: str) -> None:
        """An item whose form the format sets."""
        self._put("INSERT OR IGNORE INTO formed VALUES (?, ?)", _bytes(path), form)

    def record_id(self, identity: str) -> bool:
        """The id of a record; False when there was one that differs from it by capital letters at most."""
        return self._put("INSERT OR IGNORE INTO ids VALUES (?)", identity.lower())

    def place(self, path: bytes, disk: int) -> None:
        """An item and the drive of the set that carries it, by disks.bin."""
        self._put("INSERT OR IGNORE INTO placed VALUES (?, ?)", path, disk)

    def find(self, path: bytes, size: int) -> None:
        """A plain file in the bag, relative to it."""
        self._put("INSERT OR IGNORE INTO present VALUES (?, ?, ?)", path, path.lower(), size)

    def _put(self, statement: str, *values: object) -> bool:
        return self._base.execute(statement, values).rowcount == 1

    # What does not agree; every answer is in the order of the paths.

    def missing(self) -> Iterator[tuple[bytes, bytes | None]]:
        """Payload that is listed and not there, each with a present name that differs by capital letters only."""
        self._base.execute("CREATE INDEX IF NOT EXISTS by_folded ON present (folded)")
        return self._rows(
            "SELECT path, (SELECT path FROM present WHERE folded = listed.path) FROM listed"
            " WHERE path NOT IN (SELECT path FROM present) ORDER BY path"
        )

    def strangers(self) -> Iterator[tuple[bytes]]:
        """Payload that is there and not listed, but for names that differ by capital letters only."""
        return self._rows(
            "SELECT path FROM present WHERE substr(path, 1, 5) = CAST('data/' AS BLOB)"
            " AND path NOT IN (SELECT path FROM listed) AND NOT (folded IN (SELECT path FROM listed)"
            " AND folded NOT IN (SELECT path FROM present)) ORDER BY path"
        )

    def unlisted_tags(self) -> Iterator[tuple[bytes, int]]:
        """Files in the bag that are no payload."""
        return self._rows("SELECT path, size FROM present WHERE substr(path, 1, 5) <> CAST('data/' AS BLOB)")

    def foreign(self) -> Iterator[tuple[bytes, str, str | None]]:
        """Lines of the manifest that items.txt lacks or gives another digest, with that digest."""
        return self._rows(
            "SELECT path, listed.sha256, items.sha256 FROM listed LEFT JOIN items USING (path)"
            " WHERE items.sha256 IS NOT listed.sha256 ORDER BY path"
        )

    def elsewhere(self) -> Iterator[tuple[bytes]]:
        """Items that this drive does not carry."""
        return self._rows("SELECT path FROM items WHERE path NOT IN (SELECT path FROM listed) ORDER BY path")

    def unrecorded(self) -> Iterator[tuple[bytes]]:
        """Lines of items.txt that no record has just so; `packager.audit.verify` knows which belong to none."""
        return self._rows(
            "SELECT path FROM (SELECT path, sha256, size FROM items EXCEPT SELECT path, sha256, size FROM recorded)"
        )

    def unlisted_items(self) -> Iterator[tuple[bytes]]:
        """Items of records that items.txt lacks or has otherwise."""
        return self._rows(
            "SELECT path FROM (SELECT path, sha256, size FROM recorded EXCEPT SELECT path, sha256, size FROM items)"
        )

    def payload(self) -> Iterator[Payload]:
        """What is listed and there: path, digest, size and first chunk by items.txt (None: not in it), size there."""
        return self._rows(
            "SELECT path, listed.sha256, items.size, items.first, present.size FROM listed JOIN present USING (path)"
            " LEFT JOIN items USING (path) ORDER BY path"
        )

    def formed(self) -> Iterator[tuple[bytes, str]]:
        """Items whose form the format sets, that are listed and there with the size that they should have."""
        return self._rows(
            "SELECT path, form FROM formed JOIN listed USING (path) JOIN items USING (path) JOIN present USING (path)"
            " WHERE items.size = present.size ORDER BY path"
        )

    def item_count(self) -> int:
        """Lines of items.txt."""
        (count,) = next(self._rows("SELECT count(*) FROM items"))
        return int(count)

    def item_paths(self) -> Iterator[bytes]:
        """The items, in the order of items.txt."""
        return (path for (path,) in self._rows("SELECT path FROM items ORDER BY path"))

    def misplaced(self, disk: int) -> Iterator[tuple[bytes, int]]:
        """Items of which disks.bin and the manifest of this drive say otherwise, with the drive by disks.bin."""
        return self._rows(
            "SELECT path, disk FROM placed LEFT JOIN listed USING (path)"
            " WHERE (disk = ?) <> (listed.path IS NOT NULL) ORDER BY path",
            disk,
        )

    def placed_bytes(self) -> dict[int, int]:
        """Bytes on each drive by disks.bin."""
        halves = "coalesce(sum(size >> 20), 0), coalesce(sum(size & 1048575), 0)"  # as in `_sums`
        rows = self._rows(f"SELECT disk, {halves} FROM placed JOIN items USING (path) GROUP BY disk")  # noqa: S608
        return {disk: (high << 20) + low for disk, high, low in rows}

    def placed_records(self) -> dict[int, int]:
        """Records of which each drive has a file by disks.bin."""
        query = "SELECT disk, count(DISTINCT line) FROM placed JOIN recorded USING (path) GROUP BY disk"
        return dict(self._rows(query))

    def records_here(self) -> int:
        """Records of which this drive's lists name a file."""
        (count,) = next(self._rows("SELECT count(DISTINCT line) FROM recorded JOIN listed USING (path)"))
        return int(count)

    def sums(self) -> tuple[int, int]:
        """Files and bytes of the payload by the lists."""
        return self._sums("items.size", "listed LEFT JOIN items USING (path)")

    def present_sums(self) -> tuple[int, int]:
        """Files and bytes below data/ that are there, listed or not."""
        return self._sums("size", "present WHERE substr(path, 1, 5) = CAST('data/' AS BLOB)")

    def _sums(self, size: str, rows: str) -> tuple[int, int]:
        """Rows and the sum of a column in two parts: SQLite adds up to 2^63 only, a hostile list goes further."""
        query = f"SELECT count(*), coalesce(sum({size} >> 20), 0), coalesce(sum({size} & 1048575), 0) FROM {rows}"  # noqa: S608
        count, high, low = next(self._rows(query))
        return count, (high << 20) + low

    def _rows(self, query: str, *values: int) -> Iterator[tuple]:  # type: ignore[type-arg]
        return iter(self._base.execute(query, values))


def _bytes(path: str) -> bytes:
    return path.encode("utf-8", "surrogatepass")
